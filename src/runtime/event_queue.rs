//! A queue that the library fills and the application polls: waiting in the poll, or told that there is something by a
//! readable descriptor or by a function. It is bounded by those who fill it, each of whom holds room for its events.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::lock;
use super::signal::Signal;
use super::wait::wait_on;
use crate::sync::{Condvar, Mutex};

/// Wakes the application's event loop.
pub type Wakeup = Arc<dyn Fn() + Send + Sync>;

/// How long a poll waits for the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Not at all.
    None,
    /// Until then.
    Until(Instant),
    /// For ever.
    Endless,
}

/// Somebody has closed the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

/// Events in order, beside them events of little worth.
pub(crate) struct EventQueue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

struct State<T> {
    events: VecDeque<T>,
    /// Of these the oldest are dropped when there are too many. Polled first: they are few.
    minor: VecDeque<T>,
    minor_dropped: u64,
    /// Polls that sleep: only then somebody is notified.
    sleeping: usize,
    /// Each ends one poll.
    interrupts: usize,
    closed: bool,
    /// Once the application has asked for it.
    signal: Option<Signal>,
    wakeup: Option<Wakeup>,
    /// The function is to be called and was not yet: once is enough.
    wake_due: bool,
}

impl<T> Default for EventQueue<T> {
    fn default() -> Self {
        let state = State {
            events: VecDeque::new(),
            minor: VecDeque::new(),
            minor_dropped: 0,
            sleeping: 0,
            interrupts: 0,
            closed: false,
            signal: None,
            wakeup: None,
            wake_due: false,
        };
        Self { state: Mutex::new(state), ready: Condvar::new() }
    }
}

impl<T> State<T> {
    fn len(&self) -> usize {
        self.events.len() + self.minor.len()
    }

    /// Tells whoever waits that there is something in the queue, which was `empty` before; whether the function is to
    /// be called. The condition is notified here, under the lock: who sleeps has counted itself.
    fn announce(&mut self, empty: bool, ready: &Condvar) -> bool {
        if self.sleeping > 0 {
            ready.notify_one();
        }
        if !empty {
            return false;
        }
        if let Some(signal) = &mut self.signal {
            signal.raise();
        }
        self.wakeup.is_some() && !std::mem::replace(&mut self.wake_due, true)
    }
}

impl<T> EventQueue<T> {
    /// Puts `events` in and leaves none behind, unless the queue is closed: then it leaves them all. Whether
    /// [`Self::wake`] is to be called, on a thread of the library.
    pub(crate) fn push(&self, events: &mut Vec<T>) -> bool {
        let mut state = lock(&self.state);
        if state.closed || events.is_empty() {
            return false;
        }
        let empty = state.len() == 0;
        state.events.extend(events.drain(..));
        state.announce(empty, &self.ready)
    }

    /// Puts in an event of little worth, for which the oldest of them is dropped when there are `max`. `Err` has it back
    /// when the queue is closed. The rest as for [`Self::push`].
    pub(crate) fn push_minor(&self, event: T, max: usize) -> Result<bool, T> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(event);
        }
        let empty = state.len() == 0;
        let dropped = if state.minor.len() >= max { state.minor.pop_front() } else { None };
        state.minor_dropped += u64::from(dropped.is_some());
        state.minor.push_back(event);
        let wake = state.announce(empty, &self.ready);
        drop(state);
        drop(dropped);
        Ok(wake)
    }

    /// Up to `max` events, which go to `taken`, and how many of little worth were dropped since the last poll. Nothing
    /// when there is none in time, or for an interrupt.
    pub(crate) fn poll(&self, max: usize, patience: Patience, taken: &mut Vec<T>) -> Result<u64, Closed> {
        let until = match patience {
            Patience::Until(until) => Some(until),
            Patience::None | Patience::Endless => None,
        };
        let mut over = patience == Patience::None;
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return Err(Closed);
            }
            if state.interrupts > 0 {
                state.interrupts -= 1;
                return Ok(0);
            }
            if state.len() > 0 {
                return Ok(self.take(&mut state, max, taken));
            }
            if over {
                return Ok(0);
            }
            state.sleeping += 1;
            state = wait_on(&self.ready, state, until).unwrap_or_else(|| {
                over = true;
                lock(&self.state)
            });
            state.sleeping -= 1;
        }
    }

    fn take(&self, state: &mut State<T>, max: usize, taken: &mut Vec<T>) -> u64 {
        let minor = max.min(state.minor.len());
        taken.extend(state.minor.drain(..minor));
        let rest = (max - minor).min(state.events.len());
        taken.extend(state.events.drain(..rest));
        let left = state.len() > 0;
        if left && state.sleeping > 0 {
            // One notification may have stood for more events than this poll took.
            self.ready.notify_one();
        }
        if let Some(signal) = &mut state.signal {
            if left {
                signal.raise();
            } else {
                signal.clear();
            }
        }
        std::mem::take(&mut state.minor_dropped)
    }

    /// Ends one poll: the one that sleeps, or the next.
    pub(crate) fn interrupt(&self) {
        let mut state = lock(&self.state);
        state.interrupts = state.interrupts.saturating_add(1);
        if state.sleeping > 0 {
            self.ready.notify_one();
        }
    }

    /// Events that wait.
    pub(crate) fn len(&self) -> usize {
        lock(&self.state).len()
    }

    /// Whether none waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A descriptor that is readable while events wait, until the queue is closed. `None` when the system has none.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        self.with_signal(|signal| Some(signal.descriptor()))
    }

    /// Another one for the same, the caller's to close; readable for good when the queue is closed.
    pub(crate) fn duplicate_descriptor(&self) -> Option<i32> {
        self.with_signal(|signal| signal.duplicate().ok())
    }

    fn with_signal(&self, use_it: impl FnOnce(&Signal) -> Option<i32>) -> Option<i32> {
        let mut state = lock(&self.state);
        if state.closed {
            return None;
        }
        if state.signal.is_none() {
            let mut signal = Signal::new().ok()?;
            if state.len() > 0 {
                signal.raise();
            }
            state.signal = Some(signal);
        }
        state.signal.as_ref().and_then(use_it)
    }

    /// Calls `wakeup` from now on when the queue stops being empty. The one before is dropped after its last call.
    pub(crate) fn set_wakeup(&self, wakeup: Option<Wakeup>) {
        let mut state = lock(&self.state);
        let before = if state.closed { wakeup } else { std::mem::replace(&mut state.wakeup, wakeup) };
        drop(state);
        // Outside the lock, since it may run the application's release function.
        drop(before);
    }

    /// Calls the function that wakes the application, when [`Self::push`] has asked for it.
    pub(crate) fn wake(&self) {
        let mut state = lock(&self.state);
        state.wake_due = false;
        let wakeup = state.wakeup.clone();
        drop(state);
        if let Some(wakeup) = wakeup {
            wakeup();
        }
    }

    /// Ends all polls, and refuses what comes later. What was in the queue.
    pub(crate) fn close(&self) -> Vec<T> {
        let mut state = lock(&self.state);
        state.closed = true;
        let mut left: Vec<T> = state.minor.drain(..).collect();
        left.extend(state.events.drain(..));
        let (signal, wakeup) = (state.signal.take(), state.wakeup.take());
        drop(state);
        self.ready.notify_all();
        drop(signal);
        drop(wakeup);
        left
    }
}
