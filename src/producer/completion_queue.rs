//! Ends of asynchronous calls that the application polls, instead of being called back: sends, flushes, shutdowns; and log
//! lines. Each accepted call has room for its event, so that none is ever dropped but by closing the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use log::Level;

use crate::error::{Error, ErrorKind};
use crate::producer::Producer;
use crate::producer::flight::{Flight, Landed};
use crate::producer::notice::Notice;
use crate::producer::result::SendResult;
use crate::runtime::{EventQueue, Job, Jobs, Patience, Wakeup};

/// Log lines that wait while nobody polls; the oldest are dropped beyond it.
const LINES_MAX: usize = 1024;

/// What a poll takes out.
#[derive(Debug)]
pub struct Event<'a> {
    /// The caller's number.
    pub tag: u64,
    /// What has happened.
    pub what: What<'a>,
}

/// What an event tells.
#[derive(Debug)]
pub enum What<'a> {
    /// A send has ended. Its result still lies in it: whoever wants it takes it out, which moves it once.
    Sent(Result<&'a mut SendResult, Error>),
    /// A flush has ended.
    Flushed(Result<(), Error>),
    /// A shutdown has ended.
    Closed(Result<(), Error>),
    /// A log line.
    Line(Line),
}

/// A log line.
#[derive(Debug)]
pub struct Line {
    /// How grave it is.
    pub level: Level,
    /// Which part of the library says it, and what.
    pub text: String,
}

/// What lies in the queue.
pub(crate) enum Entry {
    /// The send itself, with its result.
    Sent(Box<Flight>),
    /// Everything else.
    Notice(Box<Notice>),
}

impl Entry {
    /// Whose call it ends, if it holds room for that.
    fn producer(&self) -> Option<&Producer> {
        match self {
            Self::Sent(flight) => flight.producer(),
            Self::Notice(notice) => notice.producer(),
        }
    }
}

/// The queue.
#[derive(Default)]
pub struct CompletionQueue {
    events: EventQueue<Entry>,
    /// Events that nobody will poll, since the queue is closed.
    dropped: AtomicU64,
}

impl std::fmt::Debug for CompletionQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CompletionQueue({})", self.events.len())
    }
}

impl CompletionQueue {
    /// An empty one.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Gives up to `max` events to `take`, waiting for the first if there is `patience`; how many they were: none when
    /// none came in time, or for an interrupt. [`ErrorKind::Closed`] when the queue is closed.
    pub fn poll(
        &self,
        max: usize,
        patience: Patience,
        mut take: impl FnMut(Event<'_>),
    ) -> Result<usize, Error> {
        let mut entries = Vec::new();
        let lost = self
            .events
            .poll(max, patience, &mut entries)
            .map_err(|_| Error::new(ErrorKind::Closed, "the completion queue was destroyed meanwhile"))?;
        let count = entries.len();
        let mut lost = Some(lost).filter(|lost| *lost > 0);
        let mut landed = Landed::default();
        for entry in entries {
            landed.take_event(entry, |mut event| {
                if let (What::Line(line), Some(lost)) = (&mut event.what, lost.take()) {
                    line.text = format!("{} ({lost} log lines before it were dropped)", line.text);
                }
                take(event);
            });
        }
        // The events' room comes back before the poll returns: who sends again upon an event finds it.
        landed.settle_now();
        Ok(count)
    }

    /// Ends one poll: the one that waits, or the next.
    pub fn interrupt(&self) {
        self.events.interrupt();
    }

    /// Events that wait.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Events that were dropped because the queue is closed.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// A descriptor that is readable while events wait; the queue's.
    pub fn descriptor(&self) -> Option<i32> {
        self.events.descriptor()
    }

    /// Another one for the same, the caller's to close.
    pub fn duplicate_descriptor(&self) -> Option<i32> {
        self.events.duplicate_descriptor()
    }

    /// Calls `wakeup` on a library thread whenever the queue stops being empty.
    pub fn set_wakeup(&self, wakeup: Option<Wakeup>) {
        self.events.set_wakeup(wakeup);
    }

    /// Drops what is in it and what comes later; polls end.
    pub fn close(&self) {
        self.discard(self.events.close());
    }

    /// Takes a log line, on the log thread; whether somebody may still poll it.
    pub fn push_line(&self, tag: u64, line: Line) -> bool {
        let notice = Notice::of_line(tag, line);
        match self.events.push_minor(Entry::Notice(Box::new(notice)), LINES_MAX) {
            Ok(wake) => {
                if wake {
                    self.events.wake();
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Puts `entries` in. Somebody who is to be woken is so by a job, on a callback thread.
    pub(crate) fn push(self: &Arc<Self>, entries: &mut Vec<Entry>, jobs: &mut Jobs) {
        if self.events.push(entries) {
            jobs.push(Box::new(Wake(Arc::clone(self))));
        }
        if !entries.is_empty() {
            self.discard(std::mem::take(entries));
        }
    }

    /// Drops events; what they hold comes back.
    fn discard(&self, entries: Vec<Entry>) {
        self.dropped.fetch_add(entries.len() as u64, Ordering::Relaxed);
        let mut landed = Landed::default();
        for entry in entries {
            if let Some(producer) = entry.producer() {
                producer.stats.add_dropped_event();
            }
            landed.take_event(entry, |_| {});
        }
        landed.settle_now();
    }
}

/// Wakes the application.
struct Wake(Arc<CompletionQueue>);

impl Job for Wake {
    fn run(self: Box<Self>) {
        self.0.events.wake();
    }
}
