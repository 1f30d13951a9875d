//! The block behind a producer's pointer: calls against destroys.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use super::owned::Owned;
use crate::explore::explore;

/// Stands for a producer.
struct Value {
    freed: Arc<AtomicUsize>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Ordering::Relaxed);
    }
}

fn owned() -> (Arc<Owned<Value>>, Arc<AtomicUsize>) {
    let freed = Arc::new(AtomicUsize::new(0));
    (Arc::new(Owned::new(Value { freed: Arc::clone(&freed) })), freed)
}

/// Two threads destroy, a third calls: one destroy gets the value, a call that got it keeps it, and when all have
/// returned it is freed, once.
pub fn destroyed_twice_during_a_call() {
    explore(4, || {
        let (owned, freed) = owned();
        let destroyer = thread::spawn({
            let owned = Arc::clone(&owned);
            move || owned.destroy().is_some()
        });
        let caller = thread::spawn({
            let (owned, freed) = (Arc::clone(&owned), Arc::clone(&freed));
            move || {
                if let Some(value) = owned.live() {
                    assert_eq!(freed.load(Ordering::Acquire), 0, "freed under a call");
                    drop(value);
                }
            }
        });
        let first = owned.destroy().is_some();
        assert!(owned.live().is_none(), "a call after destroy");
        caller.join().unwrap();
        assert!(first ^ destroyer.join().unwrap(), "one of them destroys");
        assert_eq!(freed.load(Ordering::Acquire), 1);
    });
}

/// A call that begins after a destroy returned elsewhere finds nothing, also while an earlier call keeps the value.
pub fn called_after_a_destroy_elsewhere() {
    explore(4, || {
        let (owned, freed) = owned();
        let destroyed = Arc::new(AtomicBool::new(false));
        let destroyer = thread::spawn({
            let (owned, destroyed) = (Arc::clone(&owned), Arc::clone(&destroyed));
            move || {
                drop(owned.destroy());
                destroyed.store(true, Ordering::Release);
            }
        });
        let early = owned.live();
        let over = destroyed.load(Ordering::Acquire);
        let late = owned.live();
        assert!(!over || late.is_none(), "a call after destroy");
        assert!(early.is_some() || late.is_none(), "it came back");
        if early.is_some() || late.is_some() {
            assert_eq!(freed.load(Ordering::Acquire), 0, "freed under a call");
        }
        drop((early, late));
        destroyer.join().unwrap();
        assert_eq!(freed.load(Ordering::Acquire), 1);
    });
}
