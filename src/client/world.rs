//! The seams: everything that the client takes from the world, in one struct. Production uses the system's;
//! a simulation puts in memory streams, a table of names, paused time, a seed, and runs on one thread.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::connector::{SystemConnector, SystemResolver};
use crate::client::registry::Registry;
use crate::error::{Error, ErrorKind};
use crate::runtime::{self, Jobs, Running, lock};

/// A future that a seam gives.
pub type Promise<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is read from and written to.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Writes to a stream without its task, on whichever thread has the pen.
pub trait Pen: Send {
    /// Writes what the stream takes at once, without waiting; `WouldBlock` when that is nothing.
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// What is below a stream: so it can be left to one who waits for an answer, and its task is not woken by what comes.
pub trait Line: Send {
    /// A stream over it, which wakes its task from now on until it is dropped. That does not end the line.
    fn watched(&self) -> io::Result<Box<dyn ByteStream>>;
    /// For those who read while there is no stream, one after the other.
    fn ear(&self) -> io::Result<Arc<dyn Ear>>;
}

/// Reads on the thread that waits.
pub trait Ear: Send + Sync {
    /// Blocks until there may be something to read. `false`: there is not, since the ear was closed or the time is over.
    fn wait(&self, until: Option<Instant>) -> bool;
    /// Reads what is there, without waiting.
    fn read(&self, room: &mut [u8]) -> io::Result<usize>;
    /// Ends the wait, and all that follow.
    fn close(&self);
}

/// A connection as the client sees it.
pub struct Link {
    /// For the connection's task.
    pub stream: Box<dyn ByteStream>,
    /// For whoever the task lends it to while it sleeps, if the stream has one.
    pub pen: Option<Box<dyn Pen>>,
    /// For the task, if there may be no stream for a while. Needs the pen.
    pub line: Option<Box<dyn Line>>,
}

impl<S: ByteStream + 'static> From<S> for Link {
    fn from(stream: S) -> Self {
        Self { stream: Box::new(stream), pen: None, line: None }
    }
}

/// Address to connection.
pub trait Connector: Send + Sync {
    /// Connects. The caller limits the time.
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>>;
}

/// Host name to addresses.
pub trait Resolver: Send + Sync {
    /// All addresses of `host`. The caller limits the time; an answer may never come.
    fn resolve(&self, host: &str) -> Promise<io::Result<Vec<IpAddr>>>;
    /// The address of this host that others see best, for client ids and message ids.
    fn local_address(&self) -> IpAddr;
}

/// What time it is. Timers are tokio's.
pub trait Clock: Send + Sync {
    /// For deadlines.
    fn now(&self) -> Instant;
    /// Milliseconds since the epoch, for birth times.
    fn wall_ms(&self) -> i64;
    /// When the local month of `wall_ms` began, in milliseconds since the epoch: unique ids count from there.
    fn month_start_ms(&self, wall_ms: i64) -> i64;
}

/// Where completions run.
pub trait Dispatcher: Send + Sync {
    /// Runs `jobs` in order on the thread of `lane`. Leaves `jobs` empty.
    fn hand_over(&self, lane: usize, jobs: &mut Jobs);
}

/// Everything that the client takes from the world.
#[derive(Clone)]
pub struct World {
    /// Byte streams.
    pub connector: Arc<dyn Connector>,
    /// Names.
    pub resolver: Arc<dyn Resolver>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Random,
    /// Callback threads.
    pub dispatcher: Arc<dyn Dispatcher>,
    /// Where tasks run.
    pub tasks: tokio::runtime::Handle,
    /// Instances that producers share.
    pub instances: Arc<Registry>,
}

/// What all producers of a process share of the system.
struct Shared {
    resolver: Arc<SystemResolver>,
    instances: Arc<Registry>,
}

impl World {
    /// The system's, on the process's runtime, which starts if need be.
    pub fn system() -> Result<Self, Error> {
        let running = runtime::start()?;
        let shared = running.shared(|| Shared {
            resolver: Arc::new(SystemResolver::new(&running)),
            instances: Arc::default(),
        });
        let shared =
            shared.ok_or_else(|| Error::new(ErrorKind::Internal, "the process's state has another type"))?;
        Ok(Self {
            connector: Arc::new(SystemConnector),
            resolver: Arc::clone(&shared.resolver) as Arc<dyn Resolver>,
            instances: Arc::clone(&shared.instances),
            clock: Arc::new(SystemClock),
            random: Random::system(),
            tasks: running.tasks().clone(),
            dispatcher: Arc::new(CallbackThreads(running)),
        })
    }

    /// Runs `task` on [`Self::tasks`]. Boxed, all tasks are of one type: of each further one the runtime's code would be
    /// there once more, and again for each kind of runtime.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let task: Promise<()> = Box::pin(task);
        self.tasks.spawn(task)
    }
}

/// A shared generator of random numbers.
#[derive(Clone, Debug)]
pub struct Random(Arc<Mutex<fastrand::Rng>>);

impl Random {
    /// The same numbers for the same seed.
    pub fn with_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// Seeded by the system; by the address space and the process id where that fails.
    fn system() -> Self {
        let fallback = || u64::from(std::process::id()) ^ (std::ptr::from_ref(&runtime::generation) as u64);
        Self::with_seed(getrandom::u64().unwrap_or_else(|_| fallback()))
    }

    /// Any number.
    pub fn next_u64(&self) -> u64 {
        lock(&self.0).u64(..)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&self, end: usize) -> usize {
        if end == 0 { 0 } else { lock(&self.0).usize(..end) }
    }
}

/// The system's time, for a producer that has not been given its world yet.
pub(crate) fn system_now() -> Instant {
    SystemClock.now()
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the seam through which all others ask")]
    fn wall_ms(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn month_start_ms(&self, wall_ms: i64) -> i64 {
        use chrono::{Datelike, Local, TimeZone};
        let Some(now) = Local.timestamp_millis_opt(wall_ms).single() else { return 0 };
        // A clock change may skip the month's first hour or show it twice: the earlier one counts.
        Local
            .with_ymd_and_hms(now.year(), now.month(), 1, 0, 0, 0)
            .earliest()
            .map_or(wall_ms, |start| start.timestamp_millis())
    }
}

struct CallbackThreads(Arc<Running>);

impl Dispatcher for CallbackThreads {
    fn hand_over(&self, lane: usize, jobs: &mut Jobs) {
        self.0.hand_over(lane, jobs);
    }
}
