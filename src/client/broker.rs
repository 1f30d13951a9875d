//! A peer behind one address, broker or name server: where requests are submitted.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use protocol::command::{Command, Head};
use protocol::frame::Frame;
use protocol::message::namespace;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::address::Address;
use crate::client::body::Body;
use crate::client::call_error::CallError;
use crate::client::listener::Listening;
use crate::client::outbox::{Awaited, Control, Outbox};
use crate::client::traffic::Traffic;
use crate::client::world::{Dispatcher, World};
use crate::client::write_buf::WriteBuf;
use crate::runtime::{Job, Jobs, lock};
use crate::sync::{AtomicBool, Mutex, Notify, Ordering, oneshot};

/// Whose a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Of the producer; 0 for requests of nobody's.
    pub number: u64,
    /// The owner's cuts that were ordered before the request was accepted, and so do not mean it.
    pub cuts: u32,
}

/// An order to end requests early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Whose.
    pub owner: u64,
    /// Its number among the owner's cuts: what was accepted after it goes on.
    pub number: u32,
    /// Those that no connection has taken yet.
    pub waiting: bool,
    /// Those that a connection has taken.
    pub in_flight: bool,
    /// By wish of the owner, not because it ends.
    pub cancelled: bool,
}

impl Cut {
    /// Everything of an owner that ends.
    pub const fn all(owner: u64) -> Self {
        Self { owner, number: u32::MAX, waiting: true, in_flight: true, cancelled: false }
    }

    /// Whether a request of `owner` is meant.
    pub const fn means(&self, owner: Owner) -> bool {
        self.owner == owner.number && owner.cuts < self.number
    }

    /// What the requests end with.
    pub(crate) const fn error(&self, sent: bool) -> CallError {
        if self.cancelled { CallError::Cancelled { sent } } else { CallError::Closed { sent } }
    }
}

/// An answer, borrowed from the connection's read buffer.
pub struct Answer<'a> {
    /// When it was read.
    pub at: Instant,
    /// Code, remark, fields.
    pub head: Head<'a>,
    /// The whole frame: its body, and what `head` was read from.
    pub frame: Frame<'a>,
}

/// How a request ended.
pub enum Reply<'a> {
    /// The peer answered.
    Answer(&'a Answer<'a>),
    /// A one-way request was written to the socket whole.
    Written,
    /// It failed.
    Failed(CallError),
}

/// A request on its way. It ends by exactly one call of `finish`; one that is dropped instead, by a panic
/// in a connection's task, must report that itself.
pub trait Request: Send {
    /// Whose it is: all requests of an owner can be cut off.
    fn owner(&self) -> Owner;
    /// When this attempt ends.
    fn deadline(&self) -> Option<Instant>;
    /// Whether no answer comes.
    fn is_oneway(&self) -> bool;
    /// Whether it waits while the peer cannot be reached, since there is nowhere else to go. Otherwise it is
    /// refused with the reason.
    fn is_patient(&self) -> bool;
    /// Whether a thread waits for it and does nothing else, so that the shortest way is worth most.
    fn is_awaited(&self) -> bool {
        false
    }
    /// The least version of a peer that may be given the request; 0: of any, known or not.
    fn version_min(&self) -> i32 {
        0
    }
    /// Puts the frame into `out`.
    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError>;
    /// Takes the outcome. Called without a lock; may submit again.
    fn finish(self: Box<Self>, reply: Reply<'_>, done: &mut Done<'_>);
}

/// What many ended requests of one owner give back together, since each alone would fight for the same lock.
pub(crate) trait Landing: Any + Send {
    /// Gives it back, and lets go of the owner. What is to be run for it is added to `jobs`.
    fn settle(&mut self, jobs: &mut Jobs);
}

/// Completions collected while a read is worked off, handed over together.
pub struct Done<'a> {
    jobs: Jobs,
    /// Settled before the jobs are handed over.
    landing: Option<Box<dyn Landing>>,
    lane: usize,
    dispatcher: &'a dyn Dispatcher,
    /// Where a request was submitted that waits for senders to slow down.
    pub(crate) crowded: Option<Arc<Broker>>,
    /// Whether whoever submits reads the answer himself if he is asked to.
    pub(crate) listens: bool,
    /// How he does that, since nobody else reads it.
    pub(crate) listening: Option<Box<Listening>>,
}

impl<'a> Done<'a> {
    /// For completions of `lane`.
    pub const fn new(dispatcher: &'a dyn Dispatcher, lane: usize) -> Self {
        Self {
            jobs: Jobs::new(),
            landing: None,
            lane,
            dispatcher,
            crowded: None,
            listens: false,
            listening: None,
        }
    }

    /// Adds one.
    pub fn push(&mut self, job: Box<dyn Job>) {
        self.jobs.push(job);
    }

    /// What is given back at the next hand-over, of the one type that there is.
    pub(crate) fn landing<L: Landing + Default>(&mut self) -> Option<&mut L> {
        let landing = self.landing.get_or_insert_with(|| Box::<L>::default());
        (&mut **landing as &mut dyn Any).downcast_mut()
    }

    /// Hands over what is collected.
    pub fn hand_over(&mut self) {
        if let Some(landing) = &mut self.landing {
            landing.settle(&mut self.jobs);
        }
        if !self.jobs.is_empty() {
            self.dispatcher.hand_over(self.lane, &mut self.jobs);
            self.jobs.clear();
        }
    }
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.hand_over();
    }
}

/// Makes the first request of every connection.
pub(crate) type Greeting = Box<dyn Fn() -> Command + Send + Sync>;

/// What a peer is to the client.
#[derive(Default)]
pub(crate) struct Role {
    /// The first request of every connection, if any: the heartbeat.
    pub(crate) greeting: Option<Greeting>,
    /// Whether only requests with an owner keep the connection from being idle: heartbeats do not.
    pub(crate) only_sends_count: bool,
    /// Notified whenever the peer cannot be reached. While it was wanted lately, such a peer is dialled again
    /// although nothing waits.
    pub(crate) troubled: Option<Arc<Notify>>,
    /// Said in every request, if there is one; sends say it themselves.
    pub(crate) namespace: Option<String>,
}

/// Limits that all peers of an instance share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerLimits {
    /// Of one attempt to connect, name resolution included.
    pub(crate) connect: Duration,
    /// A connection that was not used for this long is closed.
    pub(crate) idle: Duration,
    /// After so many sends in a row, each alone, who waits for an answer reads it himself.
    pub(crate) alone: u32,
}

/// A peer behind one address.
pub struct Broker {
    pub(crate) address: Address,
    /// Completions of one address stay on one callback thread, also over a reconnect.
    pub(crate) lane: usize,
    pub(crate) world: World,
    pub(crate) outbox: Mutex<Outbox>,
    /// Notified when the outbox is not crowded any more.
    relief: Notify,
    pub(crate) role: Role,
    pub(crate) limits: PeerLimits,
    /// It could not be reached lately, and has not been since.
    down: AtomicBool,
    pub(crate) traffic: Traffic,
}

impl Broker {
    pub(crate) fn new(
        address: &Address,
        world: &World,
        format: HeaderFormat,
        limits: PeerLimits,
        role: Role,
    ) -> Arc<Self> {
        Arc::new(Self {
            address: address.clone(),
            lane: lane(address),
            world: world.clone(),
            outbox: Mutex::new(Outbox::new(format)),
            relief: Notify::new(),
            role,
            limits,
            down: AtomicBool::new(false),
            traffic: Traffic::new(world.clock.now()),
        })
    }

    /// The address.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Submits a request; whether its sender is quicker than the task. What cannot be taken is finished at once, into
    /// `done`.
    pub fn submit(self: &Arc<Self>, request: Box<dyn Request>, done: &mut Done<'_>) -> bool {
        let awaited = request.is_awaited().then(|| Awaited {
            at: self.world.clock.now(),
            listens: done.listens,
            until: request.deadline(),
        });
        let mut outbox = lock(&self.outbox);
        let submitted = outbox.submit(request, awaited);
        if let (Some(awaited), Ok(None)) = (awaited, &submitted) {
            let listening =
                |(ear, opaque)| Listening { broker: Arc::clone(self), ear, opaque, until: awaited.until };
            done.listening = outbox.unheard().map(listening).map(Box::new);
        }
        let crowded = outbox.is_crowded();
        drop(outbox);
        match submitted {
            Ok(None) => {}
            Ok(Some(waker)) => waker.wake(),
            Err((request, error)) => request.finish(Reply::Failed(error), done),
        }
        crowded
    }

    /// Waits while senders are quicker than the task, although the socket takes what it writes.
    pub(crate) async fn relieved(&self) {
        loop {
            let relief = self.relief.notified();
            {
                let mut outbox = lock(&self.outbox);
                if !outbox.is_crowded() {
                    return;
                }
                outbox.want_relief();
            }
            relief.await;
        }
    }

    /// Tells those who wait if it is not crowded any more.
    pub(crate) fn relieve(&self) {
        let relieved = lock(&self.outbox).take_relief();
        if relieved {
            self.relief.notify_waiters();
        }
    }

    /// Sends `command` and waits for the answer. Everything that is not a send goes this way. A patient call
    /// waits while the peer cannot be reached.
    pub async fn call(
        self: &Arc<Self>,
        command: Command,
        deadline: Instant,
        patient: bool,
    ) -> Result<Command, CallError> {
        self.call_of((NOBODY, 0), command, Some(deadline), patient).await
    }

    /// As [`Self::call`], for an owner whose cuts end it, and to no peer below the least version.
    pub(crate) async fn call_of(
        self: &Arc<Self>,
        (owner, version_min): (Owner, i32),
        command: Command,
        deadline: Option<Instant>,
        patient: bool,
    ) -> Result<Command, CallError> {
        let command = match &self.role.namespace {
            Some(namespace) => namespace::mark(command, namespace),
            None => command,
        };
        let (tell, told) = oneshot::channel();
        let address = self.address.clone();
        let call = Box::new(Call { address, owner, version_min, command, deadline, patient, tell });
        self.submit(call, &mut Done::new(&*self.world.dispatcher, self.lane));
        told.await.unwrap_or(Err(CallError::Closed { sent: true }))
    }

    /// The same over the connection that there is; nothing when there is none, which is not made for it.
    pub(crate) async fn call_if_connected(
        &self,
        command: Command,
        deadline: Instant,
    ) -> Option<Result<Command, CallError>> {
        let told = {
            let mut outbox = lock(&self.outbox);
            if !outbox.connected {
                return None;
            }
            let (tell, told) = oneshot::channel();
            let address = self.address.clone();
            let (owner, deadline) = (NOBODY, Some(deadline));
            let call = Call { address, owner, version_min: 0, command, deadline, patient: false, tell };
            let submitted = outbox.submit(Box::new(call), None);
            drop(outbox);
            if let Ok(Some(waker)) = submitted {
                waker.wake();
            }
            told
        };
        Some(told.await.unwrap_or(Err(CallError::Closed { sent: true })))
    }

    /// Waits until there is a connection that answers; where nothing greets, it is only begun.
    pub async fn ready(self: &Arc<Self>, until: Instant) -> Result<(), CallError> {
        let Some(greeting) = &self.role.greeting else {
            self.connect();
            return Ok(());
        };
        self.call(greeting(), until, true).await.map(drop)
    }

    /// Whether it could not be reached lately.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        lock(&self.outbox).connected
    }

    /// Lets the task connect although nothing waits.
    pub(crate) fn connect(&self) {
        self.control(|control| control.connect = true);
    }

    /// Ends requests early.
    pub(crate) fn cut(&self, cut: Cut) {
        self.control(|control| control.cut.push(cut));
    }

    /// Lets the task end as soon as nothing is open: no route leads here any more.
    pub(crate) fn retire(&self) {
        self.control(|control| control.retire = true);
    }

    /// Lets the task write what is there, half-close and end.
    pub(crate) fn stop(&self) {
        self.control(|control| control.stop = true);
    }

    fn control(&self, change: impl FnOnce(&mut Control)) {
        let mut outbox = lock(&self.outbox);
        change(&mut outbox.control);
        let waker = outbox.take_waker();
        drop(outbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn timeout(&self) -> CallError {
        CallError::Timeout { address: self.address.clone(), sent: false }
    }

    pub(crate) fn lost(&self, reason: Arc<str>) -> CallError {
        CallError::Lost { address: self.address.clone(), reason, sent: false }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Broker").field(&self.address).finish()
    }
}

/// A command that somebody awaits.
struct Call {
    address: Address,
    owner: Owner,
    version_min: i32,
    command: Command,
    deadline: Option<Instant>,
    patient: bool,
    tell: oneshot::Sender<Result<Command, CallError>>,
}

impl Request for Call {
    fn owner(&self) -> Owner {
        self.owner
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn is_oneway(&self) -> bool {
        false
    }

    fn is_patient(&self) -> bool {
        self.patient
    }

    fn version_min(&self) -> i32 {
        self.version_min
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        encode_command(&self.command, opaque, format, out)
    }

    fn finish(self: Box<Self>, reply: Reply<'_>, _: &mut Done<'_>) {
        let Self { address, tell, .. } = *self;
        let result = match reply {
            Reply::Answer(answer) => Command::decode(&answer.frame).map_err(|error| CallError::Garbled {
                address,
                reason: error.to_string().into(),
                sent: true,
            }),
            Reply::Written => Err(CallError::Closed { sent: true }),
            Reply::Failed(error) => Err(error),
        };
        // Gone when the caller gave up.
        let _ = tell.send(result);
    }
}

/// The same for an address in every run (FNV-1a).
fn lane(address: &Address) -> usize {
    let text = address.to_string();
    text.bytes().fold(2_166_136_261_usize, |hash, byte| {
        (hash ^ usize::from(byte)).wrapping_mul(16_777_619) & 0xffff_ffff
    })
}

/// The owner of requests that no cut ends.
pub(crate) const NOBODY: Owner = Owner { number: 0, cuts: 0 };

/// Puts `command` in as one frame with this `opaque`.
pub(crate) fn encode_command(
    command: &Command,
    opaque: i32,
    format: HeaderFormat,
    out: &mut WriteBuf,
) -> Result<(), EncodeError> {
    let mut command = command.clone();
    command.opaque = opaque;
    out.frame(&Body::EMPTY, |bytes| command.encode(format, bytes))
}
