//! Completion queues.

use std::ffi::c_void;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::ffi::event::Writer;
use crate::ffi::output::{Output, Outputs};
use crate::ffi::types::{
    rocketmq_cq, rocketmq_error, rocketmq_event, rocketmq_release_fn, rocketmq_status, rocketmq_status_code,
    rocketmq_wakeup_fn,
};
use crate::ffi::{boundary, callback, handle, input, process};
use crate::producer::{CompletionQueue, Instant, Timeout};
use crate::runtime::Patience;

/// An empty queue, for any number of producers and threads. No thread, no descriptor until one is asked for. `cq` must
/// not be NULL; to be destroyed. \[any\]
///
/// # Safety
///
/// Outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_cq_create(
    cq: *mut *mut rocketmq_cq,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let cq = unsafe { Output::owned(cq) };
    boundary::run(&error, || {
        cq.required("cq")?;
        process::watch_forks()?;
        cq.put(handle::give_queue(CompletionQueue::new()));
        Ok(())
    })
}

/// Takes up to `max` events out, waiting until there is one; how many they are. 0: none came in time, or
/// rocketmq_cq_interrupt(). Each event is to be released. With every event the room of its call comes back
/// ("completion.max"). Several threads may poll.
///
/// Failures are negative: `ROCKETMQ_ERR_CLOSED` when the queue is destroyed meanwhile; `ROCKETMQ_ERR_WOULD_DEADLOCK` on a
/// library thread unless `timeout_ms` is 0; `max` must be at least 1. \[wait; any with `timeout_ms` 0\]
///
/// # Safety
///
/// `cq` is NULL or from create; `events` is NULL or has room for `max`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_cq_poll(
    cq: *mut rocketmq_cq,
    events: *mut rocketmq_event,
    max: i32,
    timeout_ms: i64,
) -> i32 {
    let mut count = 0;
    let status = boundary::status(|| {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        let invalid = |text: &str| Error::new(ErrorKind::InvalidArgument, text);
        if events.is_null() {
            return Err(invalid("`events` is NULL"));
        }
        let places =
            usize::try_from(max).ok().filter(|max| *max > 0).ok_or_else(|| invalid("`max` is below 1"))?;
        let patience = patience(input::timeout(timeout_ms)?);
        if patience != Patience::None {
            process::refuse_library_threads()?;
        }
        // SAFETY: not NULL, and so with room for `max` by the caller's promise.
        let array = unsafe { Outputs::new(events, places) };
        let mut writer = Writer::new(&array);
        let polled = queue.poll(places, patience, |event| writer.put(event))?;
        count = i32::try_from(polled).unwrap_or(max);
        Ok(())
    });
    if status == rocketmq_status_code::ROCKETMQ_OK as i32 { count } else { status }
}

/// What `ROCKETMQ_WAIT_DEFAULT` stands for where there is no producer.
const TIMEOUT_DEFAULT: Duration = Duration::from_millis(3000);

/// How long to wait; for ever beyond all clocks.
fn patience(timeout: Timeout) -> Patience {
    let limit = match timeout {
        Timeout::Forever => return Patience::Endless,
        Timeout::After(Duration::ZERO) => return Patience::None,
        Timeout::Default => TIMEOUT_DEFAULT,
        Timeout::After(limit) => limit,
    };
    Instant::now().checked_add(limit).map_or(Patience::Endless, Patience::Until)
}

/// A descriptor, the queue's own, that is readable while events wait, whatever is read from it: for poll(), select(),
/// epoll. Level: it stays readable until a poll has left nothing behind; with edges, poll until less than `max` events
/// come. Do not read, write or close it. -1 if the system has none, and where there are no such descriptors. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_fd(cq: *mut rocketmq_cq) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        queue.descriptor().ok_or_else(no_descriptor)
    })
}

/// Another descriptor for the same, a socket, which the caller owns and closes; never blocking. It may be read, as loops
/// do that know streams only, and need not be; when the queue is destroyed it is at its end. -1 if there is none. For
/// Node, libuv, asyncio. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_dup_fd(cq: *mut rocketmq_cq) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        queue.duplicate_descriptor().ok_or_else(no_descriptor)
    })
}

fn no_descriptor() -> Error {
    Error::new(ErrorKind::System, "there is no descriptor left")
}

/// Has `wake` called whenever the queue stops being empty from now on; NULL removes it. A poll that leaves events behind
/// is not told again. `release` takes `user_data` back after its last use, or at once if `wake` is NULL. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create; `wake` may be called with `user_data` on any thread until `release` has been called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_set_wakeup(
    cq: *mut rocketmq_cq,
    wake: rocketmq_wakeup_fn,
    user_data: *mut c_void,
    release: rocketmq_release_fn,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        queue.set_wakeup(callback::wakeup(wake, user_data, release));
        Ok(())
    })
}

/// Has one poll that waits return 0; if none waits, the next one does. Never lost, and never more than one. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_interrupt(cq: *mut rocketmq_cq) {
    boundary::value((), || {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        queue.interrupt();
        Ok(())
    });
}

/// Events that wait. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_length(cq: *mut rocketmq_cq) -> usize {
    boundary::value(0, || {
        // SAFETY: NULL or from create.
        let queue = unsafe { handle::queue(cq) }?;
        Ok(queue.len())
    })
}

/// Never waits. Polls under way return `ROCKETMQ_ERR_CLOSED`; events that were not polled and those that follow are
/// dropped, the only exception to "exactly one end". Calls that name it answer `ROCKETMQ_ERR_INVALID_HANDLE` from then
/// on, a second destroy does nothing; polled events stay good. \[any, last use\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_cq_destroy(cq: *mut rocketmq_cq) {
    boundary::value((), || {
        // SAFETY: NULL or from create.
        unsafe { handle::destroy_queue(cq) }
    });
}
