//! What one thread does in one part of the run. It polls the client's futures itself, as a thread outside of the
//! client's runtime, so that it has a window of its own and may sleep.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rocketmq_client_rust::{ClientError, SendResult, SendStatus};
use rocketmq_model::common::message::message_single::Message;

use crate::Bench;
use crate::settings::{Phase, Style};

/// One call in so many is timed from the caller's side.
const CALL_SAMPLING: usize = 17;

pub(crate) struct Sender {
    bench: Arc<Bench>,
    thread: usize,
    share: usize,
    limit: i64,
    window: Arc<Window>,
    samples: Arc<Samples>,
}

impl Sender {
    pub(crate) fn new(bench: Arc<Bench>, thread: usize, share: usize, timed: bool) -> Self {
        let settings = &bench.settings;
        let limit = (settings.window / settings.threads).max(1) as i64;
        let latencies = timed && matches!(settings.phase, Phase::Sync | Phase::Open);
        let calls = timed && settings.phase != Phase::Sync;
        let samples = Samples {
            latencies: empty(if latencies { share } else { 0 }),
            calls: empty(if calls { share.div_ceil(CALL_SAMPLING) } else { 0 }),
        };
        Self { bench, thread, share, limit, window: Arc::default(), samples: Arc::new(samples) }
    }

    pub(crate) fn run(self, begin: Instant, time: Duration) -> Arc<Samples> {
        let bench = Arc::clone(&self.bench);
        bench.runtime.block_on(self.send_all(begin, begin + time));
        self.window.wait_until(0);
        self.samples
    }

    async fn send_all(&self, begin: Instant, until: Instant) {
        let settings = &self.bench.settings;
        let mut number = 0;
        while number < self.share || (until > begin && Instant::now() < until) {
            match settings.phase {
                Phase::Sync => self.send_sync(number).await,
                Phase::Oneway => self.send_oneway(number).await,
                Phase::Async | Phase::Open => {
                    let due = (settings.phase == Phase::Open)
                        .then(|| begin + Duration::from_secs_f64(number as f64 / settings.rate));
                    sleep_until(due);
                    if self.window.outstanding.load(Ordering::SeqCst) >= self.limit {
                        self.bench.counts.late.fetch_add(1, Ordering::Relaxed);
                        self.window.wait_until(self.limit / 2);
                    }
                    self.send_async(number, due).await;
                }
            }
            number += 1;
        }
    }

    async fn send_sync(&self, number: usize) {
        let called = Instant::now();
        let result = self.bench.producer.send(self.message(number)).await;
        record(&self.samples.latencies, number, called);
        self.bench.settle(result.as_ref().map(Option::as_ref));
    }

    async fn send_oneway(&self, number: usize) {
        let called = sampled(number);
        let result = self.bench.producer.send_oneway(self.message(number)).await;
        self.record_call(number, called);
        // Handed over is all that the sender of a one-way message learns.
        self.bench.counts.settle(match result {
            Ok(()) => Ok(SendStatus::SendOk),
            Err(error) => Err(error.to_string()),
        });
    }

    async fn send_async(&self, number: usize, due: Option<Instant>) {
        self.window.outstanding.fetch_add(1, Ordering::SeqCst);
        let answered = Answered {
            bench: Arc::clone(&self.bench),
            window: Arc::clone(&self.window),
            samples: Arc::clone(&self.samples),
            number,
            due,
        };
        let called = sampled(number);
        let message = self.message(number);
        if self.bench.settings.style == Style::Task {
            tokio::spawn(async move {
                let result = answered.bench.producer.send(message).await;
                answered.finish(result.as_ref().map(Option::as_ref));
            });
        } else {
            let refused = answered.clone();
            let callback = move |result: Option<&SendResult>, error: Option<&ClientError>| {
                answered.finish(error.map_or(Ok(result), Err));
            };
            if let Err(error) = self.bench.producer.send_with_callback(message, callback).await {
                refused.finish(Err(&error));
            }
        }
        self.record_call(number, called);
    }

    fn message(&self, number: usize) -> Message {
        self.bench.message(self.thread + number)
    }

    fn record_call(&self, number: usize, called: Option<Instant>) {
        if let Some(called) = called {
            record(&self.samples.calls, number / CALL_SAMPLING, called);
        }
    }
}

impl Bench {
    fn settle(&self, result: Result<Option<&SendResult>, &ClientError>) {
        self.counts.settle(match result {
            Ok(Some(result)) => Ok(result.send_status),
            Ok(None) => Err("a send without a result".to_owned()),
            Err(error) => Err(error.to_string()),
        });
    }
}

/// What is done when the answer to one asynchronous send has come.
#[derive(Clone)]
struct Answered {
    bench: Arc<Bench>,
    window: Arc<Window>,
    samples: Arc<Samples>,
    number: usize,
    due: Option<Instant>,
}

impl Answered {
    fn finish(&self, result: Result<Option<&SendResult>, &ClientError>) {
        if let Some(due) = self.due {
            record(&self.samples.latencies, self.number, due);
        }
        self.bench.settle(result);
        self.window.release();
    }
}

/// The outstanding sends of one thread: it stops at the limit and is woken once, when they are down to half.
struct Window {
    outstanding: AtomicI64,
    /// What the thread waits for; -1 while it does not wait.
    awaited: AtomicI64,
    lock: Mutex<()>,
    reached: Condvar,
}

impl Default for Window {
    fn default() -> Self {
        let (outstanding, awaited) = (AtomicI64::new(0), AtomicI64::new(-1));
        Self { outstanding, awaited, lock: Mutex::default(), reached: Condvar::default() }
    }
}

impl Window {
    fn release(&self) {
        let left = self.outstanding.fetch_sub(1, Ordering::SeqCst) - 1;
        if left == self.awaited.load(Ordering::SeqCst) {
            let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.reached.notify_one();
        }
    }

    fn wait_until(&self, level: i64) {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.awaited.store(level, Ordering::SeqCst);
        while self.outstanding.load(Ordering::SeqCst) > level {
            lock = self.reached.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        self.awaited.store(-1, Ordering::SeqCst);
    }
}

/// Nanoseconds measured by one thread and, for open, by whoever finishes its sends.
pub(crate) struct Samples {
    latencies: Vec<AtomicU64>,
    calls: Vec<AtomicU64>,
}

impl Samples {
    pub(crate) fn latencies(all: &[Arc<Self>]) -> Vec<u64> {
        sorted(all.iter().flat_map(|samples| &samples.latencies))
    }

    pub(crate) fn calls(all: &[Arc<Self>]) -> Vec<u64> {
        sorted(all.iter().flat_map(|samples| &samples.calls))
    }
}

fn sorted<'a>(samples: impl Iterator<Item = &'a AtomicU64>) -> Vec<u64> {
    let mut nanos: Vec<u64> = samples.map(|sample| sample.load(Ordering::Relaxed)).collect();
    nanos.sort_unstable();
    nanos
}

fn empty(length: usize) -> Vec<AtomicU64> {
    (0..length).map(|_| AtomicU64::new(0)).collect()
}

/// Outside of the timed part there is no place to record in.
fn record(samples: &[AtomicU64], place: usize, begin: Instant) {
    if let Some(sample) = samples.get(place) {
        sample.store(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }
}

fn sampled(number: usize) -> Option<Instant> {
    number.is_multiple_of(CALL_SAMPLING).then(Instant::now)
}

/// Blocks this thread alone: the runtime's own threads do the client's work, and its timers are too coarse.
fn sleep_until(due: Option<Instant>) {
    let Some(due) = due else { return };
    while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::sleep(left);
    }
}
