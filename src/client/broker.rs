//! A peer behind one address, broker or name server: where requests are submitted.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use protocol::command::{Command, Head};
use protocol::frame::Frame;
use protocol::{EncodeError, HeaderFormat};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::client::address::Address;
use crate::client::outbox::Outbox;
use crate::client::world::{Dispatcher, World};
use crate::client::write_buf::WriteBuf;
use crate::runtime::{Job, Jobs, lock};

/// Why a request got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The host name has no address, or the resolver failed.
    #[error("the host name of {address} could not be resolved: {reason}")]
    Resolve {
        /// Whom.
        address: Address,
        /// The resolver's words.
        reason: Arc<str>,
    },
    /// There is no connection.
    #[error("no connection to {address}: {reason}")]
    Connect {
        /// Whom.
        address: Address,
        /// The system's words.
        reason: Arc<str>,
    },
    /// The connection ended before the answer came.
    #[error("the connection to {address} was lost: {reason}")]
    Lost {
        /// Whom.
        address: Address,
        /// The system's words.
        reason: Arc<str>,
        /// The whole frame was given to the socket, so that the peer may have acted on it.
        sent: bool,
    },
    /// The peer's bytes make no sense.
    #[error("{address} answered with bytes that make no sense: {reason}")]
    Garbled {
        /// Whom.
        address: Address,
        /// What is wrong with them.
        reason: Arc<str>,
        /// The whole frame was given to the socket.
        sent: bool,
    },
    /// The request's deadline passed.
    #[error("{address} did not answer in time")]
    Timeout {
        /// Whom.
        address: Address,
        /// The whole frame was given to the socket.
        sent: bool,
    },
    /// The request makes no frame.
    #[error("the request cannot be encoded: {0}")]
    Encode(EncodeError),
    /// The owner or the instance is shutting down.
    #[error("shut down")]
    Closed,
}

impl CallError {
    /// Whether the peer may have acted on the request.
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Lost { sent, .. } | Self::Garbled { sent, .. } | Self::Timeout { sent, .. } => *sent,
            Self::Resolve { .. } | Self::Connect { .. } | Self::Encode(_) => false,
            // Cut off wherever it was.
            Self::Closed => true,
        }
    }

    /// As it reads for a request that was given to the socket whole, or was not.
    pub(crate) fn with_sent(&self, now: bool) -> Self {
        let mut error = self.clone();
        if let Self::Lost { sent, .. } | Self::Garbled { sent, .. } | Self::Timeout { sent, .. } = &mut error
        {
            *sent = now;
        }
        error
    }
}

/// An answer, borrowed from the connection's read buffer.
pub struct Answer<'a> {
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
    fn owner(&self) -> u64;
    /// When this attempt ends.
    fn deadline(&self) -> Option<Instant>;
    /// Whether no answer comes.
    fn is_oneway(&self) -> bool;
    /// Puts the frame into `out`.
    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError>;
    /// Takes the outcome. Called without a lock; may submit again.
    fn finish(self: Box<Self>, reply: Reply<'_>, done: &mut Done);
}

/// Completions collected while a read is worked off, handed over together.
pub struct Done {
    jobs: Jobs,
    lane: usize,
    dispatcher: Arc<dyn Dispatcher>,
}

impl Done {
    /// For completions of `lane`.
    pub fn new(dispatcher: Arc<dyn Dispatcher>, lane: usize) -> Self {
        Self { jobs: Jobs::new(), lane, dispatcher }
    }

    /// Adds one.
    pub fn push(&mut self, job: Box<dyn Job>) {
        self.jobs.push(job);
    }

    /// Hands over what is collected.
    pub fn hand_over(&mut self) {
        if !self.jobs.is_empty() {
            self.dispatcher.hand_over(self.lane, &mut self.jobs);
            self.jobs.clear();
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        self.hand_over();
    }
}

/// A peer behind one address.
pub struct Broker {
    pub(crate) address: Address,
    /// Completions of one address stay on one callback thread, also over a reconnect.
    pub(crate) lane: usize,
    pub(crate) world: World,
    pub(crate) outbox: Mutex<Outbox>,
    /// The first request of every connection, if any: the heartbeat.
    pub(crate) greeting: Option<Box<dyn Fn() -> Command + Send + Sync>>,
    pub(crate) connect_timeout: std::time::Duration,
}

impl Broker {
    /// The address.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Submits a request. What cannot be taken is finished at once, into `done`.
    pub fn submit(&self, request: Box<dyn Request>, done: &mut Done) {
        let submitted = lock(&self.outbox).submit(request);
        match submitted {
            Ok(None) => {}
            Ok(Some(waker)) => waker.wake(),
            Err((request, error)) => request.finish(Reply::Failed(error), done),
        }
    }

    /// Sends `command` and waits for the answer. Everything that is not a send goes this way.
    pub async fn call(&self, command: Command, deadline: Instant) -> Result<Command, CallError> {
        let (tell, told) = oneshot::channel();
        let call = Box::new(Call { address: self.address.clone(), command, deadline, tell });
        self.submit(call, &mut Done::new(Arc::clone(&self.world.dispatcher), self.lane));
        told.await.unwrap_or(Err(CallError::Closed))
    }

    /// Waits until there is a connection that answers.
    pub async fn ready(&self, until: Instant) -> Result<(), CallError> {
        let Some(greeting) = &self.greeting else { return Ok(()) };
        self.call(greeting(), until).await.map(drop)
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        lock(&self.outbox).connected
    }

    /// Lets the task connect although nothing waits.
    pub(crate) fn connect(&self) {
        self.control(|control| control.connect = true);
    }

    /// Ends the requests of `owner` with [`CallError::Closed`].
    pub(crate) fn cut(&self, owner: u64) {
        self.control(|control| control.cut.push(owner));
    }

    /// Lets the task write what is there, half-close and end.
    pub(crate) fn stop(&self) {
        self.control(|control| control.stop = true);
    }

    fn control(&self, change: impl FnOnce(&mut crate::client::outbox::Control)) {
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

    pub(crate) fn lost(&self, reason: &io::Error) -> CallError {
        CallError::Lost { address: self.address.clone(), reason: reason.to_string().into(), sent: false }
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
    command: Command,
    deadline: Instant,
    tell: oneshot::Sender<Result<Command, CallError>>,
}

impl Request for Call {
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

    fn finish(self: Box<Self>, reply: Reply<'_>, _: &mut Done) {
        let Self { address, tell, .. } = *self;
        let result = match reply {
            Reply::Answer(answer) => Command::decode(&answer.frame).map_err(|error| CallError::Garbled {
                address,
                reason: error.to_string().into(),
                sent: true,
            }),
            Reply::Written => Err(CallError::Closed),
            Reply::Failed(error) => Err(error),
        };
        // Gone when the caller gave up.
        let _ = tell.send(result);
    }
}

/// The owner of requests that no cut ends.
pub(crate) const NOBODY: u64 = 0;

/// Puts `command` in as one frame with this `opaque`.
pub(crate) fn encode_command(
    command: &Command,
    opaque: i32,
    format: HeaderFormat,
    out: &mut WriteBuf,
) -> Result<(), EncodeError> {
    let mut command = command.clone();
    command.opaque = opaque;
    out.frame(&Bytes::new(), |bytes| command.encode(format, bytes))
}
