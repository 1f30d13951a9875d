//! The task behind a broker address: dials when there is something to send, writes what the outbox holds,
//! reads answers, ends requests. The only file that reads and writes a stream.
//!
//! The task owns socket, read buffer and request table; only the outbox is shared. One wake-up writes
//! everything that waits with one call, one read's completions leave together, one timer serves all
//! deadlines.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::session::Session;
use protocol::{EncodeError, HeaderFormat, codes};
use tokio::time::Instant;

use crate::client::broker::{Answer, Broker, CallError, Done, NOBODY, Reply, Request, encode_command};
use crate::client::dial::dial;
use crate::client::outbox::{Entry, Phase};
use crate::client::read_buf::ReadBuf;
use crate::client::timer::Timer;
use crate::client::world::ByteStream;
use crate::client::write_buf::WriteBuf;
use crate::runtime::lock;

/// Slices for one write.
const SLICES_MAX: usize = 64;
/// Reads and writes before other tasks get their turn.
const ROUNDS_MAX: usize = 32;
/// Open requests from which on a small write waits for one turn of the scheduler.
const BUSY_REQUESTS: usize = 16;
const SMALL_WRITE_BYTES: usize = 64 * 1024;
/// How long the peer may take to close after our half-close.
const LINGER: Duration = Duration::from_millis(500);
/// A heartbeat nobody answers is given up after this, as in RocketMQ's own client.
const GREETING_LIMIT: Duration = Duration::from_secs(3);
const BACKOFF_FIRST: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Runs until the broker is told to stop. When it panics, `failed` is called first and then whatever is
/// open is dropped, which reports it.
pub(crate) async fn run(broker: Arc<Broker>, failed: impl Fn() + Send) {
    let _last = Last { broker: &broker, failed };
    let mut failures = 0;
    while idle(&broker).await {
        match connecting(&broker).await {
            None => {}
            Some(Ok(stream)) => {
                failures = 0;
                let mut connection = Connection::new(&broker, stream);
                let end = poll_fn(|context| connection.poll(context)).await;
                connection.end(&end);
            }
            Some(Err(error)) => {
                failures += 1;
                log::info!("{error}");
                let refused = lock(&broker.outbox).go_down(error.clone());
                finish_all(&broker, refused, &error);
                back_off(&broker, failures).await;
            }
        }
    }
}

/// What happens when the task ends, also by a panic.
struct Last<'a, F: Fn()> {
    broker: &'a Broker,
    failed: F,
}

impl<F: Fn()> Drop for Last<'_, F> {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        if panicked {
            log::error!("the connection to {} panicked", self.broker.address);
            (self.failed)();
        }
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Closed);
        let open = outbox.drain();
        drop(outbox);
        if !panicked {
            finish_all(self.broker, open, &CallError::Closed);
        }
    }
}

fn done_for(broker: &Broker) -> Done {
    Done::new(Arc::clone(&broker.world.dispatcher), broker.lane)
}

fn finish_all(broker: &Broker, requests: Vec<Box<dyn Request>>, error: &CallError) {
    let mut done = done_for(broker);
    for request in requests {
        request.finish(Reply::Failed(error.clone()), &mut done);
    }
}

/// Waits for a reason to connect; `false` when told to stop.
async fn idle(broker: &Broker) -> bool {
    poll_fn(|context| {
        let mut outbox = lock(&broker.outbox);
        outbox.control.cut.clear();
        if outbox.control.stop {
            return Poll::Ready(false);
        }
        outbox.set_phase(Phase::Waiting);
        if outbox.wants_connection() || !outbox.sleep(context.waker(), false) {
            outbox.control.connect = false;
            return Poll::Ready(true);
        }
        Poll::Pending
    })
    .await
}

/// Dials while requests wait, expire or are cut off; `None` when told to stop.
async fn connecting(broker: &Broker) -> Option<Result<Box<dyn ByteStream>, CallError>> {
    let mut dialling = pin!(dial(broker));
    let mut timer = Timer::default();
    poll_fn(|context| {
        if let Poll::Ready(result) = dialling.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        loop {
            expire_waiting(broker, broker.world.clock.now());
            cut_waiting(broker);
            let mut outbox = lock(&broker.outbox);
            if outbox.control.stop {
                return Poll::Ready(None);
            }
            timer.arm(outbox.waiting_deadline());
            let asleep = outbox.sleep(context.waker(), false);
            drop(outbox);
            if asleep && timer.poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Keeps the broker down for a while that doubles with every failure, plus up to half of it by chance.
async fn back_off(broker: &Broker, failures: u32) {
    let pause = BACKOFF_FIRST.saturating_mul(1 << failures.min(10).saturating_sub(1)).min(BACKOFF_MAX);
    let jitter = broker.world.random.below(usize::try_from(pause.as_micros() / 2).unwrap_or(0));
    let pause = pause + Duration::from_micros(jitter as u64);
    let mut timer = Timer::default();
    timer.arm(Some(broker.world.clock.now() + pause));
    poll_fn(|context| {
        let mut outbox = lock(&broker.outbox);
        // Nothing waits that could be cut off.
        outbox.control.cut.clear();
        if !outbox.sleep(context.waker(), false) {
            return Poll::Ready(());
        }
        drop(outbox);
        timer.poll(context)
    })
    .await;
}

fn expire_waiting(broker: &Broker, now: Instant) {
    let expired = lock(&broker.outbox).expire(now);
    if !expired.is_empty() {
        finish_all(broker, expired, &broker.timeout());
    }
}

fn cut_waiting(broker: &Broker) -> Vec<u64> {
    let mut outbox = lock(&broker.outbox);
    if outbox.control.cut.is_empty() {
        return Vec::new();
    }
    let owners = std::mem::take(&mut outbox.control.cut);
    let cut = outbox.take_waiting(|request| owners.contains(&request.owner()));
    drop(outbox);
    finish_all(broker, cut, &CallError::Closed);
    owners
}

/// Why a connection ended.
enum End {
    Lost(io::Error),
    Garbled(String),
    Stopped,
}

/// A request that was taken from the outbox.
struct Sent {
    /// Position in the stream of the frame's last byte.
    end: u64,
    request: Box<dyn Request>,
}

struct Connection<'a> {
    broker: &'a Broker,
    stream: Box<dyn ByteStream>,
    session: Session<Sent, Instant>,
    reader: ReadBuf,
    writer: Writer,
    done: Done,
    timer: Timer,
    /// Set once told to stop: written, half-closed, until when the peer may take to close.
    linger: Option<Instant>,
    stop_seen: bool,
    /// Senders had a turn to add to the next write.
    gave_turn: bool,
}

/// What is being written.
#[derive(Default)]
struct Writer {
    current: WriteBuf,
    /// Encoded before the socket was found full.
    next: WriteBuf,
    entries: Vec<Entry>,
    /// Stream position after everything taken.
    queued: u64,
    /// Stream position after everything the socket took.
    written: u64,
    /// One-way requests, by the position of their end.
    oneways: std::collections::VecDeque<(u64, i32)>,
    half_closed: bool,
}

impl<'a> Connection<'a> {
    fn new(broker: &'a Broker, stream: Box<dyn ByteStream>) -> Self {
        let mut connection = Self {
            broker,
            stream,
            session: Session::new(),
            reader: ReadBuf::default(),
            writer: Writer::default(),
            done: done_for(broker),
            timer: Timer::default(),
            linger: None,
            stop_seen: false,
            gave_turn: false,
        };
        connection.open();
        connection
    }

    /// Puts the greeting first and lets senders encode.
    fn open(&mut self) {
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Open);
        outbox.connected = true;
        outbox.control.connect = false;
        let opaque = outbox.take_opaque();
        let format = outbox.format();
        drop(outbox);
        let Some(greeting) = &self.broker.greeting else { return };
        let deadline = self.broker.world.clock.now() + GREETING_LIMIT;
        let greeting = Greeting { command: greeting(), deadline };
        if greeting.encode(opaque, format, &mut self.writer.current).is_ok() {
            self.writer.queued = self.writer.current.total();
            let sent = Sent { end: self.writer.queued, request: Box::new(greeting) };
            self.session.insert(opaque, Some(deadline), sent);
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        for _ in 0..ROUNDS_MAX {
            let read = match self.poll_read(context) {
                Ok(progress) => progress,
                Err(end) => return Poll::Ready(end),
            };
            let now = self.broker.world.clock.now();
            self.expire(now);
            if self.lets_senders_add(context) {
                return Poll::Pending;
            }
            let wrote = match self.poll_write(context) {
                Ok(progress) => progress,
                Err(error) => return Poll::Ready(End::Lost(error)),
            };
            if self.poll_stop(context, now) {
                return Poll::Ready(End::Stopped);
            }
            if !read && !wrote && self.poll_sleep(context) {
                return Poll::Pending;
            }
        }
        // More to do, after the other tasks.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// One read and the frames in it. Whether there was something.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        match self.poll_fill(context) {
            Poll::Pending => return Ok(false),
            Poll::Ready(Err(error)) => return Err(End::Lost(error)),
            Poll::Ready(Ok(0)) => {
                return Err(if self.linger.is_some() {
                    End::Stopped
                } else {
                    End::Lost(io::Error::new(io::ErrorKind::UnexpectedEof, "the peer closed it"))
                });
            }
            Poll::Ready(Ok(_)) => {}
        }
        let worked = self.work_off();
        self.done.hand_over();
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
        loop {
            let frame = match frame::decode(self.reader.filled(), FRAME_BYTES_MAX) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(()),
                Err(error) => return Err(error.to_string()),
            };
            let head = Head::read(&frame).map_err(|error| error.to_string())?;
            let (length, opaque) = (frame.len, head.opaque);
            if !head.is_response() {
                if !head.is_oneway() {
                    let answer = refusal(&head);
                    self.writer.put(&answer, opaque, lock(&self.broker.outbox).format());
                }
            } else if let Some(sent) = self.session.finish(opaque) {
                sent.request.finish(Reply::Answer(&Answer { head, frame }), &mut self.done);
            } else {
                // Late, or to a one-way request: 4.7.0 answers some refused ones.
                log::debug!("{}: an answer to no open request (opaque {opaque})", self.broker.address);
            }
            self.reader.consume(length);
        }
    }

    fn expire(&mut self, now: Instant) {
        expire_waiting(self.broker, now);
        if self.session.next_deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        let mut expired = Vec::new();
        self.session.expire(now, &mut expired);
        let timeout = self.broker.timeout();
        self.finish_sent(expired, &timeout);
    }

    fn finish_sent(&mut self, requests: Vec<Sent>, error: &CallError) {
        for sent in requests {
            let error = error.with_sent(sent.end <= self.writer.written);
            sent.request.finish(Reply::Failed(error), &mut self.done);
        }
        self.done.hand_over();
    }

    /// Ends what the instance wants ended.
    fn cut(&mut self) {
        let owners = cut_waiting(self.broker);
        if owners.is_empty() {
            return;
        }
        let mut cut = Vec::new();
        self.session.drain_where(|sent| owners.contains(&sent.request.owner()), &mut cut);
        self.finish_sent(cut, &CallError::Closed);
    }

    /// While many requests are open, senders are likely at work: one turn of the scheduler lets them add to a
    /// small write, which costs as much as a large one. Whether this turn is given.
    fn lets_senders_add(&mut self, context: &mut Context<'_>) -> bool {
        let small = |encoded: usize| encoded > 0 && encoded < SMALL_WRITE_BYTES;
        let gives = !self.gave_turn
            && self.session.len() >= BUSY_REQUESTS
            && self.writer.is_idle()
            && small(lock(&self.broker.outbox).encoded_len());
        self.gave_turn = gives;
        // Polled once: it has this task woken after the others and the driver had their turn.
        gives && pin!(tokio::task::yield_now()).poll(context).is_pending()
    }

    /// One write of everything there is. Whether the socket took something.
    fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        if self.writer.current.is_empty() && !self.refill() {
            return Ok(false);
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let used = self.writer.current.slices(&mut slices);
        let slices = slices.get(..used).unwrap_or_default();
        match Pin::new(&mut *self.stream).poll_write_vectored(context, slices) {
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => {
                self.writer.advance(count);
                self.finish_written();
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                self.block();
                Ok(false)
            }
        }
    }

    /// Takes what the outbox holds. Whether there is something to write.
    fn refill(&mut self) -> bool {
        self.writer.current.clear();
        if !self.writer.next.is_empty() {
            std::mem::swap(&mut self.writer.current, &mut self.writer.next);
            return true;
        }
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Open);
        let refused = outbox.take(&mut self.writer.current, &mut self.writer.entries);
        drop(outbox);
        for (request, error) in refused {
            request.finish(Reply::Failed(error), &mut self.done);
        }
        self.done.hand_over();
        self.register();
        !self.writer.current.is_empty()
    }

    /// The socket is full: senders stop encoding, and what they have encoded meanwhile gets its deadlines.
    fn block(&mut self) {
        let mut outbox = lock(&self.broker.outbox);
        if outbox.phase() == Phase::Waiting {
            return;
        }
        outbox.set_phase(Phase::Waiting);
        outbox.take_encoded(&mut self.writer.next, &mut self.writer.entries);
        drop(outbox);
        self.register();
    }

    /// Moves the entries just taken into the request table.
    fn register(&mut self) {
        let base = self.writer.queued;
        for entry in self.writer.entries.drain(..) {
            let end = base + entry.end;
            if entry.request.is_oneway() {
                self.writer.oneways.push_back((end, entry.opaque));
            }
            let deadline = entry.request.deadline();
            self.session.insert(entry.opaque, deadline, Sent { end, request: entry.request });
            self.writer.queued = end;
        }
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
        self.done.hand_over();
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

    /// Arms the timer and goes to sleep unless something has come.
    fn poll_sleep(&mut self, context: &mut Context<'_>) -> bool {
        self.cut();
        let mut outbox = lock(&self.broker.outbox);
        let deadlines = [self.session.next_deadline(), outbox.waiting_deadline(), self.linger];
        let asleep = outbox.sleep(context.waker(), self.stop_seen);
        drop(outbox);
        self.timer.arm(deadlines.into_iter().flatten().min());
        asleep && self.timer.poll(context).is_pending()
    }

    /// Ends what is open.
    fn end(mut self, end: &End) {
        let error = match end {
            End::Lost(error) => self.broker.lost(error),
            End::Garbled(reason) => CallError::Garbled {
                address: self.broker.address.clone(),
                reason: reason.as_str().into(),
                sent: false,
            },
            End::Stopped => CallError::Closed,
        };
        if matches!(end, End::Stopped) {
            log::debug!("the connection to {} is closed", self.broker.address);
        } else {
            log::info!("{error}");
        }
        let mut outbox = lock(&self.broker.outbox);
        outbox.set_phase(Phase::Waiting);
        outbox.connected = false;
        let unsent = outbox.drain_encoded();
        drop(outbox);
        let mut open = Vec::new();
        self.session.drain(&mut open);
        self.finish_sent(open, &error);
        finish_all(self.broker, unsent, &error);
    }
}

impl Writer {
    fn is_idle(&self) -> bool {
        self.current.is_empty() && self.next.is_empty()
    }

    fn advance(&mut self, count: usize) {
        self.current.advance(count);
        self.written += count as u64;
    }

    /// Adds a command of our own that nobody waits for.
    fn put(&mut self, command: &Command, opaque: i32, format: HeaderFormat) {
        let buffer = if self.next.is_empty() { &mut self.current } else { &mut self.next };
        let before = buffer.total();
        if encode_command(command, opaque, format, buffer).is_ok() {
            self.queued += buffer.total() - before;
        }
    }
}

/// The answer to a command that a producer does not serve, as RocketMQ's own client words it.
fn refusal(head: &Head<'_>) -> Command {
    Command::response(codes::response::REQUEST_CODE_NOT_SUPPORTED, head.opaque)
        .with_remark(format!(" request type {} not supported", head.code))
}

/// A heartbeat: nobody waits for its answer.
struct Greeting {
    command: Command,
    deadline: Instant,
}

impl Request for Greeting {
    fn owner(&self) -> u64 {
        NOBODY
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn is_oneway(&self) -> bool {
        false
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        encode_command(&self.command, opaque, format, out)
    }

    fn finish(self: Box<Self>, _: Reply<'_>, _: &mut Done) {}
}
