//! What happened in a run: its log as a hash, and as text when it is replayed; every send; counts for the report.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Mutex;
use std::time::Duration;

use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, SendResult, SendStatus};

use crate::world::lock;

/// Adds a line to the log.
macro_rules! note {
    ($book:expr, $($text:tt)*) => { $book.note(format_args!($($text)*)) };
}
pub(crate) use note;

/// How often each thing happened.
pub(crate) type Counts = BTreeMap<String, u64>;

/// The timers' granularity: tokio rounds up to whole milliseconds, and a deadline lies on one whenever the time limit
/// is whole, so an end may be noticed in the next one at most.
pub(crate) const TICK: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Sync,
    Async,
    OneWay,
}

/// How a send ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Stored { broker: String, queue_id: i32, offset: i64, status: SendStatus },
    Failed { kind: ErrorKind, outcome: Outcome },
}

/// An attempt as a broker saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) broker: usize,
    pub(crate) queue_id: i32,
    pub(crate) id: String,
    /// Of the request: all of the message's, or the batch's own.
    pub(crate) properties: String,
    pub(crate) body: bytes::Bytes,
    pub(crate) sys_flag: i32,
}

/// One call of a send function.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) member: usize,
    pub(crate) mode: Mode,
    pub(crate) topic: String,
    pub(crate) queue: Option<(String, i32)>,
    /// Its sharding key, which chooses the queue.
    pub(crate) key: Option<String>,
    /// Of each message: one, or those of a batch.
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) attempts_max: u32,
    pub(crate) at_most_once: bool,
    pub(crate) block: bool,
    pub(crate) deadline: Option<Instant>,
    /// Purged: it ends at once.
    pub(crate) purged: Option<Instant>,
    /// Made in turn with others of this number, each after the end of the one before.
    pub(crate) sequence: Option<u64>,
    /// Its end is an event, not a callback.
    pub(crate) event: bool,
    /// The caller dropped the call, or the queue of its event.
    pub(crate) given_up: bool,
    /// `None` while the call has not returned; for a synchronous one both are one.
    pub(crate) accepted: Option<bool>,
    pub(crate) ends: Vec<End>,
    pub(crate) id: Option<String>,
    /// Of each message, if they are stored.
    pub(crate) ids: Vec<String>,
    pub(crate) attempts: Option<u32>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) go_aways: u32,
}

pub(crate) struct Book {
    pub(crate) began: Instant,
    trace: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hash: DefaultHasher,
    counts: BTreeMap<&'static str, u64>,
    sent: Vec<Sent>,
    broken: Vec<String>,
    /// Groups of which a task panicked as planned.
    exploded: BTreeSet<usize>,
}

struct Feed<'a>(&'a mut DefaultHasher);

impl Write for Feed<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// The ids of all messages that a result stands for.
fn ids(result: &SendResult) -> Vec<String> {
    let id = |index| result.message_id_at(index).map(|id: &CStr| id.to_str().unwrap().to_owned());
    (0..).map_while(id).collect()
}

impl Book {
    pub(crate) fn new(trace: bool) -> Self {
        Self { began: Instant::now(), trace, state: Mutex::default() }
    }

    pub(crate) fn note(&self, text: fmt::Arguments<'_>) {
        let at = self.began.elapsed();
        let mut state = lock(&self.state);
        state.hash.write_u128(at.as_nanos());
        Feed(&mut state.hash).write_fmt(text).unwrap();
        if self.trace {
            println!("{:>10.3} {text}", at.as_secs_f64());
        }
    }

    pub(crate) fn count(&self, what: &'static str) {
        *lock(&self.state).counts.entry(what).or_default() += 1;
    }

    /// An invariant does not hold.
    pub(crate) fn broken(&self, sentence: String) {
        note!(self, "BROKEN: {sentence}");
        lock(&self.state).broken.push(sentence);
    }

    pub(crate) fn check(&self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.broken(sentence());
        }
    }

    pub(crate) fn explode(&self, group: usize) {
        lock(&self.state).exploded.insert(group);
    }

    pub(crate) fn has_exploded(&self, group: usize) -> bool {
        lock(&self.state).exploded.contains(&group)
    }

    pub(crate) fn submitted(&self, sent: Sent) -> usize {
        let mut state = lock(&self.state);
        let number = state.sent.len();
        let text = format!(
            "send {number} of producer {}: {:?} to {} {:?} {:?}, {} messages, {} bytes, {:?} left, block: {}",
            sent.member,
            sent.mode,
            sent.topic,
            sent.queue,
            sent.key,
            sent.bodies.len(),
            sent.bodies.iter().map(Vec::len).sum::<usize>(),
            sent.deadline.map(|deadline| deadline - Instant::now()),
            sent.block,
        );
        state.sent.push(sent);
        drop(state);
        note!(self, "{text}");
        number
    }

    pub(crate) fn with<T>(&self, number: usize, change: impl FnOnce(&mut Sent) -> T) -> T {
        change(&mut lock(&self.state).sent[number])
    }

    pub(crate) fn each(&self, mut look: impl FnMut(usize, &Sent)) {
        lock(&self.state).sent.iter().enumerate().for_each(|(number, sent)| look(number, sent));
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.state).sent.len()
    }

    /// All sends, when nothing runs any more.
    pub(crate) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut lock(&self.state).sent)
    }

    /// A send that was taken has ended. `handed` is when the library let go of it.
    pub(crate) fn ended(&self, number: usize, outcome: Result<&SendResult, &Error>, handed: Instant) {
        let (id, attempts, end) = match outcome {
            Ok(result) => {
                let end = End::Stored {
                    broker: result.broker.as_str().to_owned(),
                    queue_id: result.queue_id,
                    offset: result.queue_offset,
                    status: result.status,
                };
                (result.message_id_str().to_owned(), result.attempts, end)
            }
            Err(error) => {
                let (kind, outcome) = (error.kind(), error.outcome());
                let end = End::Failed { kind, outcome };
                (error.message_id().as_str().to_owned(), error.attempts(), end)
            }
        };
        let why = outcome.err().map(Error::message);
        let after = handed - self.began;
        note!(self, "send {number} ended after {attempts} attempts, handed over {after:?}: {end:?} {why:?}");
        let (late, twice) = self.with(number, |sent| {
            sent.ends.push(end);
            sent.attempts = Some(attempts);
            sent.id = Some(id).filter(|id| !id.is_empty());
            sent.ids = outcome.map_or_else(|_| Vec::new(), ids);
            let limit = sent.deadline.into_iter().chain(sent.purged).min();
            let late = limit.is_some_and(|limit| handed > limit + TICK);
            (late.then(|| handed - limit.unwrap()), sent.ends.len() > 1)
        });
        self.check(!twice, || format!("send {number} ended twice"));
        self.check(late.is_none(), || format!("send {number} ended {late:?} after its deadline"));
    }

    pub(crate) fn take_broken(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).broken)
    }

    pub(crate) fn hash(&self) -> u64 {
        lock(&self.state).hash.finish()
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.state).counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }
}
