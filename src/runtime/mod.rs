//! What the library runs on: one tokio runtime and the callback threads for a whole process, made by the
//! first start and joined by the global shutdown. A leaf: it knows nothing of producers.
//!
//! Everything global hangs on a *generation*, which a fork ends: the child finds a fresh one and never
//! touches a lock that another thread of its parent may have held.

mod catch;
mod dispatch;
mod event_queue;
mod log_line;
mod log_thread;
mod signal;
mod threads;
mod wait;

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use catch::catch;
pub use dispatch::{Job, Jobs};
pub(crate) use event_queue::EventQueue;
pub use event_queue::{Patience, Wakeup};
pub use log_thread::LogSink;
pub use threads::is_library_thread;
pub use wait::wait;

use crate::error::{Error, ErrorKind};
use dispatch::Lanes;
use log_thread::LogQueue;
use threads::Threads;

/// Locks `mutex`. A panic of another holder does not matter: no lock is held across code that may leave
/// what it guards half done.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

static GENERATION: AtomicU64 = AtomicU64::new(0);
static FIRST: Generation = Generation::new(0);

/// The process's generation: it changes in the child of a fork.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Begins a new generation. For the child handler of a fork: one atomic, nothing else.
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Everything global of one process.
struct Generation {
    number: u64,
    settings: Mutex<Settings>,
    running: Mutex<Option<Arc<Running>>>,
    log: LogQueue,
    next: OnceLock<Box<Self>>,
}

impl Generation {
    const fn new(number: u64) -> Self {
        Self {
            number,
            settings: Mutex::new(Settings::DEFAULT),
            running: Mutex::new(None),
            log: LogQueue::new(),
            next: OnceLock::new(),
        }
    }

    /// A child's generation starts with its parent's settings, unless the fork caught them being changed.
    fn child(&self, number: u64) -> Box<Self> {
        let child = Self::new(number);
        if let Ok(settings) = self.settings.try_lock() {
            *lock(&child.settings) = settings.clone();
        }
        child.log.inherit(&self.log);
        Box::new(child)
    }
}

/// The generation of this process. Each fork adds one link, so the walk is short.
fn current() -> &'static Generation {
    let number = generation();
    let mut generation = &FIRST;
    while generation.number < number {
        generation = generation.next.get_or_init(|| generation.child(number));
    }
    generation
}

/// The process-wide settings, see `rocketmq_global_set()`.
#[derive(Clone)]
struct Settings {
    worker_threads: usize,
    callback_threads: usize,
    /// Of thread names; "rmq" while not set.
    prefix: Option<String>,
}

impl Settings {
    const DEFAULT: Self = Self { worker_threads: 1, callback_threads: 1, prefix: None };

    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or("rmq")
    }
}

/// Changes a process-wide setting, which is possible until the first start.
pub fn set(key: &str, value: &str) -> Result<(), Error> {
    let refuse = |why: &str| {
        Err(Error::new(ErrorKind::InvalidValue, format!("{key}: the value {value:?} is not accepted: {why}")))
    };
    let generation = current();
    let running = lock(&generation.running);
    let threads = value.trim().parse::<usize>().ok().filter(|count| (1..=256).contains(count));
    let mut settings = lock(&generation.settings).clone();
    match (key, threads) {
        ("runtime.worker.threads", Some(count)) => settings.worker_threads = count,
        ("runtime.callback.threads", Some(count)) => settings.callback_threads = count,
        ("runtime.worker.threads" | "runtime.callback.threads", None) => {
            return refuse("it must be a whole number from 1 to 256");
        }
        ("runtime.thread.prefix", _) => {
            // Linux cuts thread names at 15 bytes, of which "-cb-NNN" takes seven.
            if value.is_empty() || value.len() > 8 || !value.chars().all(|c| c.is_ascii_graphic()) {
                return refuse("it must be 1 to 8 visible ASCII characters");
            }
            settings.prefix = Some(value.to_owned());
        }
        _ => {
            return Err(Error::new(ErrorKind::UnknownKey, format!("there is no process-wide key {key:?}")));
        }
    }
    if running.is_some() {
        return Err(Error::new(
            ErrorKind::InvalidState,
            format!("{key} cannot change any more: a producer was started"),
        ));
    }
    *lock(&generation.settings) = settings;
    Ok(())
}

/// Where log lines go and from which level on. `None` is standard error. The sink before is dropped when
/// its last call has returned.
pub fn set_log_sink(level: log::LevelFilter, sink: Option<LogSink>) {
    current().log.set_sink(level, sink);
}

/// The runtime and threads of this process while they run.
pub(crate) struct Running {
    tasks: tokio::runtime::Handle,
    /// Taken by the shutdown.
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    lanes: Lanes,
    threads: Threads,
    /// What the layers above share in the process.
    shared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Running {
    fn start(settings: &Settings) -> Result<Self, Error> {
        let prefix = settings.prefix();
        let name = format!("{prefix}-rt");
        let runtime = threads::with_signals_blocked(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(settings.worker_threads)
                .thread_name(name)
                .on_thread_start(threads::mark_library_thread)
                .enable_io()
                .enable_time()
                .build()
        })
        .map_err(|error| Error::new(ErrorKind::System, format!("the runtime cannot start: {error}")))?;
        let threads = Threads::new(prefix);
        let lanes = Lanes::start(settings.callback_threads, &threads)?;
        Ok(Self {
            tasks: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            lanes,
            threads,
            shared: OnceLock::new(),
        })
    }

    /// The one `T` of this process, made by `init` at the first call; `None` if another type came first.
    pub(crate) fn shared<T: Any + Send + Sync>(&self, init: impl FnOnce() -> T) -> Option<Arc<T>> {
        Arc::clone(self.shared.get_or_init(|| Arc::new(init()))).downcast().ok()
    }

    /// Where tasks are spawned.
    pub(crate) const fn tasks(&self) -> &tokio::runtime::Handle {
        &self.tasks
    }

    /// Runs `jobs` on the callback thread of `lane`, in order.
    pub(crate) fn hand_over(&self, lane: usize, jobs: &mut Jobs) {
        self.lanes.hand_over(lane, jobs);
    }

    /// Starts a thread that the global shutdown joins.
    pub(crate) fn spawn_thread(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.threads.spawn(name, run)
    }

    /// Ends every task and thread; `false` when one was still busy at `until`. May be called again.
    fn stop(&self, until: Option<Instant>) -> bool {
        self.lanes.stop();
        if let Some(runtime) = lock(&self.runtime).take() {
            // On a thread of its own, since tokio refuses to wait on a thread that runs somebody's tasks.
            let stopper = move || runtime.shutdown_timeout(Duration::from_secs(3600));
            if self.threads.spawn("stop", stopper).is_err() {
                log::error!("no thread to end the runtime on: its threads stay");
            }
        }
        self.threads.join(until)
    }
}

/// The runtime of this process, started if need be.
pub(crate) fn start() -> Result<Arc<Running>, Error> {
    log_thread::install();
    let generation = current();
    let mut slot = lock(&generation.running);
    if let Some(running) = &*slot {
        if lock(&running.runtime).is_none() {
            return Err(Error::new(ErrorKind::InvalidState, "a global shutdown is under way"));
        }
        return Ok(Arc::clone(running));
    }
    let running = Arc::new(Running::start(&lock(&generation.settings))?);
    *slot = Some(Arc::clone(&running));
    Ok(running)
}

/// Joins every thread of the library. Producers are shut down before. [`ErrorKind::Timeout`] when one is
/// still busy at `until`; another call goes on.
pub fn global_shutdown(until: Option<Instant>) -> Result<(), Error> {
    let generation = current();
    let running = lock(&generation.running).clone();
    let busy =
        || Error::new(ErrorKind::Timeout, "a library thread is still inside a callback or the resolver");
    if let Some(running) = running {
        if !running.stop(until) {
            return Err(busy());
        }
        *lock(&generation.running) = None;
    }
    if generation.log.stop(until) { Ok(()) } else { Err(busy()) }
}
