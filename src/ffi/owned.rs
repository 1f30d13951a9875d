//! What C owns until it destroys it, shared with the calls under way: a call that comes later is told so, one under
//! way keeps it alive.

use crate::runtime::lock;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, Weak};

/// A value until its destroy.
pub(super) struct Owned<T> {
    destroyed: AtomicBool,
    /// Upgraded by each call: two atomic steps, no lock.
    value: Weak<T>,
    /// The strong reference, until destroy.
    owner: Mutex<Option<Arc<T>>>,
}

impl<T> Owned<T> {
    pub(super) fn new(value: T) -> Self {
        let owner = Arc::new(value);
        Self {
            destroyed: AtomicBool::new(false),
            value: Arc::downgrade(&owner),
            owner: Mutex::new(Some(owner)),
        }
    }

    /// The value, for the time of a call; `None` after the destroy.
    pub(super) fn live(&self) -> Option<Arc<T>> {
        if self.destroyed.load(Ordering::Acquire) {
            return None;
        }
        self.value.upgrade()
    }

    /// Ends the ownership: the first who does so gets the value.
    pub(super) fn destroy(&self) -> Option<Arc<T>> {
        if self.destroyed.swap(true, Ordering::AcqRel) {
            return None;
        }
        lock(&self.owner).take()
    }
}
