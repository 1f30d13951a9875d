//! What threads meet by, so that loom sees each step: its own locks and atomics, and doubles of the rest.

mod counted;
mod notify;
pub(crate) mod oneshot;

pub(crate) use counted::{Arc, Weak};
pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread_local;
pub(crate) use notify::Notify;
