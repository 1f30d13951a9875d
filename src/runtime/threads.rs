//! The library's own threads: named, with every signal blocked, known to themselves, joined at the end.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use nix::sys::signal::{SigSet, SigmaskHow};
use tokio::time::Instant;

use super::lock;
use crate::error::{Error, ErrorKind};

thread_local! {
    static LIBRARY: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is one of the library's.
pub fn is_library_thread() -> bool {
    LIBRARY.get()
}

pub(super) fn mark_library_thread() {
    LIBRARY.set(true);
}

/// Runs `spawn` with all signals blocked, so that threads born in it never take one from the host: a
/// thread inherits the mask, and blocking in the thread itself would be too late.
pub(super) fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let result = spawn();
    if let Ok(before) = before {
        // Fails for an unknown `how` only.
        let _ = before.thread_set_mask();
    }
    result
}

/// A group of threads that can be joined with a limit.
pub(super) struct Threads {
    prefix: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    alive: usize,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    pub(super) fn new(prefix: &str) -> Self {
        let state = Mutex::new(State { alive: 0, handles: Vec::new() });
        Self { prefix: prefix.to_owned(), shared: Arc::new(Shared { state, ended: Condvar::new() }) }
    }

    pub(super) fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        lock(&self.shared.state).alive += 1;
        let alive = Alive(Arc::clone(&self.shared));
        let builder = std::thread::Builder::new().name(format!("{}-{name}", self.prefix));
        // No lock is held here: when there is no thread, `Alive` is dropped and counts itself out.
        let handle = with_signals_blocked(|| {
            builder.spawn(move || {
                mark_library_thread();
                let _alive = alive;
                run();
            })
        })
        .map_err(|error| Error::new(ErrorKind::System, format!("no thread can be started: {error}")))?;
        let mut state = lock(&self.shared.state);
        let (over, going): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.handles).into_iter().partition(JoinHandle::is_finished);
        state.handles = going;
        state.handles.push(handle);
        drop(state);
        over.into_iter().for_each(join);
        Ok(())
    }

    /// Waits until all have ended; `false` when one has not at `until`.
    pub(super) fn join(&self, until: Option<Instant>) -> bool {
        let mut state = lock(&self.shared.state);
        while state.alive > 0 {
            let Some(guard) = super::wait::wait_on(&self.shared.ended, state, until) else { return false };
            state = guard;
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        handles.into_iter().for_each(join);
        true
    }
}

fn join(handle: JoinHandle<()>) {
    // A panic was reported by the thread itself.
    let _ = handle.join();
}

/// Counts its thread out, also when the thread panics.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        lock(&self.0.state).alive -= 1;
        self.0.ended.notify_all();
    }
}
