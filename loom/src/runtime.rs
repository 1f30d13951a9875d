//! The waiter, the callback threads, and queues that are polled.

#[path = "../../src/runtime/catch.rs"]
mod catch;
#[path = "../../src/runtime/dispatch.rs"]
mod dispatch;
#[path = "../../src/runtime/event_queue.rs"]
#[expect(dead_code, unreachable_pub, reason = "no model needs all of it")]
mod event_queue;
#[path = "../../src/runtime/wait.rs"]
mod wait;

pub mod callbacks;
pub mod polls;
mod signal;
mod threads;
pub mod waiter;

pub(crate) use catch::catch;
pub use dispatch::{Job, Jobs};
pub use wait::wait;

use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
