//! The waiter: a thread that sleeps until a future is ready.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::thread;

use crate::explore::explore;
use crate::runtime::{lock, wait};
use crate::sync::{Mutex, oneshot};

/// The answer comes before the poll, between poll and sleep, or during the sleep.
pub fn answered_at_any_time() {
    explore(5, || {
        let (tell, told) = oneshot::channel();
        let sender = thread::spawn(move || tell.send(7).unwrap());
        assert_eq!(wait(None, told).unwrap().unwrap(), 7);
        sender.join().unwrap();
    });
}

/// The first wait leaves its waker behind, which is woken at any time during the second one.
pub fn woken_late_by_the_wait_before() {
    explore(5, || {
        let left = Arc::new(Mutex::new(None::<Waker>));
        let kept = Arc::clone(&left);
        let first = poll_fn(move |context| {
            *lock(&kept) = Some(context.waker().clone());
            Poll::Ready(())
        });
        let (tell, told) = oneshot::channel();
        let sender = thread::spawn(move || {
            let late = lock(&left).take();
            if let Some(late) = late {
                late.wake();
            }
            tell.send(7).unwrap();
        });
        wait(None, first).unwrap();
        assert_eq!(wait(None, told).unwrap().unwrap(), 7);
        sender.join().unwrap();
    });
}
