//! Keeps a panic where it is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; the text of its panic, if it panics. What that broke is for the caller to tell.
pub(crate) fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(body)).map_err(caught)
}

/// The text of a panic, whose payload is dropped. Once for all bodies: there are many.
#[cold]
#[inline(never)]
fn caught(payload: Box<dyn Any + Send>) -> String {
    let text = text(&*payload);
    // A payload may panic when it is dropped; text cannot, and the library panics with nothing else.
    if !payload.is::<&str>() && !payload.is::<String>() {
        std::mem::forget(payload);
    }
    text
}

/// The text of a panic, as far as it has one.
fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::catch;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(catch(|| 7), Ok(7));
        assert_eq!(catch(|| panic!("a text")), Err::<(), _>("a text".to_owned()));
        assert_eq!(catch(|| panic!("number {}", 7)), Err::<(), _>("number 7".to_owned()));
        // A payload without bytes: one is forgotten on purpose, which leak checkers see.
        assert_eq!(catch(|| std::panic::panic_any(())), Err::<(), _>("without a text".to_owned()));
    }
}
