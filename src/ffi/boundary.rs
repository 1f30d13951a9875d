//! What every exported function runs inside: a panic stops here, a failure becomes a status and, where the
//! caller wants it, an error object.

use crate::error::{Error, ErrorKind};
use crate::ffi::error::code;
use crate::ffi::output::Output;
use crate::ffi::types::{rocketmq_error, rocketmq_status, rocketmq_status_code};
use crate::runtime;

/// Runs the body of a function that answers a status and has an error output.
pub(super) fn run(
    error: &Output<*mut rocketmq_error>,
    body: impl FnOnce() -> Result<(), Error>,
) -> rocketmq_status {
    match catch(body).and_then(|result| result) {
        Ok(()) => rocketmq_status_code::ROCKETMQ_OK as rocketmq_status,
        Err(failure) => {
            let status = code(failure.kind()) as rocketmq_status;
            error.give(failure);
            status
        }
    }
}

/// Runs the body of a function that answers a status and nothing else.
pub(super) fn status(body: impl FnOnce() -> Result<(), Error>) -> rocketmq_status {
    run(&Output::unwanted(), body)
}

/// Runs the body of a function that answers a value; `otherwise` is what R3 has it answer when there is none.
pub(super) fn value<T>(otherwise: T, body: impl FnOnce() -> Result<T, Error>) -> T {
    catch(body).and_then(|result| result).unwrap_or(otherwise)
}

/// Keeps a panic in. What it broke is the producer's own: producers share no locks, and one whose task
/// panicked reports itself as failed.
fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Error> {
    runtime::catch(body).map_err(panicked)
}

/// Once for all functions.
#[cold]
#[inline(never)]
fn panicked(text: String) -> Error {
    Error::new(ErrorKind::Internal, format!("panic in the library: {text}"))
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::ffi::{rocketmq_error_destroy, rocketmq_error_message, rocketmq_error_status};

    /// Panics when it is dropped.
    struct Thorny;

    impl Drop for Thorny {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_panic_becomes_a_status_with_its_text() {
        let mut object = ptr::null_mut();
        // SAFETY: a local variable that outlives the output.
        let output = unsafe { Output::owned(&raw mut object) };
        assert_eq!(run(&output, || panic!("number {}", 7)), -20);
        // SAFETY: the object was just made.
        let (status, text) = unsafe { (rocketmq_error_status(object), rocketmq_error_message(object)) };
        // SAFETY: text of a live error object.
        let text = unsafe { crate::ffi::input::text("text", text) };
        assert_eq!((status, text), (-20, Ok("panic in the library: number 7")));
        // SAFETY: destroyed once.
        unsafe { rocketmq_error_destroy(object) };
    }

    #[test]
    fn a_panic_with_a_thorny_payload_stays_in() {
        assert_eq!(status(|| std::panic::panic_any(Thorny)), -20);
        assert_eq!(value(-1, || std::panic::panic_any(Thorny)), -1);
    }
}
