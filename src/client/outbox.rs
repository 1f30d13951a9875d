//! Where senders and a connection's task meet: frames encoded by the senders, taken whole by the task.
//!
//! Bounded: what is encoded stays below [`ENCODED_BYTES_MAX`] and one frame, what cannot be encoded yet
//! waits as requests, whose number and bytes the producers' in-flight permits bound.

#[path = "outbox/ahead.rs"]
mod ahead;

use std::collections::VecDeque;
use std::task::Waker;

use protocol::HeaderFormat;
use tokio::time::Instant;

use crate::client::broker::{Cut, NOBODY, Request};
use crate::client::call_error::CallError;
use crate::client::write_buf::WriteBuf;

use ahead::Exchanged;
pub(crate) use ahead::{Ahead, Awaited, Back, Heard, Lent, OwnAnswer};

/// Encoded bytes that may wait while the task writes: what is encoded will be written also when its time is
/// over, if the socket takes it again.
const ENCODED_BYTES_MAX: u64 = 256 * 1024;

/// A write below this size costs as much as one of it.
const HELD_BYTES_MAX: u64 = 64 * 1024;

/// A request whose frame is encoded.
pub(crate) struct Entry {
    pub(crate) opaque: i32,
    /// Where the frame ends in its buffer; the task turns it into a position in the stream.
    pub(crate) end: u64,
    pub(crate) request: Box<dyn Request>,
    /// Of the request, read where it was made: its memory is another core's by the time the task takes it.
    pub(crate) deadline: Option<Instant>,
    pub(crate) is_oneway: bool,
    /// Whether it is an owner's.
    pub(crate) is_owned: bool,
}

/// Whether frames may be encoded at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// No connection, or its socket takes no more: requests wait.
    Waiting,
    /// The task takes what is encoded as soon as it is woken.
    Open,
    /// Connecting failed lately: until the next attempt is due, requests are refused with the reason, those
    /// excepted that have nowhere else to go.
    Down,
    /// The task has ended and nothing is taken any more.
    Closed,
}

/// What the senders put in and the task takes out.
pub(crate) struct Outbox {
    phase: Phase,
    /// Why connecting failed, while the phase is [`Phase::Down`]; why nothing is taken, while it is
    /// [`Phase::Closed`].
    refusal: Option<CallError>,
    format: HeaderFormat,
    buffer: WriteBuf,
    entries: Vec<Entry>,
    waiting: VecDeque<Box<dyn Request>>,
    /// No request in `waiting` ends earlier.
    waiting_deadline: Option<Instant>,
    next_opaque: i32,
    /// Set while the task sleeps.
    waker: Option<Waker>,
    /// The task sleeps although frames may be encoded: it comes soon by itself.
    holds: bool,
    lent: Option<Lent>,
    ahead: Option<Ahead>,
    exchanged: Exchanged,
    pub(crate) control: Control,
    /// The task has a stream.
    pub(crate) connected: bool,
    /// What the peer's answers over this connection name; `None` until the first. A frame is written to no other
    /// connection than the one that is open when it is encoded.
    pub(crate) peer_version: Option<i32>,
    /// Somebody waits until it is no longer crowded.
    relief_wanted: bool,
}

/// What the instance asks of the task.
#[derive(Default)]
pub(crate) struct Control {
    /// End these requests.
    pub(crate) cut: Vec<Cut>,
    /// Connect although nothing waits.
    pub(crate) connect: bool,
    /// Write what is there, half-close, end.
    pub(crate) stop: bool,
    /// End once nothing is open.
    pub(crate) retire: bool,
}

impl Control {
    /// Whether it asks for anything that a connection must do or end for.
    fn is_pressing(&self) -> bool {
        self.stop || self.retire || !self.cut.is_empty()
    }
}

/// A request that was not taken, and why.
pub(crate) type Refused = (Box<dyn Request>, CallError);

impl Outbox {
    pub(crate) fn new(format: HeaderFormat) -> Self {
        Self {
            phase: Phase::Waiting,
            refusal: None,
            format,
            buffer: WriteBuf::default(),
            entries: Vec::new(),
            waiting: VecDeque::new(),
            waiting_deadline: None,
            next_opaque: 0,
            waker: None,
            holds: false,
            lent: None,
            ahead: None,
            exchanged: Exchanged::default(),
            control: Control::default(),
            connected: false,
            peer_version: None,
            relief_wanted: false,
        }
    }

    /// Takes a request. The waker, if there is one, must be woken once the lock is free.
    pub(crate) fn submit(
        &mut self,
        request: Box<dyn Request>,
        awaited: Option<Awaited>,
    ) -> Result<Option<Waker>, Refused> {
        match self.phase {
            Phase::Closed => Err((request, self.refusal())),
            Phase::Down if !request.is_patient() => Err((request, self.refusal())),
            Phase::Open if self.waiting.is_empty() && self.buffer.total() < ENCODED_BYTES_MAX => {
                let first = self.entries.is_empty();
                let request = self.admitted(request)?;
                let opaque = self.take_opaque();
                encode(&mut self.buffer, &mut self.entries, (opaque, self.format), request)?;
                let alone = awaited.filter(|_| first);
                let held = self.holds && self.has_little();
                let needs_task = !held && alone.is_none_or(|awaited| !self.write_ahead(awaited, opaque));
                Ok(if needs_task { self.waker.take() } else { None })
            }
            Phase::Open | Phase::Waiting | Phase::Down => {
                let deadline = request.deadline();
                let first = self.waiting.is_empty();
                let sooner = match (deadline, self.waiting_deadline) {
                    (Some(new), Some(old)) => new < old,
                    (Some(_), None) => true,
                    (None, _) => false,
                };
                if sooner {
                    self.waiting_deadline = deadline;
                }
                self.waiting.push_back(request);
                Ok(if first || sooner { self.waker.take() } else { None })
            }
        }
    }

    /// Whether senders are quicker than the task, although the socket takes what it writes.
    pub(crate) fn is_crowded(&self) -> bool {
        self.phase == Phase::Open && !self.waiting.is_empty()
    }

    /// Somebody waits for [`Self::take_relief`].
    pub(crate) const fn want_relief(&mut self) {
        self.relief_wanted = true;
    }

    /// Whether somebody is to be told that it is not crowded any more.
    pub(crate) fn take_relief(&mut self) -> bool {
        self.relief_wanted && !self.is_crowded() && std::mem::take(&mut self.relief_wanted)
    }

    /// The request, if the peer is not too old for it.
    fn admitted(&self, request: Box<dyn Request>) -> Result<Box<dyn Request>, Refused> {
        let least = request.version_min();
        match self.peer_version {
            _ if least == 0 => Ok(request),
            None => Err((request, CallError::VersionUnknown)),
            Some(version) if version < least => Err((request, CallError::TooOld { version })),
            Some(_) => Ok(request),
        }
    }

    fn refusal(&self) -> CallError {
        self.refusal.clone().unwrap_or(CallError::Closed { sent: false })
    }

    pub(crate) const fn format(&self) -> HeaderFormat {
        self.format
    }

    /// Refuses requests with `error` for now, and takes those that wait, patient ones only if they are not to be
    /// spared.
    pub(crate) fn go_down(&mut self, error: CallError, spare_patient: bool) -> Vec<Box<dyn Request>> {
        self.phase = Phase::Down;
        self.refusal = Some(error);
        if spare_patient { self.take_waiting(|request| !request.is_patient()) } else { self.drain() }
    }

    /// Takes nothing any more, and gives what is there.
    pub(crate) fn close(&mut self, error: CallError) -> Vec<Box<dyn Request>> {
        self.phase = Phase::Closed;
        self.refusal = Some(error);
        self.drain()
    }

    /// Lets what is encoded and was not taken wait for the next connection, before what waits already.
    pub(crate) fn requeue(&mut self) {
        self.phase = Phase::Waiting;
        for request in self.drain_encoded().into_iter().rev() {
            self.waiting.push_front(request);
        }
        self.waiting_deadline = self.waiting.iter().filter_map(|request| request.deadline()).min();
    }

    /// Whether nothing is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Requests that are there.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.waiting.len()
    }

    pub(crate) fn take_opaque(&mut self) -> i32 {
        let opaque = self.next_opaque;
        self.next_opaque = opaque.wrapping_add(1) & i32::MAX;
        opaque
    }

    /// Remembers whom to wake when something comes, or answers `false`: something is there already. An order
    /// to stop counts until the task has seen it.
    pub(crate) fn sleep(&mut self, waker: &Waker, stop_seen: bool) -> bool {
        let work = !self.control.cut.is_empty()
            || (self.control.stop && !stop_seen)
            || (self.phase == Phase::Open && !(self.entries.is_empty() && self.waiting.is_empty()));
        self.holds = false;
        if !work {
            self.remember(waker);
        }
        !work
    }

    /// The same for a task that comes soon in any case: a few frames may be there and may come, and wake nobody. Not
    /// while it is asked for anything else.
    pub(crate) fn hold(&mut self, waker: &Waker) -> bool {
        let little = self.has_little() && self.waiting.is_empty();
        self.holds = self.phase == Phase::Open && little && !self.control.is_pressing();
        if self.holds {
            self.remember(waker);
        }
        self.holds
    }

    /// Whether what is encoded is worth no write of its own.
    const fn has_little(&self) -> bool {
        self.buffer.total() < HELD_BYTES_MAX
    }

    fn remember(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|present| present.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    /// Whether there is a reason to connect.
    pub(crate) fn wants_connection(&self) -> bool {
        !self.waiting.is_empty() || self.control.connect
    }

    /// Whom to wake after a change of `control`.
    pub(crate) const fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) const fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// No request that waits ends before this.
    pub(crate) const fn waiting_deadline(&self) -> Option<Instant> {
        self.waiting_deadline
    }

    /// Takes what is encoded, in exchange for the empty buffers given.
    pub(crate) const fn take_encoded(&mut self, buffer: &mut WriteBuf, entries: &mut Vec<Entry>) {
        std::mem::swap(&mut self.buffer, buffer);
        std::mem::swap(&mut self.entries, entries);
    }

    /// Takes what is encoded and then what waits, up to the bound; gives back what makes no frame.
    pub(crate) fn take(&mut self, buffer: &mut WriteBuf, entries: &mut Vec<Entry>) -> Vec<Refused> {
        self.take_encoded(buffer, entries);
        let mut refused = Vec::new();
        while buffer.total() < ENCODED_BYTES_MAX {
            let Some(request) = self.waiting.pop_front() else {
                self.waiting_deadline = None;
                break;
            };
            let opaque = self.take_opaque();
            let admitted = self.admitted(request);
            let encoded = admitted.and_then(|it| encode(buffer, entries, (opaque, self.format), it));
            if let Err(error) = encoded {
                refused.push(error);
            }
        }
        refused
    }

    /// Takes the waiting requests that ended by `now`.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Box<dyn Request>> {
        let mut expired = Vec::new();
        if self.waiting_deadline.is_some_and(|deadline| deadline <= now) {
            let over = |request: &dyn Request| request.deadline().is_some_and(|deadline| deadline <= now);
            expired = self.take_waiting(over);
        }
        expired
    }

    /// Takes the waiting requests for which `which` holds.
    pub(crate) fn take_waiting(
        &mut self,
        mut which: impl FnMut(&dyn Request) -> bool,
    ) -> Vec<Box<dyn Request>> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::with_capacity(self.waiting.len());
        for request in self.waiting.drain(..) {
            if which(&*request) { taken.push(request) } else { kept.push_back(request) }
        }
        self.waiting = kept;
        self.waiting_deadline = self.waiting.iter().filter_map(|request| request.deadline()).min();
        taken
    }

    /// Whether frames wait for the task.
    pub(crate) const fn has_encoded(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Takes what is encoded: the connection is gone, so none of it was or will be written.
    pub(crate) fn drain_encoded(&mut self) -> Vec<Box<dyn Request>> {
        self.buffer.clear();
        self.entries.drain(..).map(|entry| entry.request).collect()
    }

    /// Takes everything: the connection is gone, so nothing that is encoded here was or will be written.
    pub(crate) fn drain(&mut self) -> Vec<Box<dyn Request>> {
        let mut all = self.drain_encoded();
        all.extend(self.waiting.drain(..));
        self.waiting_deadline = None;
        all
    }
}

fn encode(
    buffer: &mut WriteBuf,
    entries: &mut Vec<Entry>,
    (opaque, format): (i32, HeaderFormat),
    request: Box<dyn Request>,
) -> Result<(), Refused> {
    match request.encode(opaque, format, buffer) {
        Ok(()) => {
            entries.push(Entry {
                opaque,
                end: buffer.total(),
                deadline: request.deadline(),
                is_oneway: request.is_oneway(),
                is_owned: request.owner() != NOBODY,
                request,
            });
            Ok(())
        }
        Err(error) => Err((request, CallError::Encode(error))),
    }
}

#[cfg(test)]
#[path = "outbox/tests.rs"]
mod tests;
