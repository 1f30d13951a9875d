//! A notification, as tokio's. Who has called `notified` before `notify_waiters` is notified by it, polled or not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::runtime::lock;
use crate::sync::Mutex;

pub(crate) struct Notify(Mutex<State>);

struct State {
    /// Calls of `notify_waiters`.
    rounds: usize,
    sleeping: Vec<Waker>,
}

pub(crate) struct Notified<'a> {
    notify: &'a Notify,
    /// Rounds when it was made.
    before: usize,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { rounds: 0, sleeping: Vec::new() }))
    }

    pub(crate) fn notified(&self) -> Notified<'_> {
        Notified { notify: self, before: lock(&self.0).rounds }
    }

    pub(crate) fn notify_waiters(&self) {
        let mut state = lock(&self.0);
        state.rounds += 1;
        let sleeping = std::mem::take(&mut state.sleeping);
        drop(state);
        sleeping.into_iter().for_each(Waker::wake);
    }

    /// For a peer that is in trouble, which nobody awaits in a model.
    #[expect(clippy::unused_self, reason = "as tokio's")]
    pub(crate) const fn notify_one(&self) {}
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.notify.0);
        if state.rounds > self.before {
            return Poll::Ready(());
        }
        state.sleeping.push(context.waker().clone());
        Poll::Pending
    }
}
