//! What concerns the whole process: forks, library threads, settings that all producers share, and the end.

use std::ffi::c_char;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::ffi::output::Output;
use crate::ffi::types::{rocketmq_error, rocketmq_status};
use crate::ffi::{boundary, handle, input};
use crate::producer::{Instant, Producer, Timeout};
use crate::runtime;

/// The limit that `ROCKETMQ_WAIT_DEFAULT` stands for where no producer gives one.
const TIMEOUT_DEFAULT: Duration = Duration::from_millis(3000);

/// Has forks noticed from now on, by a handler that runs in the child.
pub(super) fn watch_forks() -> Result<(), Error> {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.load(Ordering::Acquire) {
        return Ok(());
    }
    // SAFETY: `child_after_fork` does nothing that a handler may not do, and is never unloaded: the library
    // is linked `-z nodelete`.
    let result = unsafe { libc::pthread_atfork(None, None, Some(child_after_fork)) };
    if result != 0 {
        return Err(Error::new(ErrorKind::System, format!("pthread_atfork failed with {result}")));
    }
    // Set after the fact and without a lock: two threads that come first both install it, which does no
    // harm, and no fork finds it promised but missing.
    WATCHED.store(true, Ordering::Release);
    Ok(())
}

extern "C" fn child_after_fork() {
    runtime::forked();
}

/// Refuses a call that waits for callbacks on a thread that may have to run them.
pub(super) fn refuse_library_threads() -> Result<(), Error> {
    if runtime::is_library_thread() {
        return Err(Error::new(
            ErrorKind::WouldDeadlock,
            "the call waits for callbacks and was made on a thread of the library",
        ));
    }
    Ok(())
}

/// Producers that were destroyed and still end what was open. The global shutdown waits for them too; kept
/// for each generation, since the lock may be held at a fork.
struct Leaving {
    generation: u64,
    producers: Mutex<Vec<Weak<Producer>>>,
    next: OnceLock<Box<Self>>,
}

static FIRST: Leaving = Leaving::new(0);

impl Leaving {
    const fn new(generation: u64) -> Self {
        Self { generation, producers: Mutex::new(Vec::new()), next: OnceLock::new() }
    }

    fn current() -> MutexGuard<'static, Vec<Weak<Producer>>> {
        let generation = runtime::generation();
        let mut leaving = &FIRST;
        while leaving.generation < generation {
            leaving = leaving.next.get_or_init(|| Box::new(Self::new(generation)));
        }
        leaving.producers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a producer that is about to be abandoned, and forgets those that have ended.
pub(super) fn remember_leaving(producer: &Arc<Producer>) {
    let mut leaving = Leaving::current();
    leaving.retain(|producer| producer.strong_count() > 0);
    leaving.push(Arc::downgrade(producer));
}

/// Optional, before the first start (INVALID_STATE later): "runtime.worker.threads" (1) move the bytes,
/// "runtime.callback.threads" (1) run callbacks, "runtime.thread.prefix" ("rmq") begins thread names. \[any\]
///
/// # Safety
///
/// The texts as R5, `error` as R2 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_global_set(
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or text.
        let key = unsafe { input::text("key", key) }?;
        // SAFETY: NULL or text.
        let value = unsafe { input::text("value", value) }?;
        runtime::set(key, value)
    })
}

/// For exit hooks and leak checkers: shuts every producer down as rocketmq_producer_shutdown() does, all at
/// once and within the one limit, then joins all threads. `ROCKETMQ_ERR_TIMEOUT`: some are still inside a
/// callback or the system's resolver; call again. After OK the library is as freshly loaded: old handles
/// answer `ROCKETMQ_ERR_CLOSED` (their destroy is still due), new producers may be created. \[wait\]
///
/// # Safety
///
/// `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_global_shutdown(
    timeout_ms: i64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        let until = deadline(input::timeout(timeout_ms)?);
        refuse_library_threads()?;
        shutdown_producers(until)?;
        // Producers that were cut off at the limit leave nothing for threads that have nothing to do any more.
        runtime::global_shutdown(until.map(|until| until.max(Instant::now() + JOIN_MIN)))
    })
}

/// What threads get for ending when the producers took the whole limit.
const JOIN_MIN: Duration = Duration::from_millis(10);

/// The end of a limit that no producer is concerned with; `None` also for one beyond all clocks.
fn deadline(timeout: Timeout) -> Option<Instant> {
    let limit = match timeout {
        Timeout::Forever => return None,
        Timeout::Default => TIMEOUT_DEFAULT,
        Timeout::After(limit) => limit,
    };
    Instant::now().checked_add(limit)
}

/// Shuts all producers down together. That sends were cut off is no failure here: no callback runs any more.
fn shutdown_producers(until: Option<Instant>) -> Result<(), Error> {
    let mut producers = handle::producers();
    producers.extend(Leaving::current().iter().filter_map(Weak::upgrade));
    let mut open: Vec<Pin<Box<_>>> =
        producers.iter().map(|producer| Box::pin(producer.shutdown(until))).collect();
    let mut failure = None;
    let all = poll_fn(|context| {
        open.retain_mut(|shutdown| match shutdown.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(end) => {
                if let Err(error) = end
                    && error.kind() != ErrorKind::Closed
                {
                    failure = Some(error);
                }
                false
            }
        });
        if open.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    let in_time = runtime::wait(Producer::grace(until), pin!(all));
    match (in_time, failure) {
        (_, Some(error)) => Err(error),
        (Some(()), None) => Ok(()),
        (None, None) => Err(Error::new(ErrorKind::Timeout, "some producers are not shut down yet")),
    }
}
