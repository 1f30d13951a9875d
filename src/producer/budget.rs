//! The two limits of a producer: sends in flight, by number and bytes, and completions that the application
//! has not taken. A permit gives back what it holds when it is dropped, so nothing can leak.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::runtime::lock;
use crate::sync::{Mutex, Notify, oneshot};

/// What may be held at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) completions: usize,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Room comes back when a send in flight ends.
    InFlight,
    /// Room comes back when a callback returns.
    Completions,
}

/// What ended sends leave for those that begin; more is not kept while sends are under way.
const SPARES_MAX: usize = 4096;
/// The same while nothing is under way.
const SPARES_IDLE: usize = 256;
/// A larger memory of a body is not kept.
const SPARE_BYTES_MAX: usize = 4096;

/// The accounts of a producer. Beside them, under the same lock, lies the memory of ended sends, of their bodies and
/// of `S`, all that is left of them: it comes back with the room, and goes out with it.
pub(crate) struct Budget<S> {
    limits: Limits,
    state: Mutex<State<S>>,
    /// Notified when nothing is in flight, when no completion is open either, and when an epoch has ended.
    idle: Notify,
}

struct State<S> {
    messages: usize,
    bytes: usize,
    completions: usize,
    /// First come, first served.
    queue: VecDeque<Waiting<S>>,
    /// Permits that are out, by epoch, the present one last: each flush begins a new one, so that it waits for
    /// what was granted before it alone.
    epochs: VecDeque<usize>,
    /// Number of the first of them.
    first_epoch: u64,
    /// At most [`SPARES_MAX`], as of bodies.
    spares: Vec<S>,
    bodies: Vec<Vec<u8>>,
}

struct Waiting<S> {
    bytes: usize,
    tell: oneshot::Sender<Permit<S>>,
}

/// Room for one send.
#[derive(Debug)]
pub(crate) struct Permit<S> {
    budget: Arc<Budget<S>>,
    in_flight: Option<usize>,
    completion: bool,
    epoch: u64,
    /// What an ended send left, until it is taken; then what this one leaves.
    spare: Option<S>,
    body: Vec<u8>,
}

impl<S> std::fmt::Debug for Budget<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.limits.fmt(f)
    }
}

impl<S> Budget<S> {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let state = State {
            messages: 0,
            bytes: 0,
            completions: 0,
            queue: VecDeque::new(),
            epochs: VecDeque::new(),
            first_epoch: 0,
            spares: Vec::new(),
            bodies: Vec::new(),
        };
        Arc::new(Self { limits, state: Mutex::new(state), idle: Notify::new() })
    }

    /// Takes room for one send of `bytes`, with room for its completion if it will have one.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize, completion: bool) -> Result<Permit<S>, Full> {
        let mut state = lock(&self.state);
        self.check_completion(&state, completion)?;
        if !state.queue.is_empty() || !self.fits(&state, bytes) {
            return Err(Full::InFlight);
        }
        Ok(self.grant(&mut state, bytes, completion))
    }

    /// As [`Self::take`], but waits for room in flight. Dropping the future gives up the place.
    pub(crate) async fn wait(self: &Arc<Self>, bytes: usize, completion: bool) -> Result<Permit<S>, Full> {
        let told = {
            let mut state = lock(&self.state);
            self.check_completion(&state, completion)?;
            if state.queue.is_empty() && self.fits(&state, bytes) {
                return Ok(self.grant(&mut state, bytes, completion));
            }
            let (tell, told) = oneshot::channel();
            // Taken now, since completions are never waited for.
            state.completions += usize::from(completion);
            state.queue.retain(|waiting| !waiting.tell.is_closed());
            state.queue.push_back(Waiting { bytes, tell });
            told
        };
        let mut place = Place { budget: self, completion };
        let mut permit = told.await.map_err(|_| Full::InFlight)?;
        permit.completion = std::mem::take(&mut place.completion);
        Ok(permit)
    }

    fn check_completion(&self, state: &State<S>, completion: bool) -> Result<(), Full> {
        if completion && state.completions >= self.limits.completions {
            return Err(Full::Completions);
        }
        Ok(())
    }

    const fn fits(&self, state: &State<S>, bytes: usize) -> bool {
        state.messages < self.limits.messages && bytes <= self.limits.bytes.saturating_sub(state.bytes)
    }

    fn grant(self: &Arc<Self>, state: &mut State<S>, bytes: usize, completion: bool) -> Permit<S> {
        state.messages += 1;
        state.bytes += bytes;
        state.completions += usize::from(completion);
        let epoch = state.grant();
        Permit {
            in_flight: Some(bytes),
            completion,
            epoch,
            spare: state.spares.pop(),
            body: state.bodies.pop().unwrap_or_default(),
            budget: Arc::clone(self),
        }
    }

    /// Gives room to those who wait, as far as it goes.
    fn serve(self: &Arc<Self>, state: &mut State<S>) -> Vec<(oneshot::Sender<Permit<S>>, Permit<S>)> {
        let mut served = Vec::new();
        while let Some(first) = state.queue.front() {
            if !first.tell.is_closed() && !self.fits(state, first.bytes) {
                break;
            }
            let Some(Waiting { bytes, tell }) = state.queue.pop_front() else { break };
            if !tell.is_closed() {
                served.push((tell, self.grant(state, bytes, false)));
            }
        }
        served
    }

    /// Sends in flight.
    pub(crate) fn in_flight(&self) -> usize {
        lock(&self.state).messages
    }

    /// Waits until nothing is in flight and, if `completions`, every callback has returned.
    pub(crate) async fn idle(&self, completions: bool) {
        loop {
            let notified = self.idle.notified();
            {
                let state = lock(&self.state);
                if state.messages == 0 && (!completions || state.completions == 0) {
                    return;
                }
            }
            notified.await;
        }
    }

    /// Waits until every permit granted so far has come back whole.
    pub(crate) async fn flushed(&self) {
        let Some(epoch) = lock(&self.state).end_epoch() else { return };
        loop {
            let notified = self.idle.notified();
            if lock(&self.state).first_epoch > epoch {
                return;
            }
            notified.await;
        }
    }

    fn give_back(self: &Arc<Self>, room: Room, mut spare: Option<S>, mut body: Vec<u8>) {
        let Room { in_flight, completion, epoch } = room;
        let mut state = lock(&self.state);
        let flushed = epoch.is_some_and(|epoch| state.give_back(epoch));
        if let Some(bytes) = in_flight {
            state.messages -= 1;
            state.bytes -= bytes;
        }
        state.completions -= usize::from(completion);
        let served = if state.queue.is_empty() { Vec::new() } else { self.serve(&mut state) };
        let idle = state.messages == 0;
        if state.spares.len() < SPARES_MAX {
            state.spares.extend(spare.take());
        }
        if state.bodies.len() < SPARES_MAX && (1..=SPARE_BYTES_MAX).contains(&body.capacity()) {
            state.bodies.push(std::mem::take(&mut body));
        }
        let surplus = state.surplus();
        drop(state);
        drop((spare, body, surplus));
        if !served.is_empty() {
            for (tell, permit) in served {
                // One that gave up meanwhile drops its permit, which serves the next.
                let _ = tell.send(permit);
            }
        }
        if idle || flushed {
            self.idle.notify_waiters();
        }
    }
}

/// What comes back.
#[derive(Default)]
struct Room {
    /// Bytes of a send in flight.
    in_flight: Option<usize>,
    completion: bool,
    /// Where the permit was counted, once all of it is back.
    epoch: Option<u64>,
}

/// A place in the queue: holds the completion until the permit comes, gives it back when that is given up.
struct Place<'a, S> {
    budget: &'a Arc<Budget<S>>,
    completion: bool,
}

impl<S> Drop for Place<'_, S> {
    fn drop(&mut self) {
        if self.completion {
            self.budget.give_back(Room { completion: true, ..Room::default() }, None, Vec::new());
        }
    }
}

impl<S> State<S> {
    /// Counts one more permit in the present epoch, whose number comes back.
    fn grant(&mut self) -> u64 {
        match self.epochs.back_mut() {
            Some(count) => *count += 1,
            None => self.epochs.push_back(1),
        }
        self.first_epoch + self.epochs.len() as u64 - 1
    }

    /// One permit of `epoch` is back; whether an epoch has ended by that.
    fn give_back(&mut self, epoch: u64) -> bool {
        let index = usize::try_from(epoch - self.first_epoch).unwrap_or(usize::MAX);
        if let Some(count) = self.epochs.get_mut(index) {
            *count -= 1;
        }
        let before = self.first_epoch;
        while self.epochs.front() == Some(&0) {
            self.epochs.pop_front();
            self.first_epoch += 1;
        }
        self.first_epoch > before
    }

    /// What need not be kept when nothing is under way.
    fn surplus(&mut self) -> (Vec<S>, Vec<Vec<u8>>) {
        let rests = self.messages == 0 && self.completions == 0;
        let kept = |length: usize| if rests { length.min(SPARES_IDLE) } else { length };
        (self.spares.split_off(kept(self.spares.len())), self.bodies.split_off(kept(self.bodies.len())))
    }

    /// Begins a new epoch; the number of the one to wait for, unless no permit is out.
    fn end_epoch(&mut self) -> Option<u64> {
        if self.epochs.back().is_some_and(|count| *count > 0) {
            self.epochs.push_back(0);
        }
        let ended = self.epochs.len().checked_sub(2)?;
        Some(self.first_epoch + ended as u64)
    }
}

impl<S> Permit<S> {
    /// The network part has ended: gives back the room in flight, and the memory of the body.
    pub(crate) fn end_in_flight(&mut self, body: Vec<u8>) {
        if let Some(bytes) = self.in_flight.take() {
            let epoch = (!self.completion).then_some(self.epoch);
            self.budget.give_back(Room { in_flight: Some(bytes), completion: false, epoch }, None, body);
        }
    }

    /// The memory of an ended send's body, or none.
    pub(crate) fn take_body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }

    /// What is left of an ended send, if there is something.
    pub(crate) const fn take_spare(&mut self) -> Option<S> {
        self.spare.take()
    }

    /// Gives back everything, and what is left of the send.
    pub(crate) fn end(mut self, spare: S, body: Vec<u8>) {
        (self.spare, self.body) = (Some(spare), body);
    }
}

impl<S> Drop for Permit<S> {
    fn drop(&mut self) {
        let (in_flight, spare, body) = (self.in_flight.take(), self.spare.take(), self.take_body());
        let completion = std::mem::take(&mut self.completion);
        // Without either, its epoch has it back already.
        let epoch = (in_flight.is_some() || completion).then_some(self.epoch);
        if epoch.is_some() || spare.is_some() {
            self.budget.give_back(Room { in_flight, completion, epoch }, spare, body);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;
    use crate::runtime::wait;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn budget(messages: usize, bytes: usize, completions: usize) -> Arc<Budget<u8>> {
        Budget::new(Limits { messages, bytes, completions })
    }

    fn state(budget: &Budget<u8>) -> (usize, usize, usize, usize) {
        let state = lock(&budget.state);
        (state.messages, state.bytes, state.completions, state.queue.len())
    }

    #[test]
    fn each_limit_is_met_and_given_back() {
        let b = budget(2, 10, 3);
        let first = b.take(4, true).unwrap();
        assert_eq!(b.take(7, true).unwrap_err(), Full::InFlight, "bytes");
        let mut second = b.take(6, true).unwrap();
        assert_eq!(b.take(0, true).unwrap_err(), Full::InFlight, "messages");
        second.end_in_flight(Vec::new());
        let third = b.take(6, true).unwrap();
        assert_eq!(b.take(0, true).unwrap_err(), Full::Completions);
        assert_eq!(state(&b), (2, 10, 3, 0));
        drop((first, second, third));
        assert_eq!(state(&b), (0, 0, 0, 0));
    }

    #[test]
    fn waiters_are_served_in_turn_and_may_give_up() {
        let b = budget(1, 10, 10);
        let held = b.take(1, false).unwrap();
        let mut given_up = Box::pin(b.wait(1, true));
        let mut patient = Box::pin(b.wait(2, true));
        let soon = || Some(crate::client::world::system_now());
        assert!(wait(soon(), &mut given_up).is_none());
        assert!(wait(soon(), &mut patient).is_none());
        assert_eq!(b.take(0, false).unwrap_err(), Full::InFlight, "those who wait come first");
        drop(given_up);
        drop(held);
        let permit = wait(None, patient).unwrap().unwrap();
        assert_eq!(state(&b), (1, 2, 1, 0));
        drop(permit);
        assert_eq!(state(&b), (0, 0, 0, 0));
    }

    #[test]
    fn a_waiter_is_served_once_it_fits_and_nobody_before_it() {
        let b = budget(10, 10, 10);
        let (large, small) = (b.take(6, false).unwrap(), b.take(3, false).unwrap());
        let mut first = Box::pin(b.wait(5, false));
        let mut second = Box::pin(b.wait(1, false));
        let soon = || Some(crate::client::world::system_now());
        assert!(wait(soon(), &mut first).is_none() && wait(soon(), &mut second).is_none());
        drop(small);
        assert_eq!(state(&b), (1, 6, 0, 2), "4 bytes are free: not enough for the first");
        drop(large);
        assert_eq!(state(&b), (2, 6, 0, 0));
        drop((wait(None, first).unwrap().unwrap(), wait(None, second).unwrap().unwrap()));
        assert_eq!(state(&b), (0, 0, 0, 0));
    }

    #[test]
    fn nothing_in_flight_is_idle_and_with_completions_open_callbacks_are_not() {
        let b = budget(10, 10, 10);
        let is_idle =
            |completions| wait(Some(crate::client::world::system_now()), b.idle(completions)).is_some();
        assert!(is_idle(false) && is_idle(true));
        let mut permit = b.take(1, true).unwrap();
        assert!(!is_idle(false) && !is_idle(true));
        permit.end_in_flight(Vec::new());
        assert!(is_idle(false) && !is_idle(true));
        drop(permit);
        assert!(is_idle(true));
    }

    #[test]
    fn a_flush_is_woken_when_what_was_granted_before_it_is_back_and_by_nothing_else() {
        let b = budget(10, 10, 10);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut poll =
            |flush: &mut Pin<Box<dyn Future<Output = ()>>>| flush.as_mut().poll(&mut context).is_ready();
        let flush = || -> Pin<Box<dyn Future<Output = ()>>> {
            let b = Arc::clone(&b);
            Box::pin(async move { b.flushed().await })
        };
        assert!(poll(&mut flush()), "nothing is out");
        let (one, two) = (b.take(1, false).unwrap(), b.take(1, true).unwrap());
        let mut first = flush();
        assert!(!poll(&mut first));
        let later = b.take(1, false).unwrap();
        let mut second = flush();
        assert!(!poll(&mut second));
        let last = b.take(1, false).unwrap();
        drop((last, one));
        assert_eq!(woken.0.load(Ordering::Relaxed), 0, "woken for nothing");
        drop(two);
        assert_eq!(woken.0.swap(0, Ordering::Relaxed), 2);
        assert!(poll(&mut first) && !poll(&mut second));
        let rest = b.take(1, false).unwrap();
        drop(later);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(poll(&mut second) && !poll(&mut flush()));
        drop(rest);
        assert!(poll(&mut flush()));
    }

    #[test]
    fn what_an_ended_send_leaves_goes_to_one_that_begins_and_is_never_more_than_the_limit() {
        let b = budget(SPARES_MAX + 2, 10, SPARES_MAX + 2);
        let mut first = b.take(1, true).unwrap();
        assert_eq!((first.take_spare(), first.take_body().capacity()), (None, 0));
        first.end_in_flight(Vec::with_capacity(100));
        let mut second = b.take(1, false).unwrap();
        assert_eq!((second.take_spare(), second.take_body().capacity()), (None, 100));
        second.end_in_flight(Vec::with_capacity(SPARE_BYTES_MAX + 1));
        first.end(7, Vec::new());
        drop(second);
        assert_eq!(state(&b), (0, 0, 0, 0));
        let mut third = b.take(1, false).unwrap();
        assert_eq!(
            (third.take_spare(), third.take_spare(), third.take_body().capacity()),
            (Some(7), None, 0)
        );
        drop(third);
        let kept = || {
            let state = lock(&b.state);
            (state.spares.len(), state.bodies.len())
        };
        let last = b.take(0, false).unwrap();
        let all: Vec<_> = (0..=SPARES_MAX).map(|_| b.take(0, false).unwrap()).collect();
        all.into_iter().for_each(|permit| permit.end(8, Vec::with_capacity(1)));
        assert_eq!(kept(), (SPARES_MAX, SPARES_MAX));
        // What is not taken goes back.
        drop(b.take(0, false).unwrap());
        assert_eq!(kept(), (SPARES_MAX, SPARES_MAX));
        drop(last);
        assert_eq!(kept(), (SPARES_IDLE, SPARES_IDLE), "nothing is under way");
    }

    #[test]
    fn a_permit_granted_to_one_that_is_gone_goes_to_the_next() {
        let b = budget(1, 10, 10);
        let held = b.take(1, false).unwrap();
        let mut first = Box::pin(b.wait(1, true));
        assert!(wait(Some(crate::client::world::system_now()), &mut first).is_none());
        drop(held);
        assert_eq!(state(&b), (1, 1, 1, 0), "granted, not yet taken");
        drop(first);
        assert_eq!(state(&b), (0, 0, 0, 0));
    }
}
