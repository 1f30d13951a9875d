//! A counted reference with a weak one, which loom's has not. Loom sees the strong count; the memory is the
//! standard library's.

use std::ops::Deref;
use std::sync;

use loom::sync::atomic::{AtomicUsize, Ordering, fence};

pub(crate) struct Arc<T> {
    value: sync::Arc<T>,
    strong: sync::Arc<AtomicUsize>,
}

pub(crate) struct Weak<T> {
    value: sync::Weak<T>,
    strong: sync::Arc<AtomicUsize>,
}

impl<T> Arc<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: sync::Arc::new(value), strong: sync::Arc::new(AtomicUsize::new(1)) }
    }

    pub(crate) fn downgrade(this: &Self) -> Weak<T> {
        Weak { value: sync::Arc::downgrade(&this.value), strong: sync::Arc::clone(&this.strong) }
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.strong.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
        }
    }
}

impl<T> Weak<T> {
    pub(crate) fn upgrade(&self) -> Option<Arc<T>> {
        let one_more = |count: usize| (count > 0).then_some(count + 1);
        self.strong.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).ok()?;
        Some(Arc { value: self.value.upgrade()?, strong: sync::Arc::clone(&self.strong) })
    }
}
