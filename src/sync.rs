//! What threads meet by: locks, atomics, counted references, channels between tasks. A leaf with nothing of its
//! own: the files that the crate in `loom` explores name these here, so that it can put its own in their place.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
pub(crate) use std::thread_local;

pub(crate) use tokio::sync::{Notify, oneshot};
