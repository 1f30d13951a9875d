//! Statuses and error objects.

use std::ffi::{CStr, c_char};
use std::ptr;

use crate::error::{Error, ErrorKind, Outcome};
use crate::ffi::types::{rocketmq_error, rocketmq_outcome, rocketmq_status, rocketmq_status_code};
use crate::ffi::{boundary, handle};
use crate::text::Text;

/// Which status each kind of failure has.
pub(super) const fn code(kind: ErrorKind) -> rocketmq_status_code {
    use rocketmq_status_code as Code;
    match kind {
        ErrorKind::InvalidArgument => Code::ROCKETMQ_ERR_INVALID_ARGUMENT,
        ErrorKind::InvalidUtf8 => Code::ROCKETMQ_ERR_INVALID_UTF8,
        ErrorKind::InvalidHandle => Code::ROCKETMQ_ERR_INVALID_HANDLE,
        ErrorKind::InvalidState => Code::ROCKETMQ_ERR_INVALID_STATE,
        ErrorKind::UnknownKey => Code::ROCKETMQ_ERR_UNKNOWN_KEY,
        ErrorKind::InvalidValue => Code::ROCKETMQ_ERR_INVALID_VALUE,
        ErrorKind::WouldDeadlock => Code::ROCKETMQ_ERR_WOULD_DEADLOCK,
        ErrorKind::Forked => Code::ROCKETMQ_ERR_FORKED,
        ErrorKind::NotFound => Code::ROCKETMQ_ERR_NOT_FOUND,
        ErrorKind::NotSupported => Code::ROCKETMQ_ERR_NOT_SUPPORTED,
        ErrorKind::Callback => Code::ROCKETMQ_ERR_CALLBACK,
        ErrorKind::Internal => Code::ROCKETMQ_ERR_INTERNAL,
        ErrorKind::System => Code::ROCKETMQ_ERR_SYSTEM,
        ErrorKind::QueueFull => Code::ROCKETMQ_ERR_QUEUE_FULL,
        ErrorKind::CompletionFull => Code::ROCKETMQ_ERR_COMPLETION_FULL,
        ErrorKind::Closed => Code::ROCKETMQ_ERR_CLOSED,
        ErrorKind::Cancelled => Code::ROCKETMQ_ERR_CANCELLED,
        ErrorKind::Timeout => Code::ROCKETMQ_ERR_TIMEOUT,
        ErrorKind::RouteNotReady => Code::ROCKETMQ_ERR_ROUTE_NOT_READY,
        ErrorKind::InvalidTopic => Code::ROCKETMQ_ERR_INVALID_TOPIC,
        ErrorKind::MessageTooLarge => Code::ROCKETMQ_ERR_MESSAGE_TOO_LARGE,
        ErrorKind::InvalidProperty => Code::ROCKETMQ_ERR_INVALID_PROPERTY,
        ErrorKind::EmptyBody => Code::ROCKETMQ_ERR_EMPTY_BODY,
        ErrorKind::NoNamesrv => Code::ROCKETMQ_ERR_NO_NAMESRV,
        ErrorKind::Connect => Code::ROCKETMQ_ERR_CONNECT,
        ErrorKind::ConnectionLost => Code::ROCKETMQ_ERR_CONNECTION_LOST,
        ErrorKind::Tls => Code::ROCKETMQ_ERR_TLS,
        ErrorKind::Auth => Code::ROCKETMQ_ERR_AUTH,
        ErrorKind::Protocol => Code::ROCKETMQ_ERR_PROTOCOL,
        ErrorKind::Resolve => Code::ROCKETMQ_ERR_RESOLVE,
        ErrorKind::TopicNotFound => Code::ROCKETMQ_ERR_TOPIC_NOT_FOUND,
        ErrorKind::NoWritableQueue => Code::ROCKETMQ_ERR_NO_WRITABLE_QUEUE,
        ErrorKind::NoPermission => Code::ROCKETMQ_ERR_NO_PERMISSION,
        ErrorKind::BrokerBusy => Code::ROCKETMQ_ERR_BROKER_BUSY,
        ErrorKind::Broker => Code::ROCKETMQ_ERR_BROKER,
        ErrorKind::NoReply => Code::ROCKETMQ_ERR_NO_REPLY,
    }
}

/// A status with its two texts.
struct Status(rocketmq_status_code, &'static CStr, &'static CStr);

/// Spells the constant once, for its number and for its name.
macro_rules! status {
    ($code:ident, $text:literal) => {
        Status(
            rocketmq_status_code::$code,
            match CStr::from_bytes_with_nul(concat!(stringify!($code), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => c"",
            },
            $text,
        )
    };
}

/// All statuses, in the order of their numbers. The sentences are those of `ErrorKind`; a test compares them.
static STATUSES: [Status; 37] = [
    status!(ROCKETMQ_OK, c"success"),
    status!(ROCKETMQ_ERR_INVALID_ARGUMENT, c"an argument is NULL, out of range or not a known value"),
    status!(ROCKETMQ_ERR_INVALID_UTF8, c"text is not UTF-8"),
    status!(ROCKETMQ_ERR_INVALID_HANDLE, c"the object was destroyed before"),
    status!(ROCKETMQ_ERR_INVALID_STATE, c"the call does not fit the producer's state"),
    status!(ROCKETMQ_ERR_UNKNOWN_KEY, c"there is no such configuration key"),
    status!(ROCKETMQ_ERR_INVALID_VALUE, c"a configuration value is missing or not accepted"),
    status!(ROCKETMQ_ERR_WOULD_DEADLOCK, c"the call would wait for the thread that it runs on"),
    status!(ROCKETMQ_ERR_FORKED, c"the handle belongs to the parent process"),
    status!(ROCKETMQ_ERR_NOT_FOUND, c"there is nothing of that name or index"),
    status!(ROCKETMQ_ERR_NOT_SUPPORTED, c"this build or this broker does not support it"),
    status!(ROCKETMQ_ERR_CALLBACK, c"the application's callback refused"),
    status!(ROCKETMQ_ERR_INTERNAL, c"internal error of the library"),
    status!(ROCKETMQ_ERR_SYSTEM, c"the system refused memory, a thread or a descriptor"),
    status!(ROCKETMQ_ERR_QUEUE_FULL, c"the limit of sends in flight is reached"),
    status!(
        ROCKETMQ_ERR_COMPLETION_FULL,
        c"finished sends are not taken: a callback blocks or the queue is not polled"
    ),
    status!(ROCKETMQ_ERR_CLOSED, c"the producer is shut down"),
    status!(ROCKETMQ_ERR_CANCELLED, c"the send was cancelled"),
    status!(ROCKETMQ_ERR_TIMEOUT, c"the time limit passed"),
    status!(ROCKETMQ_ERR_ROUTE_NOT_READY, c"the topic's route is not known yet"),
    status!(ROCKETMQ_ERR_INVALID_TOPIC, c"the topic is not valid"),
    status!(ROCKETMQ_ERR_MESSAGE_TOO_LARGE, c"the message is too large"),
    status!(ROCKETMQ_ERR_INVALID_PROPERTY, c"a property is not valid"),
    status!(ROCKETMQ_ERR_EMPTY_BODY, c"the message has no body"),
    status!(ROCKETMQ_ERR_NO_NAMESRV, c"no name server answered"),
    status!(ROCKETMQ_ERR_CONNECT, c"the connection could not be made"),
    status!(ROCKETMQ_ERR_CONNECTION_LOST, c"the connection was lost"),
    status!(ROCKETMQ_ERR_TLS, c"the secure connection could not be made"),
    status!(ROCKETMQ_ERR_AUTH, c"the signature or the key was refused"),
    status!(ROCKETMQ_ERR_PROTOCOL, c"the peer's bytes make no sense"),
    status!(ROCKETMQ_ERR_RESOLVE, c"the host name could not be resolved"),
    status!(ROCKETMQ_ERR_TOPIC_NOT_FOUND, c"no name server knows the topic"),
    status!(ROCKETMQ_ERR_NO_WRITABLE_QUEUE, c"the topic has no writable queue"),
    status!(ROCKETMQ_ERR_NO_PERMISSION, c"the broker does not permit it"),
    status!(ROCKETMQ_ERR_BROKER_BUSY, c"the broker is busy"),
    status!(ROCKETMQ_ERR_BROKER, c"the broker refused"),
    status!(ROCKETMQ_ERR_NO_REPLY, c"no reply came in time"),
];

fn find(status: rocketmq_status) -> Option<&'static Status> {
    STATUSES.iter().find(|known| known.0 as rocketmq_status == status)
}

/// Name of a status, as "ROCKETMQ_ERR_TIMEOUT"; "ROCKETMQ_STATUS_UNKNOWN" for other numbers. Static text,
/// never NULL. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_status_name(status: rocketmq_status) -> *const c_char {
    name(status).as_ptr()
}

/// The same inside.
pub(super) fn name(status: rocketmq_status) -> &'static CStr {
    find(status).map_or(c"ROCKETMQ_STATUS_UNKNOWN", |known| known.1)
}

/// A short sentence for a status. Static text, never NULL. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_status_str(status: rocketmq_status) -> *const c_char {
    find(status).map_or(c"unknown status", |known| known.2).as_ptr()
}

/// Lists all statuses, for bindings: `index` 0 is `ROCKETMQ_OK`, then the failures; 1 past the end. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_status_at(index: usize) -> rocketmq_status {
    STATUSES.get(index).map_or(1, |known| known.0 as rocketmq_status)
}

/// The failure's status; OK for NULL. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_status(e: *const rocketmq_error) -> rocketmq_status {
    boundary::value(rocketmq_status_code::ROCKETMQ_OK as rocketmq_status, || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        Ok(code(error.kind()) as rocketmq_status)
    })
}

/// A full sentence with context, for logs; "" for NULL. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_message(e: *const rocketmq_error) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(e, Error::message) }
}

/// Whether a broker has the message nevertheless: one of `ROCKETMQ_OUTCOME_*`, over all attempts; UNKNOWN for
/// NULL. NOT_SENT where no message was concerned. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_outcome(e: *const rocketmq_error) -> i32 {
    boundary::value(rocketmq_outcome::ROCKETMQ_OUTCOME_UNKNOWN as i32, || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        let outcome = match error.outcome() {
            Outcome::Unknown => rocketmq_outcome::ROCKETMQ_OUTCOME_UNKNOWN,
            Outcome::NotSent => rocketmq_outcome::ROCKETMQ_OUTCOME_NOT_SENT,
            Outcome::Rejected => rocketmq_outcome::ROCKETMQ_OUTCOME_REJECTED,
        };
        Ok(outcome as i32)
    })
}

/// 1: the same call may succeed later without a change; 0: it will not, and for NULL. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_is_retriable(e: *const rocketmq_error) -> i32 {
    boundary::value(0, || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        Ok(i32::from(error.is_retriable()))
    })
}

/// The response code of the broker or name server that refused, as it came, or -1. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_broker_code(e: *const rocketmq_error) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        Ok(error.broker_code().unwrap_or(-1))
    })
}

/// The text that came with that code, "" if none. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_broker_remark(e: *const rocketmq_error) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(e, Error::broker_remark) }
}

/// The broker concerned, "name@host:port", or "". \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_broker(e: *const rocketmq_error) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(e, Error::broker) }
}

/// The unique id that the message had, the same in all attempts; "" if it got none. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_message_id(e: *const rocketmq_error) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(e, Error::message_id) }
}

/// Tries made, 0 if none. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_attempts(e: *const rocketmq_error) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        Ok(i32::try_from(error.attempts()).unwrap_or(i32::MAX))
    })
}

/// A copy, to keep what a callback was shown. To be destroyed. \[any\]
///
/// # Safety
///
/// `e` is NULL or a live error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_clone(e: *const rocketmq_error) -> *mut rocketmq_error {
    boundary::value(ptr::null_mut(), || {
        // SAFETY: NULL or a live error object.
        let error = unsafe { handle::read("e", e) }?;
        Ok(handle::give(error.clone()))
    })
}

/// Frees an error object that is the caller's. \[any, last use\]
///
/// # Safety
///
/// `e` is NULL or the caller's own error object, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_error_destroy(e: *mut rocketmq_error) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy(e) };
        Ok(())
    });
}

/// Frees a `char *` that the library returned. \[any\]
///
/// # Safety
///
/// `text` is NULL or the caller's own text from this library, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_string_free(text: *mut c_char) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy_text(text) };
        Ok(())
    });
}

/// One of an error's texts, "" for NULL.
///
/// # Safety
///
/// `e` is NULL or a live error object.
unsafe fn text(e: *const rocketmq_error, which: impl FnOnce(&Error) -> &Text) -> *const c_char {
    boundary::value(c"".as_ptr(), || {
        // SAFETY: the caller's promise, passed on.
        let error = unsafe { handle::read("e", e) }?;
        Ok(which(error).as_c_str().as_ptr())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_has_its_own_status_and_its_own_sentence() {
        let mut found: Vec<_> = ErrorKind::ALL.iter().map(|&kind| code(kind) as rocketmq_status).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        let listed: Vec<_> = STATUSES.iter().skip(1).map(|known| known.0 as rocketmq_status).collect();
        assert_eq!(found, listed);
        for &kind in ErrorKind::ALL {
            let known = find(code(kind) as rocketmq_status).unwrap();
            assert_eq!(known.2.to_str().unwrap(), kind.to_string());
        }
    }
}
