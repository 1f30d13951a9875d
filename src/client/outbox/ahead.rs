//! What senders do instead of the task while it sleeps: whoever waits for an answer writes the request himself and,
//! where the task has left the socket too, reads the answer.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use protocol::codes::response;
use protocol::command::Head;
use protocol::frame::{self, FRAME_BYTES_MAX, Frame};
use tokio::time::Instant;

use super::{Outbox, Phase};
use crate::client::broker::Request;
use crate::client::world::{Ear, Pen};
use crate::client::write_buf::SLICES_MAX;

/// What a sender writes himself, if he may, while others wait for the lock.
pub(super) const WRITTEN_AHEAD_MAX: u64 = 64 * 1024;

/// What the task lends while it sleeps and nothing is open.
pub(crate) struct Lent {
    pub(crate) pen: Box<dyn Pen>,
    /// When the task wakes in any case: nobody has to wake it for what ends later.
    pub(crate) until: Option<Instant>,
    /// Set while nothing that comes over the socket wakes the task: whoever writes must read too.
    pub(crate) ear: Option<Arc<dyn Ear>>,
}

/// What somebody who waits for his answer says of himself.
#[derive(Clone, Copy)]
pub(crate) struct Awaited {
    /// When it is.
    pub(crate) at: Instant,
    /// He reads it himself if he is asked to.
    pub(crate) listens: bool,
    /// When it ends without an answer.
    pub(crate) until: Option<Instant>,
}

/// What a sender wrote of the buffer, with the pen that was lent.
pub(crate) struct Ahead {
    pub(crate) bytes: usize,
    pub(crate) at: Instant,
    opaque: i32,
}

/// What the task gets back.
#[derive(Default)]
pub(crate) struct Back {
    pub(crate) pen: Option<Box<dyn Pen>>,
    pub(crate) ear: Option<Arc<dyn Ear>>,
    /// Of the buffer, which has not been taken.
    pub(crate) ahead: Option<Ahead>,
    pub(crate) done: Exchanged,
}

/// What became of requests without the task.
#[derive(Default)]
pub(crate) struct Exchanged {
    /// Bytes of those that were answered.
    pub(crate) bytes: u64,
    /// When the last of them was written, or the first could be.
    pub(crate) last: Option<Instant>,
    /// What one read who had nothing to do with it.
    pub(crate) overheard: Vec<u8>,
}

/// What one finds who listens.
#[expect(
    clippy::large_enum_variant,
    reason = "it stays where it is made, and memory of its own would cost more"
)]
pub(crate) enum Heard<'a> {
    /// Nothing yet.
    Nothing,
    /// The answer to his request, which is his again.
    Answer(OwnAnswer<'a>),
    /// He has nothing to do with it any more; the task is to be woken.
    Over(Option<Waker>),
}

/// An answer to a request that its sender wrote.
pub(crate) struct OwnAnswer<'a> {
    pub(crate) request: Box<dyn Request>,
    pub(crate) ahead: Ahead,
    pub(crate) head: Head<'a>,
    pub(crate) frame: Frame<'a>,
}

impl Outbox {
    /// Writes the one frame that is encoded, if that is allowed: who waits for its answer is spared the way over the
    /// task. Whether the task may sleep on until the answer comes, or its sender listens for it. What the socket does
    /// not take, and any error, is left to the task.
    pub(super) fn write_ahead(&mut self, awaited: Awaited, opaque: i32) -> bool {
        let small = self.buffer.total() <= WRITTEN_AHEAD_MAX;
        let Some(lent) = self.lent.as_ref().filter(|lent| small && (lent.ear.is_none() || awaited.listens))
        else {
            return false;
        };
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let used = self.buffer.slices(&mut slices);
        let Ok(bytes) = lent.pen.write(slices.get(..used).unwrap_or_default()) else { return false };
        let in_time = lent.ear.is_some()
            || awaited.until.is_none_or(|end| lent.until.is_some_and(|until| until <= end));
        self.buffer.advance(bytes);
        self.ahead = Some(Ahead { bytes, at: awaited.at, opaque });
        in_time && self.buffer.is_empty()
    }

    /// Lets senders write until it is taken back, which is before the task does anything else.
    pub(crate) fn lend(&mut self, lent: Lent, now: Instant) {
        self.exchanged.last = lent.ear.as_ref().map(|_| now);
        self.lent = Some(lent);
    }

    /// Takes back what was lent, and what there is to know of what was done with it.
    pub(crate) fn take_back(&mut self) -> Back {
        let (pen, ear) = self.lent.take().map_or((None, None), |lent| (Some(lent.pen), lent.ear));
        Back { pen, ear, ahead: self.ahead.take(), done: std::mem::take(&mut self.exchanged) }
    }

    /// Whether a sender wrote the frame that the task has not taken.
    pub(crate) const fn is_ahead(&self) -> bool {
        self.ahead.is_some()
    }

    /// By what the sender of the request that was just taken reads its answer, if nobody else does, and its number.
    pub(crate) fn unheard(&self) -> Option<(Arc<dyn Ear>, i32)> {
        let (ahead, lent) = (self.ahead.as_ref()?, self.lent.as_ref()?);
        let ear = Arc::clone(lent.ear.as_ref()?);
        let is_own = self.entries.len() == 1 && self.buffer.is_empty();
        is_own.then_some((ear, ahead.opaque))
    }

    /// Until when the task may leave the socket to others, if there is nothing that it has to do: so long after the last
    /// request was written. Whoever waits longer for its answer leaves it to the task, which would else not know when he
    /// has it, and to watch for what comes then.
    pub(crate) fn left_until(&mut self, waker: &Waker, quiet: Duration) -> Option<Instant> {
        let has_ear = self.lent.as_ref().is_some_and(|lent| lent.ear.is_some());
        // Whatever was put in beside the one that was written ahead is in the buffer, or stands behind a full one.
        if !has_ear || !self.buffer.is_empty() || self.control.is_pressing() || self.phase != Phase::Open {
            return None;
        }
        let last = self.ahead.as_ref().map(|ahead| ahead.at).or(self.exchanged.last)?;
        self.waker = Some(waker.clone());
        Some(last + quiet)
    }

    /// Reads into `room` for the sender of the request with this number, unless `is_there` says that he waited in vain.
    pub(crate) fn hear<'a>(&mut self, opaque: i32, is_there: bool, room: &'a mut [u8]) -> Heard<'a> {
        let is_own = self.entries.len() == 1 && self.ahead.as_ref().is_some_and(|it| it.opaque == opaque);
        let Some(ear) = self.lent.as_ref().and_then(|lent| lent.ear.as_ref()).filter(|_| is_own) else {
            // The task has it, or was woken by what came after it.
            return Heard::Over(None);
        };
        if !is_there {
            return self.give_up();
        }
        let count = match ear.read(room) {
            Ok(count) if count > 0 => count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Heard::Nothing;
            }
            // The task finds the end of the stream as well.
            Ok(_) | Err(_) => return self.give_up(),
        };
        let bytes = room.get(..count).unwrap_or_default();
        if let Some((head, frame)) = self.answer(bytes, opaque)
            && let Some(entry) = self.entries.pop()
            && let Some(ahead) = self.ahead.take()
        {
            self.buffer.clear();
            self.exchanged.bytes += ahead.bytes as u64;
            self.exchanged.last = Some(ahead.at);
            return Heard::Answer(OwnAnswer { request: entry.request, ahead, head, frame });
        }
        self.exchanged.overheard.extend_from_slice(bytes);
        self.give_up()
    }

    /// What `bytes` say, if they are this answer and nothing else, and one that leads to nothing but the request's end.
    fn answer<'a>(&self, bytes: &'a [u8], opaque: i32) -> Option<(Head<'a>, Frame<'a>)> {
        let frame = frame::decode(bytes, FRAME_BYTES_MAX).ok()??;
        let head = Head::read(&frame).ok()?;
        let fits = frame.len == bytes.len()
            && head.is_response()
            && head.opaque == opaque
            && head.code == response::SUCCESS
            && self.peer_version == Some(head.version);
        fits.then_some((head, frame))
    }

    /// Leaves the rest to the task.
    fn give_up<'a>(&mut self) -> Heard<'a> {
        if let Some(lent) = &mut self.lent {
            lent.ear = None;
        }
        Heard::Over(self.waker.take())
    }
}

#[cfg(test)]
#[path = "ahead/tests.rs"]
mod tests;
