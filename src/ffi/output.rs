//! Output parameters: the only place that writes through a pointer of the caller.

use std::ptr;

use crate::error::{Error, ErrorKind};
use crate::ffi::handle::{self, Handle};

/// A variable of the caller that takes a `T`, or NULL if the value is not wanted.
pub(super) struct Output<T>(*mut T);

impl<T> Output<T> {
    /// Leaves the variable as it is until there is a value.
    ///
    /// # Safety
    ///
    /// `place` is NULL, or may be written as long as the output is in use.
    pub(super) const unsafe fn new(place: *mut T) -> Self {
        Self(place)
    }

    /// An output that the function does not have.
    pub(super) const fn unwanted() -> Self {
        Self(ptr::null_mut())
    }

    /// Refuses NULL, for a value that is the purpose of the call.
    pub(super) fn required(&self, name: &str) -> Result<(), Error> {
        if self.0.is_null() {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("output `{name}` is NULL")));
        }
        Ok(())
    }

    /// Whether there is somewhere to write to.
    pub(super) const fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }

    /// Writes the value, if it is wanted.
    pub(super) fn put(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: not NULL, and so writable by the promise given to `new`.
            unsafe { self.0.write(value) };
        }
    }
}

/// An array of the caller that takes several.
pub(super) struct Outputs<T> {
    first: *mut T,
    count: usize,
}

impl<T> Outputs<T> {
    /// Leaves the places as they are until there are values.
    ///
    /// # Safety
    ///
    /// `first` is NULL, or `count` values from there on may be written as long as the outputs are in use.
    pub(super) const unsafe fn new(first: *mut T, count: usize) -> Self {
        Self { first, count }
    }

    /// Writes the value at `index`, if there is a place for it.
    pub(super) fn put(&self, index: usize, value: T) {
        if self.first.is_null() || index >= self.count {
            return;
        }
        // SAFETY: within the array, by the promise given to `new`.
        let place = unsafe { self.first.add(index) };
        // SAFETY: writable, by the same promise.
        unsafe { place.write(value) };
    }
}

impl<T> Output<*mut T> {
    /// For pointers that become the caller's: NULL at once, so that a failure leaves NULL behind (R2).
    ///
    /// # Safety
    ///
    /// As for [`Output::new`].
    pub(super) unsafe fn owned(place: *mut *mut T) -> Self {
        // SAFETY: the caller's promise, passed on.
        let output = unsafe { Self::new(place) };
        output.put(ptr::null_mut());
        output
    }
}

impl<T> Output<*const T> {
    /// For borrowed pointers: NULL at once, so that a failure leaves NULL behind (R2).
    ///
    /// # Safety
    ///
    /// As for [`Output::new`].
    pub(super) unsafe fn borrowed(place: *mut *const T) -> Self {
        // SAFETY: the caller's promise, passed on.
        let output = unsafe { Self::new(place) };
        output.put(ptr::null());
        output
    }
}

impl<H: Handle> Output<*mut H> {
    /// Makes the object the caller's, or drops it if it is not wanted.
    pub(super) fn give(&self, object: H::Object) {
        if !self.0.is_null() {
            self.put(handle::give(object));
        }
    }

    /// The same for one that has a box.
    pub(super) fn give_box(&self, object: Box<H::Object>) {
        if !self.0.is_null() {
            self.put(handle::give_box(object));
        }
    }
}
