//! What every exported function runs inside: a panic stops here, a failure becomes -1, 0, "" or NULL and a sentence.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::mock::Mock;

/// Why a call failed, as a sentence for the test's author.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs the body of a function that answers 0 or -1.
pub(crate) fn done(mock: Option<&Mock>, body: impl FnOnce(&Mock) -> Result<(), Failure>) -> i32 {
    value(mock, -1, |mock| body(mock).map(|()| 0))
}

/// Runs the body of a function that answers a value; `otherwise` is what a mistake is answered by.
pub(crate) fn value<T>(
    mock: Option<&Mock>,
    otherwise: T,
    body: impl FnOnce(&Mock) -> Result<T, Failure>,
) -> T {
    let Some(mock) = mock else { return otherwise };
    match catch(|| body(mock)).and_then(|result| result) {
        Ok(value) => value,
        Err(failure) => {
            // Without memory for the sentence the answer alone has to do.
            let _ = catch(|| mock.note(&failure));
            otherwise
        }
    }
}

/// Keeps a panic in. A mock's state is behind locks that do not mind one.
pub(crate) fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(body)).map_err(panicked)
}

#[cold]
#[inline(never)]
fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "something that is no text".to_owned(),
    };
    // What is thrown may itself throw when it is dropped.
    std::mem::forget(payload);
    Failure(format!("panic in the mock: {text}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn a_panic_becomes_a_sentence_and_the_mock_goes_on() {
        let mock = Mock::start(1, true).unwrap();
        assert_eq!(done(Some(&mock), |_| panic!("number {}", 7)), -1);
        // SAFETY: text of a live mock.
        let text = unsafe { crate::input::text("text", mock.last_failure()) }.unwrap();
        assert_eq!(text, "panic in the mock: number 7");
        assert_eq!(value(Some(&mock), c"", |_| Err(Failure::new("x"))), <&CStr>::default());
        assert_eq!(done(Some(&mock), |_| Ok(())), 0);
    }
}
