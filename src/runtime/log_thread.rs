//! Log lines: queued by whoever logs, written by one thread, so that a slow sink never holds up a send.
//! The thread starts with the first line.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use log::{Level, LevelFilter};
use tokio::time::Instant;

use super::threads::Threads;
use super::{current, lock};

/// Takes a line: level, target, text. Called on the log thread only.
pub type LogSink = Arc<dyn Fn(Level, &str, &str) + Send + Sync>;

/// Lines that wait for a slow sink; the oldest are dropped beyond it.
const LINES_MAX: usize = 1024;

struct Line {
    level: Level,
    target: String,
    text: String,
}

pub(super) struct LogQueue {
    state: Mutex<State>,
    ready: Condvar,
}

struct State {
    lines: VecDeque<Line>,
    dropped: u64,
    level: LevelFilter,
    sink: Option<LogSink>,
    thread: Option<Threads>,
    stop: bool,
}

impl LogQueue {
    pub(super) const fn new() -> Self {
        let state = State {
            lines: VecDeque::new(),
            dropped: 0,
            level: LevelFilter::Warn,
            sink: None,
            thread: None,
            stop: false,
        };
        Self { state: Mutex::new(state), ready: Condvar::new() }
    }

    pub(super) fn inherit(&self, parent: &Self) {
        if let Ok(parent) = parent.state.try_lock() {
            let mut state = lock(&self.state);
            state.level = parent.level;
            state.sink.clone_from(&parent.sink);
        }
    }

    pub(super) fn set_sink(&self, level: LevelFilter, sink: Option<LogSink>) {
        let mut state = lock(&self.state);
        state.level = level;
        let before = std::mem::replace(&mut state.sink, sink);
        drop(state);
        // Outside the lock, since it may run the application's release function.
        drop(before);
        log::set_max_level(level);
    }

    fn push(&'static self, line: Line) {
        let mut state = lock(&self.state);
        if line.level > state.level {
            return;
        }
        if state.lines.len() >= LINES_MAX {
            state.lines.pop_front();
            state.dropped += 1;
        }
        state.lines.push_back(line);
        if state.thread.is_none() {
            let threads = Threads::new("rmq");
            // Without a thread the line waits for the next one that finds room for a thread.
            if threads.spawn("log", || self.run()).is_ok() {
                state.stop = false;
                state.thread = Some(threads);
            }
        }
        drop(state);
        self.ready.notify_one();
    }

    fn run(&self) {
        let mut state = lock(&self.state);
        loop {
            if state.dropped > 0 {
                let text = format!("{} log lines were dropped: the log callback is slow", state.dropped);
                state.dropped = 0;
                let target = String::from("rocketmq_producer");
                state.lines.push_front(Line { level: Level::Warn, target, text });
            }
            let Some(line) = state.lines.pop_front() else {
                if state.stop {
                    return;
                }
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let sink = state.sink.clone();
            drop(state);
            match &sink {
                Some(sink) => sink(line.level, &line.target, &line.text),
                None => to_standard_error(&line),
            }
            drop(sink);
            state = lock(&self.state);
        }
    }

    /// Ends the thread when it has written what waits; `false` when it has not at `until`.
    pub(super) fn stop(&self, until: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        state.stop = true;
        let Some(threads) = state.thread.take() else { return true };
        drop(state);
        self.ready.notify_one();
        let ended = threads.join(until);
        if !ended {
            lock(&self.state).thread = Some(threads);
        }
        ended
    }
}

fn to_standard_error(line: &Line) {
    // A closed standard error is the host's choice.
    let _ = writeln!(std::io::stderr(), "{} {} {}", line.level, line.target, line.text);
}

struct Facade;

impl log::Log for Facade {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            current().log.push(Line {
                level: record.level(),
                target: record.target().to_owned(),
                text: record.args().to_string(),
            });
        }
    }

    fn flush(&self) {}
}

/// Makes the queue the target of the `log` facade. A Rust host with a logger of its own keeps that.
pub(super) fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Facade).is_ok() {
            log::set_max_level(lock(&current().log.state).level);
        }
    });
}
