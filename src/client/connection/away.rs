//! What a connection lends while it sleeps: its pen always; and once sends have come one by one for a while, each
//! alone, the socket as a whole, which then wakes nobody but the one who waits for his answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Connection, End};
use crate::client::outbox::{Ahead, Back, Lent};
use crate::client::world::{Ear, Line, Pen};
use crate::runtime::lock;

/// So long after the last send nobody watches the socket while it is left to senders. Whoever sends less often has his
/// answers read by the task.
const QUIET: Duration = Duration::from_millis(5);

/// What can be lent, and how it stands with that.
#[derive(Default)]
pub(super) struct Lending {
    /// With the outbox while the task sleeps and nothing is open.
    pub(super) pen: Option<Box<dyn Pen>>,
    line: Option<Box<dyn Line>>,
    is_lent: bool,
    /// There is no stream.
    is_away: bool,
    /// Sends in a row that were written ahead, each with nothing else open and soon after the one before.
    alone: u32,
    alone_at: Option<Instant>,
}

impl Lending {
    pub(super) fn new(pen: Option<Box<dyn Pen>>, line: Option<Box<dyn Line>>) -> Self {
        Self { pen, line, ..Self::default() }
    }

    /// Something was sent in another way.
    pub(super) const fn not_alone(&mut self) {
        self.alone = 0;
    }

    fn count_alone(&mut self, at: Instant) {
        let soon = self.alone_at.is_some_and(|before| at <= before + QUIET);
        self.alone = if soon { self.alone + 1 } else { 0 };
        self.alone_at = Some(at);
    }
}

impl Connection<'_> {
    /// Whether the socket is left to senders still, and the task has nothing to do.
    pub(super) fn stays_away(&mut self, context: &mut Context<'_>) -> bool {
        while self.lending.is_away {
            let left = lock(&self.broker.outbox).left_until(context.waker(), QUIET);
            let Some(until) = left.filter(|until| *until > self.broker.world.clock.now()) else {
                return false;
            };
            self.timer.arm(Some(until));
            if self.timer.poll(context).is_pending() {
                return true;
            }
        }
        false
    }

    /// Takes back what it lent, and over what was done with it: before a read, which may bring the answer to what was
    /// written. Whether something was read.
    pub(super) fn take_back(&mut self) -> Result<bool, End> {
        if !self.lending.is_lent {
            return Ok(false);
        }
        let overheard = self.take_over();
        if std::mem::take(&mut self.lending.is_away)
            && let Some(line) = &self.lending.line
        {
            self.stream = line.watched().map_err(End::Lost)?;
        }
        if overheard.is_empty() {
            return Ok(false);
        }
        self.reader.put(&overheard).map_err(End::Lost)?;
        self.read_in(overheard.len())
    }

    /// The same, but for the stream; what was read for it.
    pub(super) fn take_over(&mut self) -> Vec<u8> {
        if !std::mem::take(&mut self.lending.is_lent) {
            return Vec::new();
        }
        let mut outbox = lock(&self.broker.outbox);
        let Back { pen, ear, ahead, done } = outbox.take_back();
        self.lending.pen = pen;
        if ahead.is_some() {
            self.writer.current.clear();
            outbox.take_encoded(&mut self.writer.current, &mut self.writer.entries);
        }
        drop(outbox);
        if let Some(ear) = ear {
            ear.close();
        }
        if self.lending.is_away {
            self.lending.not_alone();
        }
        self.writer.queued += done.bytes;
        self.writer.written += done.bytes;
        self.used = done.last.map_or(self.used, |last| self.used.max(last));
        if let Some(Ahead { bytes, at, .. }) = ahead {
            self.writer.written += bytes as u64;
            self.broker.traffic.add_written(bytes);
            match self.writer.entries.len() {
                1 => self.lending.count_alone(at),
                _ => self.lending.not_alone(),
            }
            self.register(at);
        }
        done.overheard
    }

    /// What there is to lend while the task sleeps until `until`, and nothing is open.
    pub(super) fn lent(&mut self, until: Option<Instant>) -> Option<Lent> {
        let pen = self.lending.pen.take()?;
        self.lending.is_lent = true;
        let left = self.leaving.is_none() && self.answered && self.reader.filled().is_empty();
        let ear = (left && self.lending.alone >= self.broker.limits.alone).then(|| self.go_away()).flatten();
        Some(Lent { pen, until, ear })
    }

    /// Leaves the socket to senders.
    fn go_away(&mut self) -> Option<Arc<dyn Ear>> {
        let ear = self.lending.line.as_ref()?.ear().ok()?;
        self.stream = Box::new(Away);
        self.lending.is_away = true;
        Some(ear)
    }

    /// When to look whether the socket is still left to senders.
    pub(super) fn looks_again(&self, now: Instant) -> Option<Instant> {
        self.lending.is_away.then(|| now + QUIET)
    }
}

/// In the place of a stream while there is none. Nothing ever comes of it.
struct Away;

impl AsyncRead for Away {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Away {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}
