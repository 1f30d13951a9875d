//! Log lines: queued by whoever logs, written by one thread, so that a slow sink never holds up a send.
//! The thread starts with the first line. What a level leaves out is never formatted.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use log::{Level, LevelFilter};
use tokio::time::Instant;

use super::log_line::{Line, Repeats};
use super::threads::Threads;
use super::{current, lock};

/// Takes a line: level, target, text. Called on the log thread only. When it answers `false` nobody will see the line
/// there; then a warning or an error goes to standard error.
pub type LogSink = Arc<dyn Fn(Level, &str, &str) -> bool + Send + Sync>;

/// Lines that wait for a slow sink; the oldest are dropped beyond it.
const LINES_MAX: usize = 1024;

pub(super) struct LogQueue {
    /// The [`LevelFilter`] as a number: what is off is refused without a lock.
    level: AtomicUsize,
    state: Mutex<State>,
    ready: Condvar,
}

struct State {
    lines: VecDeque<Line>,
    dropped: u64,
    repeats: Repeats,
    sink: Option<LogSink>,
    thread: Option<Threads>,
    /// Threads that were told to end and had not when somebody last waited for them.
    ending: Vec<Threads>,
    /// Counts the stops: a thread ends when it is of an earlier life.
    life: u64,
}

impl LogQueue {
    pub(super) const fn new() -> Self {
        let state = State {
            lines: VecDeque::new(),
            dropped: 0,
            repeats: Repeats::new(),
            sink: None,
            thread: None,
            ending: Vec::new(),
            life: 0,
        };
        Self {
            level: AtomicUsize::new(LevelFilter::Warn as usize),
            state: Mutex::new(state),
            ready: Condvar::new(),
        }
    }

    pub(super) fn inherit(&self, parent: &Self) {
        self.level.store(parent.level.load(Ordering::Relaxed), Ordering::Relaxed);
        if let Ok(parent) = parent.state.try_lock() {
            lock(&self.state).sink.clone_from(&parent.sink);
        }
    }

    pub(super) fn set_sink(&self, level: LevelFilter, sink: Option<LogSink>) {
        let mut state = lock(&self.state);
        self.level.store(level as usize, Ordering::Relaxed);
        let before = std::mem::replace(&mut state.sink, sink);
        drop(state);
        // Outside the lock, since it may run the application's release function.
        drop(before);
        if IS_OURS.load(Ordering::Acquire) {
            log::set_max_level(level);
        }
    }

    fn takes(&self, level: Level) -> bool {
        level as usize <= self.level.load(Ordering::Relaxed)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "lines of a paused clock and of the system's would not compare"
    )]
    fn push(&'static self, line: Line) {
        let mut state = lock(&self.state);
        let Some(line) = state.repeats.admit(line, std::time::Instant::now()) else { return };
        if state.lines.len() >= LINES_MAX {
            state.lines.pop_front();
            state.dropped += 1;
        }
        state.lines.push_back(line);
        if state.thread.is_none() {
            let threads = Threads::new("rmq");
            // Without a thread the line waits for the next one that finds room for a thread.
            let life = state.life;
            if threads.spawn("log", move || self.run(life)).is_ok() {
                state.thread = Some(threads);
            }
        }
        drop(state);
        // Also one that is to end may be asleep.
        self.ready.notify_all();
    }

    fn run(&self, life: u64) {
        let mut state = lock(&self.state);
        loop {
            if state.dropped > 0 {
                let text = format!("{} log lines were dropped: the log callback is slow", state.dropped);
                state.dropped = 0;
                state.lines.push_front(own_line(text));
            }
            let forgotten = state.repeats.take_forgotten();
            if forgotten > 0 {
                state.lines.push_front(own_line(format!("{forgotten} repeated log lines were left out")));
            }
            let Some(line) = state.lines.pop_front() else {
                if state.life != life {
                    return;
                }
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let sink = state.sink.clone();
            drop(state);
            let taken = match &sink {
                Some(sink) => sink(line.level, &line.target, &line.text) || line.level > Level::Warn,
                None => false,
            };
            if !taken {
                to_standard_error(&line);
            }
            drop(sink);
            state = lock(&self.state);
        }
    }

    /// Ends the thread when it has written what waits; `false` when it has not at `until`.
    pub(super) fn stop(&self, until: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        state.life += 1;
        // What the library says in its next life is news.
        state.repeats = Repeats::new();
        let mut ending = std::mem::take(&mut state.ending);
        ending.extend(state.thread.take());
        drop(state);
        self.ready.notify_all();
        ending.retain(|threads| !threads.join(until));
        let ended = ending.is_empty();
        lock(&self.state).ending.extend(ending);
        ended
    }
}

fn own_line(text: String) -> Line {
    Line { level: Level::Warn, target: String::from(env!("CARGO_CRATE_NAME")), text }
}

fn to_standard_error(line: &Line) {
    // A closed standard error is the host's choice.
    let _ = writeln!(std::io::stderr(), "{} {} {}", line.level, line.target, line.text);
}

struct Facade;

impl log::Log for Facade {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with(env!("CARGO_CRATE_NAME")) && current().log.takes(metadata.level())
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            current().log.push(Line::new(record));
        }
    }

    fn flush(&self) {}
}

/// The facade's logger, and with it its level, belongs to this library and not to a Rust host.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Makes the queue the target of the `log` facade. A Rust host with a logger of its own keeps that.
pub(super) fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Facade).is_ok() {
            IS_OURS.store(true, Ordering::Release);
            let level = current().log.level.load(Ordering::Relaxed);
            log::set_max_level(
                LevelFilter::iter().find(|known| *known as usize == level).unwrap_or(LevelFilter::Warn),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use log::{Log, Record};

    struct Unread;

    impl fmt::Display for Unread {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            unreachable!("a line that is off was formatted")
        }
    }

    #[test]
    fn what_is_off_is_not_formatted_whatever_the_facade_lets_through() {
        for (level, target) in [(Level::Trace, "rocketmq_producer::x"), (Level::Error, "another_crate")] {
            Facade.log(&Record::builder().level(level).target(target).args(format_args!("{Unread}")).build());
        }
    }

    fn line(number: usize) -> Line {
        own_line(number.to_string())
    }

    /// Gives `queue` a sink that tells lines while nobody holds `gate`, and lets it begin with line 0.
    fn busy_with_the_first(queue: &'static LogQueue, gate: &Arc<Mutex<()>>) -> Receiver<String> {
        let (began, begun) = channel();
        let (tell, told) = channel();
        let gate = Arc::clone(gate);
        let sink = move |_: Level, _: &str, text: &str| {
            // Awaited for the first line only.
            let _ = began.send(());
            drop(lock(&gate));
            tell.send(text.to_owned()).is_ok()
        };
        queue.set_sink(LevelFilter::Trace, Some(Arc::new(sink)));
        queue.push(line(0));
        begun.recv().unwrap();
        told
    }

    #[test]
    fn a_slow_sink_costs_the_oldest_lines_and_never_the_one_who_logs() {
        static QUEUE: LogQueue = LogQueue::new();
        let hold = Arc::new(Mutex::new(()));
        let held = lock(&hold);
        let told = busy_with_the_first(&QUEUE, &hold);
        // The sink is busy with the first one.
        (1..=LINES_MAX + 5).for_each(|number| QUEUE.push(line(number)));
        drop(held);
        assert!(QUEUE.stop(None));
        let told: Vec<_> = told.try_iter().collect();
        assert_eq!(told.len(), 1 + 1 + LINES_MAX);
        assert_eq!(told[0], "0");
        assert!(told[1].starts_with("5 log lines were dropped"), "{}", told[1]);
        assert_eq!((told[2].as_str(), told.last().unwrap()), ("6", &(LINES_MAX + 5).to_string()));
        QUEUE.set_sink(LevelFilter::Off, None);
    }

    #[test]
    fn a_repeated_line_is_queued_once() {
        static QUEUE: LogQueue = LogQueue::new();
        let (tell, told) = channel();
        let sink = move |_: Level, _: &str, text: &str| tell.send(text.to_owned()).is_ok();
        QUEUE.set_sink(LevelFilter::Trace, Some(Arc::new(sink)));
        (0..1000).for_each(|_| QUEUE.push(line(7)));
        assert_eq!(told.recv_timeout(Duration::from_secs(10)).unwrap(), "7");
        assert!(QUEUE.stop(None));
        // A busy machine may take a second for the loop.
        assert!(told.try_iter().count() < 10);
        QUEUE.set_sink(LevelFilter::Off, None);
    }

    #[test]
    fn a_stop_that_did_not_wait_long_enough_costs_no_line_and_no_thread() {
        static QUEUE: LogQueue = LogQueue::new();
        let hold = Arc::new(Mutex::new(()));
        let held = lock(&hold);
        let told = busy_with_the_first(&QUEUE, &hold);
        assert!(!QUEUE.stop(Some(Instant::now())), "the sink is busy");
        // The next life begins while the thread of the one before is still there.
        (1..10).for_each(|number| QUEUE.push(line(number)));
        drop(held);
        assert!(QUEUE.stop(None));
        let mut told: Vec<_> = told.try_iter().collect();
        told.sort_unstable();
        assert_eq!(told, (0..10).map(|number| number.to_string()).collect::<Vec<_>>());
        assert!(lock(&QUEUE.state).ending.is_empty());
        QUEUE.set_sink(LevelFilter::Off, None);
    }
}
