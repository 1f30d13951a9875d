//! Where the library blocks: a future run on the caller's thread until a limit. (One who listens for his own answer waits
//! for a socket instead, in `client::tcp`.)

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::time::Instant;

use super::lock;
use crate::sync::{Condvar, Mutex, MutexGuard, thread_local};

thread_local! {
    /// One parker for each thread that ever waited, so that a wait allocates nothing.
    static PARKER: (Arc<Parker>, Waker) = {
        let parker = Arc::new(Parker { woken: Mutex::new(false), wake: Condvar::new() });
        (Arc::clone(&parker), Waker::from(parker))
    };
}

struct Parker {
    woken: Mutex<bool>,
    wake: Condvar,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *lock(&self.woken) = true;
        self.wake.notify_one();
    }
}

/// Runs `future` on this thread until it is ready; `None` when it is not at `until`. No other task runs on
/// this thread meanwhile: all that the library does to a socket here is one write that does not wait.
pub fn wait<F: Future>(until: Option<Instant>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    PARKER.with(|(parker, waker)| {
        *lock(&parker.woken) = false;
        let mut context = Context::from_waker(waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
            let mut woken = lock(&parker.woken);
            while !*woken {
                woken = wait_on(&parker.wake, woken, until)?;
            }
            *woken = false;
        }
    })
}

/// Waits for a notification; `None` when the time is over.
pub(super) fn wait_on<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    until: Option<Instant>,
) -> Option<MutexGuard<'a, T>> {
    let Some(until) = until else {
        return Some(condition.wait(guard).unwrap_or_else(PoisonError::into_inner));
    };
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return None;
    }
    let (guard, _) = condition.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
    Some(guard)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_future_woken_from_another_thread_is_polled_again() {
        let (send, wakers) = std::sync::mpsc::channel::<Waker>();
        let thread = std::thread::spawn(move || {
            wakers.recv().unwrap().wake();
            wakers.recv().unwrap().wake_by_ref();
        });
        let mut polls = 0;
        let third = std::future::poll_fn(|context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(7);
            }
            send.send(context.waker().clone()).unwrap();
            Poll::Pending
        });
        assert_eq!(wait(Some(Instant::now() + Duration::from_secs(10)), third), Some(7));
        thread.join().unwrap();
    }

    #[test]
    fn a_future_that_is_never_ready_ends_at_the_limit() {
        let before = Instant::now();
        let until = before + Duration::from_millis(30);
        assert_eq!(wait(Some(until), std::future::pending::<()>()), None);
        assert!(before.elapsed() >= Duration::from_millis(30));
    }
}
