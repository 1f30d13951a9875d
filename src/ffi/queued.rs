//! Calls whose end is an event of a completion queue.

use crate::ffi::output::Output;
use crate::ffi::producer::{PLAIN, go_on};
use crate::ffi::types::{
    rocketmq_cq, rocketmq_error, rocketmq_message, rocketmq_producer, rocketmq_send_options, rocketmq_status,
};
use crate::ffi::{boundary, handle, input};
use crate::producer::Cargo;

/// As rocketmq_producer_send_async(), with an event for its end. OK: accepted, exactly one SEND event with `tag` follows on
/// `cq`, perhaps before this returns. Failure: none follows. \[any; with `ROCKETMQ_SEND_BLOCK`: wait\]
///
/// # Safety
///
/// `producer` and `cq` are NULL or from create; `message` and `options` are NULL or live objects that are not changed
/// meanwhile; `error` as R2 has it.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send_cq(
    producer: *mut rocketmq_producer,
    message: *const rocketmq_message,
    options: *const rocketmq_send_options,
    cq: *mut rocketmq_cq,
    tag: u64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        let cargo = Cargo::One(message);
        let begun = producer.begin_to(cargo, options, (&queue, tag))?;
        go_on(&producer, cargo, options, begun)
    })
}

/// As rocketmq_producer_send_batch_async(), with one SEND event for all its messages.
/// \[any; with `ROCKETMQ_SEND_BLOCK`: wait\]
///
/// # Safety
///
/// As for rocketmq_producer_send_batch(); `cq` is NULL or from create.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send_batch_cq(
    producer: *mut rocketmq_producer,
    messages: *const *mut rocketmq_message,
    count: usize,
    options: *const rocketmq_send_options,
    cq: *mut rocketmq_cq,
    tag: u64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or an array of live messages.
        let messages = unsafe { handle::read_all("messages", "message", messages, count) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        let cargo = producer.batch(messages, options)?;
        let begun = producer.begin_to(cargo, options, (&queue, tag))?;
        go_on(&producer, cargo, options, begun)
    })
}

/// As rocketmq_producer_flush(), without waiting: exactly one FLUSHED event with `tag` follows on `cq`, OK or
/// `ROCKETMQ_ERR_TIMEOUT`. Events that lie in their queue are told, polled or not. Needs room as a send's end does
/// (`ROCKETMQ_ERR_COMPLETION_FULL`). \[any\]
///
/// # Safety
///
/// `producer` and `cq` are NULL or from create; `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_flush_cq(
    producer: *mut rocketmq_producer,
    timeout_ms: i64,
    cq: *mut rocketmq_cq,
    tag: u64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        producer.flush_to(deadline, (&queue, tag))
    })
}

/// As rocketmq_producer_shutdown(), without waiting: new sends are refused when it returns, and one CLOSED event with `tag`
/// follows on `cq` for each call, with the status that the other would return. Never refused for want of room. Also on
/// library threads. \[any\]
///
/// # Safety
///
/// `producer` and `cq` are NULL or from create; `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_shutdown_cq(
    producer: *mut rocketmq_producer,
    timeout_ms: i64,
    cq: *mut rocketmq_cq,
    tag: u64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        producer.shutdown_to(deadline, (&queue, tag));
        Ok(())
    })
}
