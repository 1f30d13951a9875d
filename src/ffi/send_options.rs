//! Per-send settings.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::ffi::types::{
    rocketmq_queue_selector_fn, rocketmq_release_fn, rocketmq_send_flag, rocketmq_send_options,
    rocketmq_status,
};
use crate::ffi::{boundary, callback, handle, input};
use crate::producer::{SendOptions, Timeout};
use crate::text::Text;

const BLOCK: u32 = rocketmq_send_flag::ROCKETMQ_SEND_BLOCK as u32;
const NO_RETRY: u32 = rocketmq_send_flag::ROCKETMQ_SEND_NO_RETRY as u32;

/// Settings as a send without options has them; never NULL. Fill once, then share between threads and sends;
/// may be destroyed as soon as the calls returned. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_send_options_create() -> *mut rocketmq_send_options {
    boundary::value(ptr::null_mut(), || Ok(handle::give(SendOptions::default())))
}

/// Also while async sends that were given them are under way. \[any, last use\]
///
/// # Safety
///
/// `options` is NULL or the caller's own options, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_options_destroy(options: *mut rocketmq_send_options) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy(options) };
        Ok(())
    });
}

/// Limit of a send in milliseconds, all attempts included. Not 0 (INVALID_ARGUMENT);
/// `ROCKETMQ_WAIT_DEFAULT` at first. With `ROCKETMQ_WAIT_FOREVER` only each attempt is limited. \[one\]
///
/// # Safety
///
/// `options` is NULL or live options that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_options_set_timeout_ms(
    options: *mut rocketmq_send_options,
    timeout_ms: i64,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or options that only this call uses.
        let options = unsafe { handle::change("options", options) }?;
        let timeout = input::timeout(timeout_ms)?;
        if matches!(timeout, Timeout::After(Duration::ZERO)) {
            return Err(Error::new(ErrorKind::InvalidArgument, "`timeout_ms` is 0: no send could succeed"));
        }
        options.timeout = timeout;
        Ok(())
    })
}

/// All flags at once, `ROCKETMQ_SEND_BLOCK` and `ROCKETMQ_SEND_NO_RETRY`; 0 at first. Unknown bits are
/// INVALID_ARGUMENT and change nothing. \[one\]
///
/// # Safety
///
/// `options` is NULL or live options that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_options_set_flags(
    options: *mut rocketmq_send_options,
    flags: u32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or options that only this call uses.
        let options = unsafe { handle::change("options", options) }?;
        if flags & !(BLOCK | NO_RETRY) != 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("`flags` has unknown bits: {flags}")));
        }
        options.block = flags & BLOCK != 0;
        options.no_retry = flags & NO_RETRY != 0;
        Ok(())
    })
}

/// Sends to this queue of this broker (its name, not its address) and nowhere else; retries stay there. A NULL
/// `broker` removes the queue, `queue_id` does not matter then. \[one\]
///
/// # Safety
///
/// `options` is NULL or live options that nobody else uses; `broker` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_options_set_queue(
    options: *mut rocketmq_send_options,
    broker: *const c_char,
    queue_id: i32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or options that only this call uses.
        let options = unsafe { handle::change("options", options) }?;
        // SAFETY: NULL or text.
        let broker = unsafe { input::optional_text("broker", broker) }?;
        if broker.is_some_and(|broker| broker.is_empty() || queue_id < 0) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`broker` is empty or `queue_id` negative: {queue_id}"),
            ));
        }
        options.queue = broker.map(|broker| (Text::new(broker), queue_id));
        Ok(())
    })
}

/// Lets `select` choose the queue of each message, where rocketmq_send_options_set_queue() names none; NULL removes it.
/// An asynchronous or one-way send needs the topic's route to be known (`ROCKETMQ_ERR_ROUTE_NOT_READY`, see
/// rocketmq_producer_prepare_topic()), a sync send looks it up first. `release` takes `user_data` back when the selector
/// is replaced or the options are destroyed, at once without a `select`; may be NULL. \[one\]
///
/// # Safety
///
/// `options` is NULL or live options that nobody else uses; `select` and `release` do as their types say, on any thread
/// that sends with these options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_options_set_selector(
    options: *mut rocketmq_send_options,
    select: rocketmq_queue_selector_fn,
    user_data: *mut c_void,
    release: rocketmq_release_fn,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or options that only this call uses.
        let options = unsafe { handle::change("options", options) }?;
        options.selector = callback::selector(select, user_data, release);
        Ok(())
    })
}
