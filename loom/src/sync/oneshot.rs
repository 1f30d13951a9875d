//! A channel for one value, as tokio's: the receiver's end drops a value that came, the sender's end is told.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::runtime::lock;
use crate::sync::Mutex;

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Slot { value: None, sender_gone: false, receiver_gone: false, waker: None };
    let slot = Arc::new(Mutex::new(slot));
    (Sender(Arc::clone(&slot)), Receiver(slot))
}

struct Slot<T> {
    value: Option<T>,
    sender_gone: bool,
    receiver_gone: bool,
    waker: Option<Waker>,
}

pub(crate) struct Sender<T>(Arc<Mutex<Slot<T>>>);

pub(crate) struct Receiver<T>(Arc<Mutex<Slot<T>>>);

/// The sender is gone.
#[derive(Debug)]
pub(crate) struct RecvError;

impl<T> Sender<T> {
    pub(crate) fn send(self, value: T) -> Result<(), T> {
        let mut slot = lock(&self.0);
        if slot.receiver_gone {
            return Err(value);
        }
        slot.value = Some(value);
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.0).receiver_gone
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        slot.sender_gone = true;
        let waker = slot.waker.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.0);
        if let Some(value) = slot.value.take() {
            return Poll::Ready(Ok(value));
        }
        if slot.sender_gone {
            return Poll::Ready(Err(RecvError));
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0);
        slot.receiver_gone = true;
        let value = slot.value.take();
        drop(slot);
        // Without the lock: a value may have an end of its own.
        drop(value);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
