//! Mocks across the border: the only place where ownership leaves Rust and comes back, where a pointer becomes a
//! reference, and where something is written through a pointer of C.

use crate::mock::Mock;
use crate::types::rocketmq_mock;

/// Makes a mock the caller's.
#[expect(clippy::disallowed_methods, reason = "the one place where ownership goes to C")]
pub(crate) fn give(mock: Mock) -> *mut rocketmq_mock {
    Box::into_raw(Box::new(mock)).cast()
}

/// Reads a mock; nothing for NULL, and for the parent's mock in the child of a fork, whose locks may be held for ever.
///
/// # Safety
///
/// `mock` is NULL or came from [`give`] and is not destroyed while the reference is in use.
pub(crate) unsafe fn read<'a>(mock: *const rocketmq_mock) -> Option<&'a Mock> {
    // SAFETY: the caller's promise; `give` made what the pointer leads to.
    unsafe { mock.cast::<Mock>().as_ref() }.filter(|mock| mock.is_ours())
}

/// Takes a mock back, to drop it; nothing where [`read`] has nothing.
///
/// # Safety
///
/// As for [`read`], and `mock` is not used again.
#[expect(clippy::disallowed_methods, reason = "the one place where ownership comes back from C")]
pub(crate) unsafe fn take_back(mock: *mut rocketmq_mock) -> Option<Box<Mock>> {
    // SAFETY: the caller's promise, passed on.
    unsafe { read(mock) }?;
    // SAFETY: `give` made it as a box of this type, and the caller gives it up.
    Some(unsafe { Box::from_raw(mock.cast::<Mock>()) })
}

/// Writes a number, if it is wanted.
///
/// # Safety
///
/// `place` is NULL or a variable of the caller.
pub(crate) unsafe fn put(place: *mut usize, number: usize) {
    if !place.is_null() {
        // SAFETY: not NULL, and so writable by the caller's promise.
        unsafe { place.write(number) };
    }
}
