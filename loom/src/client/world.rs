//! The seams, as far as the task behind an address knows them. Time stands still.

use std::io::{self, IoSlice};
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::client::peer::Peer;
use crate::runtime::Jobs;

/// What is read from and written to.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Writes to a stream without its task.
pub trait Pen: Send {
    /// Writes what the stream takes at once.
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// What is below a stream.
pub trait Line: Send {
    /// A stream over it.
    fn watched(&self) -> io::Result<Box<dyn ByteStream>>;
    /// For those who read while there is no stream.
    fn ear(&self) -> io::Result<Arc<dyn Ear>>;
}

/// Reads on the thread that waits.
pub trait Ear: Send + Sync {
    /// Blocks until there may be something to read, or it is closed.
    fn wait(&self, until: Option<Instant>) -> bool;
    /// Reads what is there.
    fn read(&self, room: &mut [u8]) -> io::Result<usize>;
    /// Ends the wait, and all that follow.
    fn close(&self);
}

/// A connection as the client sees it.
pub struct Link {
    /// For the task.
    pub stream: Box<dyn ByteStream>,
    /// For whoever the task lends it to.
    pub pen: Option<Box<dyn Pen>>,
    /// For the task, if there may be no stream for a while.
    pub line: Option<Box<dyn Line>>,
}

/// Where completions run.
pub trait Dispatcher: Send + Sync {
    /// Runs `jobs`.
    fn hand_over(&self, lane: usize, jobs: &mut Jobs);
}

/// No completion comes this way in a model.
struct Nowhere;

impl Dispatcher for Nowhere {
    fn hand_over(&self, _: usize, _: &mut Jobs) {}
}

#[derive(Clone)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) const fn now(&self) -> Instant {
        self.0
    }
}

#[derive(Clone)]
pub(crate) struct Random;

#[expect(clippy::unused_self, reason = "as the library's")]
impl Random {
    pub(crate) const fn below(&self, _: usize) -> usize {
        0
    }
}

/// Everything that the client takes from the world.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) dispatcher: Arc<dyn Dispatcher>,
    /// Who is behind every address.
    pub(crate) peer: Peer,
}

impl World {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { clock: Clock(now()), random: Random, dispatcher: Arc::new(Nowhere), peer }
    }
}

/// One moment for all explorations, so that each runs the same.
pub(crate) fn now() -> Instant {
    static NOW: OnceLock<Instant> = OnceLock::new();
    *NOW.get_or_init(Instant::now)
}
