//! Where senders and a connection's task meet: frames encoded by the senders, taken whole by the task.
//!
//! Bounded: what is encoded stays below [`ENCODED_BYTES_MAX`] and one frame, what cannot be encoded yet
//! waits as requests, whose number and bytes the producers' in-flight permits bound.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::task::Waker;

use bytes::Bytes;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::broker::{CallError, Request};

/// Encoded bytes that may wait while the task writes.
const ENCODED_BYTES_MAX: usize = 256 * 1024;
/// A body of this size or more is not copied between the frames but written from where it lies.
const PIECE_BYTES_MIN: usize = 8 * 1024;

/// Bytes to write: heads and small bodies in one buffer, large bodies as shared pieces in between.
#[derive(Default)]
pub struct WriteBuf {
    bytes: Vec<u8>,
    /// Each stands before `bytes[at]`.
    pieces: VecDeque<Piece>,
    /// Bytes of `bytes` that were written.
    written: usize,
    /// Everything ever put in, pieces included, since the last [`Self::clear`].
    total: u64,
}

struct Piece {
    at: usize,
    body: Bytes,
}

impl WriteBuf {
    /// Puts one frame in: `head` writes prefix and header, `body` follows.
    pub fn frame(
        &mut self,
        body: &Bytes,
        head: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let before = self.bytes.len();
        head(&mut self.bytes).inspect_err(|_| self.bytes.truncate(before))?;
        if body.len() >= PIECE_BYTES_MIN {
            self.pieces.push_back(Piece { at: self.bytes.len(), body: body.clone() });
            self.total += body.len() as u64;
        } else {
            self.bytes.extend_from_slice(body);
        }
        self.total += (self.bytes.len() - before) as u64;
        Ok(())
    }

    /// Whether all was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.written == self.bytes.len()
    }

    /// All bytes put in since the last clear.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
        self.written = 0;
        self.total = 0;
    }

    /// The next bytes to write, as many pieces as fit; how many of `slices` are used.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut from = self.written;
        let mut used = 0;
        let mut out = slices.iter_mut();
        let mut put = |bytes: &'a [u8]| {
            if bytes.is_empty() {
                return true;
            }
            let Some(slot) = out.next() else { return false };
            *slot = IoSlice::new(bytes);
            used += 1;
            true
        };
        for piece in &self.pieces {
            if !put(self.bytes.get(from..piece.at).unwrap_or_default()) || !put(&piece.body) {
                return used;
            }
            from = piece.at;
        }
        put(self.bytes.get(from..).unwrap_or_default());
        used
    }

    /// Counts `count` bytes as written.
    pub(crate) fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                self.written = self.bytes.len().min(self.written + count);
                return;
            };
            let before = piece.at - self.written;
            if count < before {
                self.written += count;
                return;
            }
            self.written = piece.at;
            count -= before;
            let of_piece = count.min(piece.body.len());
            let _ = piece.body.split_to(of_piece);
            count -= of_piece;
            if piece.body.is_empty() {
                self.pieces.pop_front();
            } else {
                return;
            }
        }
    }
}

/// A request whose frame is encoded.
pub(crate) struct Entry {
    pub(crate) opaque: i32,
    /// Where the frame ends in its buffer; the task turns it into a position in the stream.
    pub(crate) end: u64,
    pub(crate) request: Box<dyn Request>,
}

/// Whether frames may be encoded at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// No connection, or its socket takes no more: requests wait.
    Waiting,
    /// The task takes what is encoded as soon as it is woken.
    Open,
    /// Connecting failed lately: requests are refused with the reason until the next attempt is due.
    Down,
    /// The task has ended and nothing is taken any more.
    Closed,
}

/// What the senders put in and the task takes out.
pub(crate) struct Outbox {
    phase: Phase,
    /// Why connecting failed, while the phase is [`Phase::Down`].
    down: Option<CallError>,
    format: HeaderFormat,
    buffer: WriteBuf,
    entries: Vec<Entry>,
    waiting: VecDeque<Box<dyn Request>>,
    /// No request in `waiting` ends earlier.
    waiting_deadline: Option<Instant>,
    next_opaque: i32,
    /// Set while the task sleeps.
    waker: Option<Waker>,
    pub(crate) control: Control,
    /// The task has a stream.
    pub(crate) connected: bool,
}

/// What the instance asks of the task.
#[derive(Default)]
pub(crate) struct Control {
    /// End the requests of these owners.
    pub(crate) cut: Vec<u64>,
    /// Connect although nothing waits.
    pub(crate) connect: bool,
    /// Write what is there, half-close, end.
    pub(crate) stop: bool,
}

/// A request that was not taken, and why.
pub(crate) type Refused = (Box<dyn Request>, CallError);

impl Outbox {
    pub(crate) fn new(format: HeaderFormat) -> Self {
        Self {
            phase: Phase::Waiting,
            down: None,
            format,
            buffer: WriteBuf::default(),
            entries: Vec::new(),
            waiting: VecDeque::new(),
            waiting_deadline: None,
            next_opaque: 0,
            waker: None,
            control: Control::default(),
            connected: false,
        }
    }

    /// Takes a request. The waker, if there is one, must be woken once the lock is free.
    pub(crate) fn submit(&mut self, request: Box<dyn Request>) -> Result<Option<Waker>, Refused> {
        match self.phase {
            Phase::Closed => Err((request, CallError::Closed)),
            Phase::Down => {
                let error = self.down.clone().unwrap_or(CallError::Closed);
                Err((request, error))
            }
            Phase::Open if self.waiting.is_empty() && self.buffer.bytes.len() < ENCODED_BYTES_MAX => {
                let idle = self.entries.is_empty();
                let opaque = self.take_opaque();
                encode(&mut self.buffer, &mut self.entries, (opaque, self.format), request)?;
                Ok(if idle { self.waker.take() } else { None })
            }
            Phase::Open | Phase::Waiting => {
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

    pub(crate) const fn format(&self) -> HeaderFormat {
        self.format
    }

    /// Refuses requests with `error` for now, and takes those that wait.
    pub(crate) fn go_down(&mut self, error: CallError) -> Vec<Box<dyn Request>> {
        self.phase = Phase::Down;
        self.down = Some(error);
        self.drain()
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
        if !work && !self.waker.as_ref().is_some_and(|present| present.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
        !work
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
        while buffer.bytes.len() < ENCODED_BYTES_MAX {
            let Some(request) = self.waiting.pop_front() else {
                self.waiting_deadline = None;
                break;
            };
            let opaque = self.take_opaque();
            if let Err(error) = encode(buffer, entries, (opaque, self.format), request) {
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
            entries.push(Entry { opaque, end: buffer.total(), request });
            Ok(())
        }
        Err(error) => Err((request, CallError::Encode(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(buffer: &mut WriteBuf, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !buffer.is_empty() {
            let mut slices = [IoSlice::new(&[]), IoSlice::new(&[]), IoSlice::new(&[])];
            let used = buffer.slices(&mut slices);
            let flat: Vec<u8> = slices[..used].iter().flat_map(|slice| slice.iter().copied()).collect();
            let count = flat.len().min(step);
            assert!(count > 0, "something is left and nothing is offered");
            all.extend_from_slice(&flat[..count]);
            buffer.advance(count);
        }
        all
    }

    #[test]
    fn bytes_come_out_in_order_whatever_the_socket_takes() {
        let large = Bytes::from(vec![7; PIECE_BYTES_MIN]);
        let small = Bytes::from_static(b"small");
        let mut expected = Vec::new();
        for (index, body) in [&small, &large, &large, &small, &large].into_iter().enumerate() {
            expected.extend_from_slice(&[index as u8; 3]);
            expected.extend_from_slice(body);
        }
        for step in [1, 2, 3, 7, PIECE_BYTES_MIN - 1, PIECE_BYTES_MIN, PIECE_BYTES_MIN + 4, usize::MAX] {
            let mut buffer = WriteBuf::default();
            for (index, body) in [&small, &large, &large, &small, &large].into_iter().enumerate() {
                let head = |out: &mut Vec<u8>| {
                    out.extend_from_slice(&[index as u8; 3]);
                    Ok(())
                };
                buffer.frame(body, head).unwrap();
            }
            assert_eq!(buffer.total(), expected.len() as u64);
            assert!(written(&mut buffer, step) == expected, "step {step}");
        }
    }
}
