//! What a producer counts: how its sends ended, and which calls it refused. [`report`] tells it.
//!
//! Nothing is counted while a send begins: what was accepted is what has ended and what is open. A send is counted in the
//! moment in which its room in flight comes back, under both locks, so that the two always agree.

mod json;
mod report;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use tokio::time::Instant;

use crate::error::{ErrorKind, Outcome};
use crate::latency::Latencies;
use crate::producer::result::SendStatus;
use crate::runtime::lock;

/// Codes of brokers that are told apart: they come from the network.
const CODES_MAX: usize = 64;
const KINDS: usize = ErrorKind::ALL.len();

/// How a send ended, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// So, after so many microseconds.
    Stored(SendStatus, u32),
    /// A one-way send is written.
    Written,
    Failed {
        kind: ErrorKind,
        outcome: Outcome,
        code: Option<i32>,
        oneway: bool,
    },
}

/// A send that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) how: How,
    pub(crate) attempts: u32,
    /// More than one for a batch.
    pub(crate) messages: usize,
    /// As they counted in flight.
    pub(crate) bytes: usize,
}

/// What many sends that end together add, gathered without a lock.
#[derive(Default)]
pub(crate) struct Tally {
    /// By status.
    stored: [u64; 4],
    messages: u64,
    bytes: u64,
    attempts: u64,
    /// Of the sends that were stored.
    latencies_us: Vec<u32>,
    /// At the first attempt, as nearly all that are written.
    written: u64,
    written_bytes: u64,
    /// All others.
    records: Vec<Record>,
}

impl Tally {
    #[inline]
    pub(crate) fn add(&mut self, record: Record) {
        let (status, latency_us) = match record.how {
            How::Stored(status, latency_us) => (status, latency_us),
            How::Written if record.attempts == 1 => {
                self.written += 1;
                self.written_bytes += record.bytes as u64;
                return;
            }
            How::Written | How::Failed { .. } => return self.records.push(record),
        };
        if let Some(count) = self.stored.get_mut(status as usize) {
            *count += 1;
        }
        self.messages += record.messages as u64;
        self.bytes += record.bytes as u64;
        self.attempts += u64::from(record.attempts);
        self.latencies_us.push(latency_us);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.latencies_us.is_empty() && self.written == 0 && self.records.is_empty()
    }
}

/// What is counted.
pub(crate) struct Stats {
    counts: Mutex<Counts>,
    /// By kind.
    refused: [AtomicU64; KINDS],
    throttled: AtomicU64,
    /// Automatic batches that went out, and the messages in them.
    batches: [AtomicU64; 2],
    events_dropped: AtomicU64,
    /// When it began to run.
    started: OnceLock<Instant>,
}

/// Of sends that have ended.
pub(crate) struct Counts {
    /// By status.
    stored: [u64; 4],
    stored_messages: u64,
    stored_bytes: u64,
    written: u64,
    written_bytes: u64,
    failed: Failed,
    attempts: u64,
    retries: u64,
    /// Of those that were stored.
    latencies: Latencies,
}

struct Failed {
    sends: u64,
    messages: u64,
    bytes: u64,
    oneway: u64,
    not_sent: u64,
    rejected: u64,
    unknown: u64,
    by_kind: [u64; KINDS],
    /// In the order in which they came.
    by_code: Vec<(i32, u64)>,
    other_codes: u64,
}

impl Default for Stats {
    fn default() -> Self {
        let failed = Failed {
            sends: 0,
            messages: 0,
            bytes: 0,
            oneway: 0,
            not_sent: 0,
            rejected: 0,
            unknown: 0,
            by_kind: [0; KINDS],
            by_code: Vec::new(),
            other_codes: 0,
        };
        let counts = Counts {
            stored: [0; 4],
            stored_messages: 0,
            stored_bytes: 0,
            written: 0,
            written_bytes: 0,
            failed,
            attempts: 0,
            retries: 0,
            latencies: Latencies::default(),
        };
        Self {
            counts: Mutex::new(counts),
            refused: [const { AtomicU64::new(0) }; KINDS],
            throttled: AtomicU64::new(0),
            batches: [const { AtomicU64::new(0) }; 2],
            events_dropped: AtomicU64::new(0),
            started: OnceLock::new(),
        }
    }
}

impl Stats {
    /// The counts, to be held until the room of what is counted has come back. Locked before the budget.
    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    /// Counts one send; to be held until its room has come back.
    pub(crate) fn counted(&self, record: &Record) -> MutexGuard<'_, Counts> {
        let mut counts = self.counts();
        counts.add(record);
        counts
    }

    /// A call was refused.
    #[cold]
    pub(crate) fn add_refused(&self, kind: ErrorKind) {
        if let Some(count) = self.refused.get(kind as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A broker asked to slow down.
    #[cold]
    pub(crate) fn add_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// A batch of so many sends that waited for one another goes out.
    pub(crate) fn add_batch(&self, messages: usize) {
        let [batches, all] = &self.batches;
        batches.fetch_add(1, Ordering::Relaxed);
        all.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// The event of a send was dropped: its queue was destroyed.
    #[cold]
    pub(crate) fn add_dropped_event(&self) {
        self.events_dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn started(&self, now: Instant) {
        // Set once: a producer starts once.
        let _ = self.started.set(now);
    }
}

impl Counts {
    /// Adds all that `tally` has; it is empty afterwards.
    pub(crate) fn add_all(&mut self, tally: &mut Tally) {
        for (count, more) in self.stored.iter_mut().zip(std::mem::take(&mut tally.stored)) {
            *count += more;
        }
        self.stored_messages += std::mem::take(&mut tally.messages);
        self.stored_bytes += std::mem::take(&mut tally.bytes);
        let attempts = std::mem::take(&mut tally.attempts);
        self.attempts += attempts;
        self.retries += attempts.saturating_sub(tally.latencies_us.len() as u64);
        let written = std::mem::take(&mut tally.written);
        self.written += written;
        self.attempts += written;
        self.written_bytes += std::mem::take(&mut tally.written_bytes);
        for us in tally.latencies_us.drain(..) {
            self.latencies.record(us, 1);
        }
        for record in tally.records.drain(..) {
            self.add(&record);
        }
    }

    pub(crate) fn add(&mut self, record: &Record) {
        let (messages, bytes) = (record.messages as u64, record.bytes as u64);
        self.attempts += u64::from(record.attempts);
        self.retries += u64::from(record.attempts.saturating_sub(1));
        match record.how {
            How::Stored(status, latency_us) => {
                if let Some(count) = self.stored.get_mut(status as usize) {
                    *count += 1;
                }
                self.stored_messages += messages;
                self.stored_bytes += bytes;
                self.latencies.record(latency_us, 1);
            }
            How::Written => {
                self.written += 1;
                self.written_bytes += bytes;
            }
            How::Failed { kind, outcome, code, oneway } => {
                self.failed.messages += messages;
                self.failed.bytes += bytes;
                self.failed.add(kind, outcome, code, oneway);
            }
        }
    }

    fn stored(&self) -> u64 {
        self.stored.iter().sum()
    }

    fn ended(&self) -> u64 {
        self.stored() + self.written + self.failed.sends
    }
}

impl Failed {
    #[cold]
    fn add(&mut self, kind: ErrorKind, outcome: Outcome, code: Option<i32>, oneway: bool) {
        self.sends += 1;
        self.oneway += u64::from(oneway);
        match outcome {
            Outcome::NotSent => self.not_sent += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Unknown => self.unknown += 1,
        }
        if let Some(count) = self.by_kind.get_mut(kind as usize) {
            *count += 1;
        }
        let Some(code) = code else { return };
        if let Some((_, count)) = self.by_code.iter_mut().find(|(known, _)| *known == code) {
            *count += 1;
        } else if self.by_code.len() < CODES_MAX {
            self.by_code.push((code, 1));
        } else {
            self.other_codes += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_as_they_are_listed() {
        for (index, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index, "{kind:?}");
        }
    }

    #[test]
    fn codes_beyond_the_first_64_are_counted_together() {
        let stats = Stats::default();
        for code in (0..100).chain(0..100) {
            let (kind, outcome) = (ErrorKind::Broker, Outcome::Rejected);
            let how = How::Failed { kind, outcome, code: Some(code), oneway: false };
            stats.counts().add(&Record { how, attempts: 1, messages: 1, bytes: 0 });
        }
        let failed = &stats.counts().failed;
        assert_eq!((failed.by_code.len(), failed.other_codes, failed.sends), (64, 72, 200));
        assert!(failed.by_code.iter().all(|(_, count)| *count == 2));
    }
}
