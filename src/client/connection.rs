//! An open connection: writes what the outbox holds, reads answers, ends requests. The only file that reads
//! and writes a stream.
//!
//! The task owns socket, read buffer and request table; only the outbox is shared. One wake-up writes
//! everything that waits with one call, one read's completions leave together, one timer serves all
//! deadlines.

#[path = "connection/away.rs"]
mod away;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use protocol::codes;
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::session::Session;
use tokio::time::Instant;

use crate::client::broker::{Answer, Broker, Done, Reply, Request};
use crate::client::call_error::CallError;
use crate::client::greeting::Greeting;
use crate::client::outbox::Phase;
use crate::client::read_buf::ReadBuf;
use crate::client::reconnect::{cut_waiting, done_for, expire_waiting, finish_all};
use crate::client::timer::Timer;
use crate::client::traffic::{PeerState, ReadTally};
use crate::client::world::{ByteStream, Link};
use crate::client::write_buf::SLICES_MAX;
use crate::client::writer::Writer;
use crate::runtime::lock;
use away::Lending;

/// Reads and writes before other tasks get their turn.
const ROUNDS_MAX: usize = 32;
/// Open requests from which on the next answer is near.
const BUSY_REQUESTS: usize = 16;
/// How long after an answer the next one is waited for with what is to be written.
const HOLD: Duration = Duration::from_millis(1);
/// How long the peer may take to close after our half-close.
const LINGER: Duration = Duration::from_millis(500);
/// How long a peer that sends us away may take to answer what it has.
const LEAVE_LIMIT: Duration = Duration::from_millis(500);
/// A heartbeat nobody answers is given up after this, as in RocketMQ's own client.
const GREETING_LIMIT: Duration = Duration::from_secs(3);

/// Why a connection ended.
pub(crate) enum End {
    Lost(io::Error),
    Garbled(String),
    /// The instance ends.
    Stopped,
    /// It was not used for long, or no route leads here any more.
    Idle,
    /// The peer sent us away, and has answered what it had.
    Left,
}

/// A request that was taken from the outbox.
struct Sent {
    /// Position in the stream of the frame's last byte.
    end: u64,
    request: Box<dyn Request>,
    /// When it was taken, as [`Connection::micros`] has it.
    taken_us: u32,
}

/// An open connection.
pub(crate) struct Connection<'a> {
    broker: &'a Broker,
    stream: Box<dyn ByteStream>,
    lending: Lending,
    /// When the timer rings for a request that was open, also if none is any more.
    watch: Option<Instant>,
    session: Session<Sent, Instant>,
    reader: ReadBuf,
    writer: Writer,
    done: Done<'a>,
    timer: Timer,
    /// Set once told to stop: written, half-closed, until when the peer may take to close.
    linger: Option<Instant>,
    stop_seen: bool,
    /// When something was read last.
    heard: Option<Instant>,
    /// The peer answered something.
    answered: bool,
    /// What its answers name, as the outbox has it.
    version: Option<i32>,
    /// When the last request was taken that keeps the connection from being idle.
    used: Instant,
    /// When to look whether it is idle; not moved by every request.
    idle_check: Instant,
    /// Set once the peer has sent us away: until when it may answer what is open.
    leaving: Option<Instant>,
    /// Answers to requests that were not open any more.
    strays: u64,
    /// When it began.
    opened: Instant,
    /// Of the read that is being worked off.
    tally: ReadTally,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(broker: &'a Broker, Link { stream, pen, line }: Link) -> Self {
        let now = broker.world.clock.now();
        let mut connection = Self {
            broker,
            stream,
            lending: Lending::new(pen, line),
            watch: None,
            session: Session::new(),
            reader: ReadBuf::default(),
            writer: Writer::default(),
            done: done_for(broker),
            timer: Timer::default(),
            linger: None,
            stop_seen: false,
            heard: None,
            answered: false,
            version: None,
            used: now,
            idle_check: now + broker.limits.idle,
            leaving: None,
            strays: 0,
            opened: now,
            tally: ReadTally::default(),
        };
        broker.traffic.add_connect();
        broker.traffic.enter(PeerState::Connected, now);
        connection.open(now);
        connection
    }

    /// Whether the peer answered something.
    pub(crate) const fn has_answered(&self) -> bool {
        self.answered
    }

    /// Puts the greeting first and lets senders encode.
    fn open(&mut self, now: Instant) {
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Open);
        outbox.connected = true;
        outbox.peer_version = None;
        outbox.control.connect = false;
        let opaque = outbox.take_opaque();
        let format = outbox.format();
        drop(outbox);
        let Some(greeting) = &self.broker.role.greeting else { return };
        let deadline = now + GREETING_LIMIT;
        let greeting = Greeting { command: greeting(), deadline };
        if greeting.encode(opaque, format, &mut self.writer.current).is_ok() {
            self.writer.queued = self.writer.current.total();
            let sent = Sent { end: self.writer.queued, request: Box::new(greeting), taken_us: 0 };
            self.broker.traffic.add_frames_out(1);
            self.session.insert(opaque, Some(deadline), sent);
        }
    }

    /// Advances reads and writes until nothing moves.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        if self.stays_away(context) {
            return Poll::Pending;
        }
        for _ in 0..ROUNDS_MAX {
            let read = match self.take_back().and_then(|heard| Ok(heard | self.poll_read(context)?)) {
                Ok(progress) => progress,
                Err(end) => return Poll::Ready(end),
            };
            let now = self.broker.world.clock.now();
            self.expire(now);
            if !read && self.holds_back(context, now) {
                return Poll::Pending;
            }
            let wrote = match self.poll_write(context, now) {
                Ok(progress) => progress,
                Err(error) => return Poll::Ready(End::Lost(error)),
            };
            if self.poll_stop(context, now) {
                return Poll::Ready(End::Stopped);
            }
            if !read && !wrote {
                self.cut();
                if let Some(end) = self.poll_idle(now) {
                    return Poll::Ready(end);
                }
                if self.poll_sleep(context, now) {
                    return Poll::Pending;
                }
            }
        }
        // Also when there is always something to read and write.
        self.cut();
        // More to do, after the other tasks.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Microseconds since it began, which come round after 71 minutes: what lies between two of them is what counts.
    fn micros(&self, now: Instant) -> u32 {
        let since = now.saturating_duration_since(self.opened);
        let us = since.as_secs().wrapping_mul(1_000_000).wrapping_add(u64::from(since.subsec_micros()));
        u32::try_from(us & u64::from(u32::MAX)).unwrap_or(0)
    }

    /// One read and the frames in it. Whether there was something.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let count = match self.poll_fill(context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Err(error)) => return Err(End::Lost(error)),
            Poll::Ready(Ok(0)) => {
                return Err(if self.linger.is_some() {
                    End::Stopped
                } else {
                    End::Lost(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed it"))
                });
            }
            Poll::Ready(Ok(count)) => count,
        };
        self.read_in(count)
    }

    /// Works off what was read. Whether there was something.
    fn read_in(&mut self, count: usize) -> Result<bool, End> {
        let worked = self.work_off();
        // Before anybody is told, so that whoever is told finds it counted.
        self.broker.traffic.add_read(count, &mut self.tally);
        self.hand_over();
        worked.map(|()| true).map_err(End::Garbled)
    }

    /// Reads once behind what is there.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = tokio::io::ReadBuf::new(self.reader.room()?);
        std::task::ready!(Pin::new(&mut *self.stream).poll_read(context, &mut room))?;
        let count = room.filled().len();
        self.reader.filled_by(count)?;
        Poll::Ready(Ok(count))
    }

    /// Ends the requests that the frames of the read buffer answer.
    fn work_off(&mut self) -> Result<(), String> {
        // One look at the clock for all of them.
        let at = self.broker.world.clock.now();
        let at_us = self.micros(at);
        self.heard = Some(at);
        loop {
            let frame = match frame::decode(self.reader.filled(), FRAME_BYTES_MAX) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            };
            let head = Head::read(&frame).map_err(|error| error.to_string())?;
            let (length, opaque) = (frame.len, head.opaque);
            self.tally.add_frame();
            if !head.is_response() {
                if !head.is_oneway() {
                    let answer = refusal(&head);
                    self.writer.put(&answer, opaque, lock(&self.broker.outbox).format());
                    self.broker.traffic.add_frames_out(1);
                }
            } else if let Some(sent) = self.session.finish(opaque) {
                let sent_away = head.code == codes::response::GO_AWAY;
                self.tally.add_answer(head.code, at_us.wrapping_sub(sent.taken_us));
                // That alone does not make a connection one that can be used.
                self.answered |= !sent_away;
                // Before the end of the request, which may lead to one that needs it.
                if self.version != Some(head.version) {
                    self.version = Some(head.version);
                    lock(&self.broker.outbox).peer_version = self.version;
                }
                if sent_away {
                    self.leaving.get_or_insert(at + LEAVE_LIMIT);
                    // What this answer leads to waits for the next connection.
                    lock(&self.broker.outbox).requeue();
                }
                sent.request.finish(Reply::Answer(&Answer { at, head, frame }), &mut self.done);
            } else {
                self.stray(opaque);
            }
            self.reader.consume(length);
        }
    }

    /// An answer that is late, doubled, never asked for, or to a one-way request: 4.7.0 answers some that it
    /// refuses.
    fn stray(&mut self, opaque: i32) {
        if self.strays == 0 {
            let address = &self.broker.address;
            log::info!("{address}: an answer to no open request (opaque {opaque}); no more is said of such");
        }
        self.strays += 1;
    }

    fn expire(&mut self, now: Instant) {
        expire_waiting(self.broker, now);
        if self.session.next_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        let mut expired = Vec::new();
        self.session.expire(now, &mut expired);
        self.broker.traffic.add_timeouts(expired.len());
        // What was not written yet still will be.
        self.finish_all(expired, &self.broker.timeout().with_sent(true));
    }

    fn finish_all(&mut self, requests: Vec<Sent>, error: &CallError) {
        for sent in requests {
            sent.request.finish(Reply::Failed(error.clone()), &mut self.done);
        }
        self.hand_over();
    }

    /// Has the ends told. By then it is counted what is still in flight.
    fn hand_over(&mut self) {
        self.broker.traffic.set_in_flight(self.session.len());
        self.done.hand_over();
    }

    /// Ends what its owner wants ended.
    fn cut(&mut self) {
        for cut in cut_waiting(self.broker) {
            let mut ended = Vec::new();
            if cut.in_flight {
                self.session.drain_where(|sent| cut.means(sent.request.owner()), &mut ended);
            }
            self.finish_all(ended, &cut.error(true));
        }
    }

    /// While many requests are open and answers come, a small write, which costs as much as a large one, waits for the
    /// next of them: senders add to it meanwhile, and need not wake anybody. Whether the task sleeps for that.
    fn holds_back(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let until = self.heard.map(|heard| heard + HOLD).filter(|until| *until > now);
        let Some(until) = until.filter(|_| self.session.len() >= BUSY_REQUESTS) else { return false };
        let at_work = self.writer.is_idle() && self.leaving.is_none() && self.linger.is_none();
        if !at_work || !lock(&self.broker.outbox).hold(context.waker()) {
            return false;
        }
        let next = self.session.next_deadline();
        self.timer.arm(Some(next.map_or(until, |next| next.min(until))));
        self.timer.poll(context).is_pending()
    }

    /// One write of everything there is. Whether the socket took something.
    fn poll_write(&mut self, context: &mut Context<'_>, now: Instant) -> io::Result<bool> {
        if self.writer.current.is_empty() && !self.refill(now) {
            return Ok(false);
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let used = self.writer.current.slices(&mut slices);
        let slices = slices.get(..used).unwrap_or_default();
        match Pin::new(&mut *self.stream).poll_write_vectored(context, slices) {
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => {
                self.writer.advance(count);
                self.broker.traffic.add_written(count);
                self.finish_written();
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.block(now);
                Ok(false)
            }
        }
    }

    /// Takes what the outbox holds. Whether there is something to write.
    fn refill(&mut self, now: Instant) -> bool {
        self.writer.current.clear();
        if !self.writer.next.is_empty() {
            std::mem::swap(&mut self.writer.current, &mut self.writer.next);
            return true;
        }
        if self.leaving.is_some() {
            return false;
        }
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Open);
        if outbox.has_encoded() {
            self.lending.not_alone();
        }
        let refused = outbox.take(&mut self.writer.current, &mut self.writer.entries);
        drop(outbox);
        self.broker.relieve();
        for (request, error) in refused {
            request.finish(Reply::Failed(error), &mut self.done);
        }
        self.hand_over();
        self.register(now);
        !self.writer.current.is_empty()
    }

    /// The socket is full: senders stop encoding, and what they have encoded meanwhile gets its deadlines.
    fn block(&mut self, now: Instant) {
        let mut outbox = lock(&self.broker.outbox);
        if outbox.phase() == Phase::Waiting {
            return;
        }
        outbox.set_phase(Phase::Waiting);
        outbox.take_encoded(&mut self.writer.next, &mut self.writer.entries);
        drop(outbox);
        self.broker.relieve();
        self.register(now);
    }

    /// Moves the entries just taken into the request table.
    fn register(&mut self, now: Instant) {
        let base = self.writer.queued;
        let only_sends = self.broker.role.only_sends_count;
        let taken_us = self.micros(now);
        self.broker.traffic.add_frames_out(self.writer.entries.len());
        for entry in self.writer.entries.drain(..) {
            let end = base + entry.end;
            if !only_sends || entry.is_owned {
                self.used = now;
            }
            if entry.is_oneway {
                self.writer.oneways.push_back((end, entry.opaque));
            }
            self.session.insert(entry.opaque, entry.deadline, Sent { end, request: entry.request, taken_us });
            self.writer.queued = end;
        }
        self.broker.traffic.set_in_flight(self.session.len());
    }

    fn finish_written(&mut self) {
        while let Some((end, opaque)) = self.writer.oneways.front().copied() {
            if end > self.writer.written {
                break;
            }
            self.writer.oneways.pop_front();
            if let Some(sent) = self.session.finish(opaque) {
                sent.request.finish(Reply::Written, &mut self.done);
            }
        }
        self.hand_over();
    }

    /// Half-closes when told to stop and all is written; whether the connection is over.
    fn poll_stop(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        self.stop_seen |= lock(&self.broker.outbox).control.stop;
        if !self.stop_seen || !self.writer.current.is_empty() {
            return false;
        }
        let until = *self.linger.get_or_insert(now + LINGER);
        if !self.writer.half_closed {
            match Pin::new(&mut *self.stream).poll_shutdown(context) {
                Poll::Ready(Ok(())) => self.writer.half_closed = true,
                Poll::Ready(Err(_)) => return true,
                Poll::Pending => {}
            }
        }
        until <= now
    }

    /// Whether the connection is over although both ends live: it was not used for long, no route leads here
    /// any more, or the peer sent us away and has answered what it had.
    fn poll_idle(&mut self, now: Instant) -> Option<End> {
        let nothing_open = self.session.is_empty() && self.writer.is_idle();
        if let Some(until) = self.leaving {
            return (nothing_open || now >= until).then_some(End::Left);
        }
        let idle = self.broker.limits.idle;
        let is_due = now >= self.idle_check && now >= self.used + idle;
        if now >= self.idle_check {
            // A heartbeat may be open: it ends soon.
            self.idle_check = if is_due { now + GREETING_LIMIT } else { self.used + idle };
        }
        if !nothing_open {
            return None;
        }
        let mut outbox = lock(&self.broker.outbox);
        if !outbox.is_empty() || !(is_due || outbox.control.retire) {
            return None;
        }
        // Whoever comes now waits for the next connection.
        outbox.set_phase(Phase::Waiting);
        outbox.connected = false;
        Some(End::Idle)
    }

    /// Arms the timer and goes to sleep unless something has come.
    fn poll_sleep(&mut self, context: &mut Context<'_>, now: Instant) -> bool {
        let mut outbox = lock(&self.broker.outbox);
        let asleep = outbox.sleep(context.waker(), self.stop_seen);
        let next = self.session.next_deadline();
        // Whoever may write needs no task that arms the timer, if it is left armed from the request before.
        let left = self.watch.filter(|watch| *watch > now && self.lending.pen.is_some());
        self.watch = next.or(left);
        let at_rest = self.session.is_empty() && self.writer.is_idle() && !self.stop_seen;
        if asleep
            && at_rest
            && let Some(lent) = self.lent(self.watch)
        {
            outbox.lend(lent, now);
        }
        let waiting = outbox.waiting_deadline();
        drop(outbox);
        // Whoever leaves is not idle, and does not look whether it is.
        let idle = self.leaving.is_none().then_some(self.idle_check);
        let deadlines = [self.watch, waiting, self.linger, self.leaving, idle, self.looks_again(now)];
        self.timer.arm(deadlines.into_iter().flatten().min());
        asleep && self.timer.poll(context).is_pending()
    }

    /// Ends what is open; why the connection was lost, or was none that can be used.
    pub(crate) fn end(mut self, end: End) -> Option<Arc<str>> {
        let broker = self.broker;
        let address = &broker.address;
        let sent_away = matches!(end, End::Left) && !self.answered;
        let (error, reason) = match end {
            End::Stopped => (CallError::Closed { sent: false }, None),
            End::Idle | End::Left => (broker.lost("it was left".into()), None),
            End::Lost(error) => {
                let reason = Arc::<str>::from(error.to_string());
                (broker.lost(Arc::clone(&reason)), Some(reason))
            }
            End::Garbled(reason) => {
                let reason = Arc::<str>::from(reason);
                let garbled =
                    CallError::Garbled { address: address.clone(), reason: Arc::clone(&reason), sent: false };
                (garbled, Some(reason))
            }
        };
        match &reason {
            // Nobody waits for anything: not worth more.
            None => log::debug!("the connection to {address} is closed"),
            Some(_) if self.session.is_empty() => log::debug!("{error}"),
            Some(_) => log::info!("{error}"),
        }
        if self.strays > 1 {
            log::debug!("{address}: {} answers were to no open request", self.strays);
        }
        let mut outbox = lock(&self.broker.outbox);
        outbox.connected = false;
        let unsent = if reason.is_some() || matches!(error, CallError::Closed { .. }) {
            outbox.set_phase(Phase::Waiting);
            outbox.drain_encoded()
        } else {
            outbox.requeue();
            Vec::new()
        };
        drop(outbox);
        broker.relieve();
        let mut open = Vec::new();
        self.session.drain(&mut open);
        broker.traffic.enter(PeerState::Idle, broker.world.clock.now());
        if reason.is_some() {
            broker.traffic.add_lost_connection();
        }
        for sent in open {
            let error = error.with_sent(sent.end <= self.writer.written);
            sent.request.finish(Reply::Failed(error), &mut self.done);
        }
        self.hand_over();
        finish_all(self.broker, unsent, &error);
        reason.or_else(|| sent_away.then(|| "it sends everybody away".into()))
    }
}

impl Drop for Connection<'_> {
    /// Whatever ends the task while it sleeps: what a sender wrote was sent, and is not found among what was not.
    fn drop(&mut self) {
        self.take_over();
    }
}

/// The answer to a command that a producer does not serve, as RocketMQ's own client words it.
fn refusal(head: &Head<'_>) -> Command {
    Command::response(codes::response::REQUEST_CODE_NOT_SUPPORTED, head.opaque)
        .with_remark(format!(" request type {} not supported", head.code))
}
