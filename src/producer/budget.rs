//! The two limits of a producer: sends in flight, by number and bytes, and completions that the application
//! has not taken. A permit gives back what it holds when it is dropped, so nothing can leak.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::runtime::lock;
use crate::sync::{Mutex, MutexGuard, Notify, oneshot};

/// What may be held at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) completions: usize,
}

/// What is held now.
pub(crate) struct Holding {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) completions: usize,
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Room comes back when a send in flight ends.
    InFlight,
    /// Room comes back when a callback returns or an event is polled.
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
    /// Notified when nothing is in flight and when an epoch has ended.
    idle: Notify,
}

struct State<S> {
    messages: usize,
    bytes: usize,
    completions: usize,
    /// First come, first served.
    queue: VecDeque<Waiting<S>>,
    /// Sends whose end is not told, by epoch, the present one last: each flush begins a new one, so that it waits for
    /// what was granted before it alone. An event that lies in a queue is told.
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
    room: Room,
    /// What an ended send left, until it is taken.
    spare: Option<S>,
    body: Vec<u8>,
}

/// The room of one send, taken out of its permit: whoever holds it gives it back.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Room {
    /// Bytes in flight.
    in_flight: Option<usize>,
    completion: bool,
    /// Where it is counted until its end is told.
    epoch: Option<u64>,
}

impl Room {
    /// The epoch, if it comes back with the room in flight: otherwise a callback or an event tells the end later.
    fn epoch_without_completion(&mut self) -> Option<u64> {
        if self.completion { None } else { self.epoch.take() }
    }

    /// Bytes in flight, until they come back.
    pub(crate) const fn in_flight(&self) -> Option<usize> {
        self.in_flight
    }

    /// The epoch, to come back when the end is told.
    pub(crate) const fn take_epoch(&mut self) -> Option<u64> {
        self.epoch.take()
    }
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
        permit.room.completion = std::mem::take(&mut place.completion);
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
            room: Room { in_flight: Some(bytes), completion, epoch: Some(epoch) },
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

    /// What is held.
    pub(crate) fn held(&self) -> Holding {
        let state = lock(&self.state);
        Holding { messages: state.messages, bytes: state.bytes, completions: state.completions }
    }

    /// Waits until nothing is in flight.
    pub(crate) async fn idle(&self) {
        self.until(|state| state.messages == 0).await;
    }

    /// Waits until the end of every send is told: its callback has returned, its event lies in a queue.
    pub(crate) async fn told(&self) {
        self.until(|state| state.messages == 0 && state.epochs.iter().all(|count| *count == 0)).await;
    }

    /// What to wait for, from now on, until the end of all sends so far is told; `None` when it is.
    pub(crate) fn end_epoch(&self) -> Option<u64> {
        lock(&self.state).end_epoch()
    }

    /// Waits for an epoch that [`Self::end_epoch`] has ended.
    pub(crate) async fn flushed(&self, epoch: Option<u64>) {
        if let Some(epoch) = epoch {
            self.until(|state| state.first_epoch > epoch).await;
        }
    }

    async fn until(&self, reached: impl Fn(&State<S>) -> bool) {
        loop {
            let notified = self.idle.notified();
            if reached(&lock(&self.state)) {
                return;
            }
            notified.await;
        }
    }

    /// Room for the end of something that is no send.
    pub(crate) fn take_completion(&self) -> Result<Room, Full> {
        let mut state = lock(&self.state);
        self.check_completion(&state, true)?;
        state.completions += 1;
        Ok(Room { in_flight: None, completion: true, epoch: None })
    }

    /// The end of these sends is told, although their completions are still held.
    pub(crate) fn end_told(self: &Arc<Self>, epochs: &mut Vec<u64>) {
        let mut state = lock(&self.state);
        let mut flushed = false;
        for epoch in epochs.drain(..) {
            flushed |= state.give_back(epoch);
        }
        self.settle(state, flushed, false);
    }

    /// As [`Self::end_in_flight`] and [`Self::end`] for many sends at once, under one lock.
    pub(crate) fn end_all(self: &Arc<Self>, ended: &mut Ended<S>) {
        let mut state = lock(&self.state);
        let mut flushed = false;
        for epoch in ended.epochs.drain(..) {
            flushed |= state.give_back(epoch);
        }
        let landed = ended.messages > 0;
        state.messages -= std::mem::take(&mut ended.messages);
        state.bytes -= std::mem::take(&mut ended.bytes);
        state.completions -= std::mem::take(&mut ended.completions);
        let room = SPARES_MAX - state.spares.len().min(SPARES_MAX);
        let from = ended.spares.len().saturating_sub(room);
        state.spares.extend(ended.spares.drain(from..));
        let room = SPARES_MAX - state.bodies.len().min(SPARES_MAX);
        let from = ended.bodies.len().saturating_sub(room);
        state.bodies.extend(ended.bodies.drain(from..));
        self.settle(state, flushed, landed);
        ended.spares.clear();
        ended.bodies.clear();
    }

    /// The network part of a send has ended: its room in flight comes back, with the memory of its body.
    pub(crate) fn end_in_flight(self: &Arc<Self>, room: &mut Room, body: Vec<u8>) {
        if let Some(bytes) = room.in_flight.take() {
            let epoch = room.epoch_without_completion();
            self.give_back(Back { in_flight: Some(bytes), completion: false, epoch }, None, body);
        }
    }

    /// Everything comes back that a send still has, and what is left of it.
    pub(crate) fn end(self: &Arc<Self>, room: Room, spare: Option<S>, body: Vec<u8>) {
        let Room { in_flight, completion, epoch } = room;
        if in_flight.is_some() || completion || epoch.is_some() || spare.is_some() {
            self.give_back(Back { in_flight, completion, epoch }, spare, body);
        }
    }

    fn give_back(self: &Arc<Self>, back: Back, mut spare: Option<S>, mut body: Vec<u8>) {
        let mut state = lock(&self.state);
        let flushed = back.epoch.is_some_and(|epoch| state.give_back(epoch));
        if let Some(bytes) = back.in_flight {
            state.messages -= 1;
            state.bytes -= bytes;
        }
        state.completions -= usize::from(back.completion);
        if state.spares.len() < SPARES_MAX {
            state.spares.extend(spare.take());
        }
        if state.bodies.len() < SPARES_MAX && is_kept(&body) {
            state.bodies.push(std::mem::take(&mut body));
        }
        self.settle(state, flushed, back.in_flight.is_some());
    }

    /// Room came back: serves those who wait for it, and tells those who wait for the end of something, of an epoch or
    /// of what was in flight and has `landed`.
    fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State<S>>, flushed: bool, landed: bool) {
        let served = if state.queue.is_empty() { Vec::new() } else { self.serve(&mut state) };
        let idle = landed && state.messages == 0;
        let surplus = state.surplus();
        drop(state);
        drop(surplus);
        for (tell, permit) in served {
            // One that gave up meanwhile drops its permit, which serves the next.
            let _ = tell.send(permit);
        }
        if idle || flushed {
            self.idle.notify_waiters();
        }
    }

    /// Lets go of all that ended sends left.
    pub(crate) fn clear(&self) {
        let mut state = lock(&self.state);
        let left = (std::mem::take(&mut state.spares), std::mem::take(&mut state.bodies));
        drop(state);
        drop(left);
    }
}

/// Whether the memory of a body is worth keeping.
fn is_kept(body: &Vec<u8>) -> bool {
    (1..=SPARE_BYTES_MAX).contains(&body.capacity())
}

/// What many sends give back.
pub(crate) struct Ended<S> {
    messages: usize,
    bytes: usize,
    completions: usize,
    epochs: Vec<u64>,
    spares: Vec<S>,
    bodies: Vec<Vec<u8>>,
}

impl<S> Default for Ended<S> {
    fn default() -> Self {
        Self {
            messages: 0,
            bytes: 0,
            completions: 0,
            epochs: Vec::new(),
            spares: Vec::new(),
            bodies: Vec::new(),
        }
    }
}

impl<S> Ended<S> {
    /// The network part of a send has ended, with which its room in flight comes back and the memory of its body.
    pub(crate) fn add(&mut self, room: &mut Room, body: Vec<u8>) {
        let Some(bytes) = room.in_flight.take() else { return };
        self.messages += 1;
        self.bytes += bytes;
        self.epochs.extend(room.epoch_without_completion());
        if is_kept(&body) {
            self.bodies.push(body);
        }
    }

    /// The end of a send is taken, with which the room of its completion comes back.
    pub(crate) fn add_completion(&mut self, room: &mut Room) {
        self.completions += usize::from(std::mem::take(&mut room.completion));
    }

    /// What is left of a send that has nothing to give back any more.
    pub(crate) fn add_spare(&mut self, spare: S) {
        self.spares.push(spare);
    }

    /// Whether nothing comes back.
    pub(crate) const fn is_empty(&self) -> bool {
        self.messages == 0 && self.completions == 0 && self.spares.is_empty()
    }
}

/// What comes back.
#[derive(Default)]
struct Back {
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
            self.budget.give_back(Back { completion: true, ..Back::default() }, None, Vec::new());
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
    fn surplus(&mut self) -> Option<(Vec<S>, Vec<Vec<u8>>)> {
        let rests = self.messages == 0 && self.completions == 0;
        if !rests || self.spares.len().max(self.bodies.len()) <= SPARES_IDLE {
            return None;
        }
        let kept = |length: usize| length.min(SPARES_IDLE);
        Some((self.spares.split_off(kept(self.spares.len())), self.bodies.split_off(kept(self.bodies.len()))))
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
    /// The memory of an ended send's body, or none.
    pub(crate) fn take_body(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }

    /// What is left of an ended send, if there is something.
    pub(crate) const fn take_spare(&mut self) -> Option<S> {
        self.spare.take()
    }

    /// The room, to be given back to the budget by whoever has it from now on.
    pub(crate) fn into_room(mut self) -> Room {
        std::mem::take(&mut self.room)
    }
}

impl<S> Drop for Permit<S> {
    fn drop(&mut self) {
        let (room, spare, body) = (std::mem::take(&mut self.room), self.spare.take(), self.take_body());
        self.budget.end(room, spare, body);
    }
}

#[cfg(test)]
#[path = "budget/tests.rs"]
mod tests;
