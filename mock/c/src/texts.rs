//! Text that C may hold on to.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that live as long as their mock. Equal ones are one, so that a test that asks again and again needs no memory.
#[derive(Debug, Default)]
pub(crate) struct Texts(Mutex<BTreeSet<Arc<CStr>>>);

impl Texts {
    /// The text as C reads it. A NUL inside ends it.
    pub(crate) fn keep(&self, text: &str) -> *const c_char {
        if text.is_empty() {
            return c"".as_ptr();
        }
        let text: Arc<CStr> = terminated(text).into();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.get(&text) {
            return same.as_ptr();
        }
        let pointer = text.as_ptr();
        kept.insert(text);
        pointer
    }
}

/// A copy up to the first NUL.
pub(crate) fn terminated(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

/// Why mocks could not be created, the newest first. They live for ever, since C may hold on to each; without a lock,
/// since the child of a fork asks too.
struct Uncreated {
    why: CString,
    before: *const Self,
}

static NEWEST: AtomicPtr<Uncreated> = AtomicPtr::new(ptr::null_mut());

/// Remembers why a mock could not be created.
pub(crate) fn note_uncreated(why: &str) {
    let mut before = NEWEST.load(Ordering::Acquire);
    let newest = Box::leak(Box::new(Uncreated { why: terminated(why), before }));
    loop {
        newest.before = before;
        match NEWEST.compare_exchange_weak(before, newest, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return,
            Err(other) => before = other,
        }
    }
}

/// Why the last one could not be created.
pub(crate) fn last_uncreated() -> *const c_char {
    // SAFETY: what is in the list is never freed and never changed.
    unsafe { NEWEST.load(Ordering::Acquire).as_ref() }.map_or(c"".as_ptr(), |newest| newest.why.as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: *const c_char) -> &'static str {
        // SAFETY: text that was just made and lives long enough.
        unsafe { crate::input::text("text", text) }.unwrap()
    }

    #[test]
    fn equal_texts_are_one_and_a_nul_ends_a_text() {
        let texts = Texts::default();
        let first = texts.keep("杭州\0hidden");
        for number in 0..100 {
            texts.keep(&number.to_string());
        }
        assert_eq!(texts.keep("杭州"), first);
        assert_eq!((read(first), read(texts.keep("")), read(texts.keep("\0x"))), ("杭州", "", ""));
        assert_eq!(texts.0.lock().unwrap().len(), 102);
    }

    #[test]
    fn the_last_failure_of_a_create_is_told_and_the_ones_before_stay_good() {
        note_uncreated("one");
        let one = last_uncreated();
        note_uncreated("two");
        assert_eq!((read(one), read(last_uncreated())), ("one", "two"));
    }
}
