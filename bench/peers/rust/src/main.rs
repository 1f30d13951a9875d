//! rocketmq-client-rust's producer under the load that all clients of the benchmark get.
//!
//! | file | holds |
//! |---|---|
//! | `main` | the parts of a run, and the watch over them |
//! | `sender` | what one thread does in one part, and its window |
//! | `settings` | the command line, and what is printed |

#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own, outside of the library's rules for time"
)]

mod sender;
mod settings;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rocketmq_client_rust::{ClientRuntime, ClientRuntimeConfig, DefaultMQProducer, SendStatus};
use rocketmq_model::common::message::message_single::Message;
use rocketmq_observability::TelemetryRuntimeGuard;
use rocketmq_protocol::protocol::SerializeType;
use rocketmq_protocol::protocol::remoting_command_defaults::{
    RemotingCommandDefaults, RemotingCommandFactory,
};
use rocketmq_runtime::RuntimeOwner;

use crate::sender::{Samples, Sender};
use crate::settings::{Figures, Phase, Settings, Style, Usage};

const STALLED: Duration = Duration::from_secs(20);

/// What all threads share.
struct Bench {
    settings: Settings,
    runtime: RuntimeOwner,
    producer: DefaultMQProducer,
    body: Bytes,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    first_failure: OnceLock<String>,
}

fn main() {
    let status = match run() {
        Ok(figures) => {
            figures.print();
            0
        }
        Err(sentence) => {
            eprintln!("bench rust: {sentence}");
            1
        }
    };
    // Without a shutdown, for which the last task would have to give its share of the producer back; and a call that
    // never returns must not hold the process.
    std::process::exit(status);
}

fn run() -> Result<Figures, String> {
    let settings = Settings::parse(std::env::args().skip(1))?;
    let bench = start(settings)?;
    let settings = &bench.settings;
    part(&bench, settings.warmup, Duration::from_secs(settings.warmup_seconds), false)?;
    bench.counts.late.store(0, Ordering::Relaxed);

    let before = Usage::now()?;
    let begin = Instant::now();
    let (samples, senders) = part(&bench, settings.messages, Duration::ZERO, true)?;
    let seconds = begin.elapsed().as_secs_f64();
    let after = Usage::now()?;
    drop(senders);

    let counts = &bench.counts;
    let messages = settings.messages as f64;
    let mut figures = Figures::default();
    let style = if settings.style == Style::Task { ", a task for each send" } else { ", callbacks" };
    // As pinned in Cargo.toml; the crate does not tell it.
    figures.text("client", format!("rocketmq-client-rust 1.0.0{style}"));
    figures.text("messages", settings.messages);
    figures.text("accepted", counts.accepted.load(Ordering::Relaxed));
    figures.text("failed", counts.failed.load(Ordering::Relaxed));
    figures.decimal("cpu_us", (after.cpu_us - before.cpu_us) as f64 / messages);
    figures.decimal("seconds", seconds);
    figures.decimal("rate", messages / seconds);
    figures.decimal("switches", (after.switches - before.switches) as f64 / messages);
    figures.percentiles("", Samples::latencies(&samples), true);
    figures.percentiles("call_", Samples::calls(&samples), false);
    if settings.phase == Phase::Open {
        figures.text("late", counts.late.load(Ordering::Relaxed));
    }
    figures.text("rss_kib", after.rss_kib);
    figures.text("threads", after.threads);

    let failed = counts.failed.load(Ordering::Relaxed);
    if failed > 0 {
        eprintln!("bench rust: {failed} sends failed{}", counts.reason());
    }
    Ok(figures)
}

fn start(settings: Settings) -> Result<Arc<Bench>, String> {
    let cannot = |reason: &dyn std::fmt::Display| format!("cannot make the client's runtime: {reason}");
    let runtime = RuntimeOwner::new().map_err(|error| cannot(&error))?;
    let format = if settings.binary { SerializeType::ROCKETMQ } else { SerializeType::JSON };
    let defaults = RemotingCommandDefaults::new(RemotingCommandDefaults::default().version(), format);
    let client = ClientRuntime::try_new_with_remoting_command_factory(
        runtime.root_context().component("bench"),
        ClientRuntimeConfig::default(),
        TelemetryRuntimeGuard::noop().handle(),
        RemotingCommandFactory::new(defaults),
    )
    .map_err(|error| cannot(&error))?;
    let mut producer = DefaultMQProducer::builder(client)
        .producer_group("bench")
        .name_server_addr(settings.name_server.as_str())
        .send_msg_timeout(3000)
        .compress_msg_body_over_howmuch(u32::MAX)
        .build();
    let counts = Arc::new(Counts::default());
    let begin = move || match runtime.block_on(producer.start()) {
        Ok(()) => Ok((runtime, producer)),
        Err(error) => Err(error.to_string()),
    };
    let Some((runtime, producer)) = watch(&counts, "start the producer", vec![begin])?.0.pop() else {
        return Err("the producer has started without a trace".to_owned());
    };
    let body = pseudo_random(settings.body);
    Ok(Arc::new(Bench { settings, runtime, producer, body, counts }))
}

/// Sends `messages`, and goes on until `time` has passed; at its end every answer is there.
fn part(bench: &Arc<Bench>, messages: usize, time: Duration, timed: bool) -> Watched<Arc<Samples>> {
    let begin = Instant::now();
    let threads = bench.settings.threads;
    let senders = (0..threads).map(|thread| {
        let share = messages / threads + usize::from(thread < messages % threads);
        let sender = Sender::new(Arc::clone(bench), thread, share, timed);
        move || Ok(sender.run(begin, time))
    });
    let purpose = format!("have {} sends accepted", bench.settings.phase.name());
    let sent = watch(&bench.counts, &purpose, senders.collect())?;
    if messages > 0 && bench.counts.accepted.load(Ordering::Relaxed) == 0 {
        return Err(format!("not one send was accepted{}", bench.counts.reason()));
    }
    if bench.settings.phase == Phase::Oneway {
        let closing = Arc::clone(bench);
        let fence = move || {
            let answer = closing.producer.send_with_timeout(closing.message(0), STALLED.as_millis() as u64);
            let result = closing.runtime.block_on(answer);
            match result.map_err(|error| error.to_string())?.map(|result| result.send_status) {
                Some(SendStatus::SendOk) => closing.counts.settle(Ok(SendStatus::SendOk)),
                other => return Err(format!("its result is {other:?}")),
            }
            Ok(())
        };
        // What was sent before it on the same connection has been read once this is answered; with several brokers
        // the last messages to the others may still be on their way. It waits for all of them, so that the time-out
        // of a send would be short.
        watch(&bench.counts, "have the sync send that closes the one-way sends answered", vec![fence])?;
    }
    Ok(sent)
}

type Watched<T> = Result<(Vec<T>, Parked), String>;

/// Threads that have done their work, and stay for as long as they are to be counted.
struct Parked(Vec<thread::JoinHandle<()>>);

impl Drop for Parked {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            thread.thread().unpark();
            // A panic has shown before, as a result that is missing.
            let _ = thread.join();
        }
    }
}

/// Runs each job on a thread and waits for all, but not for longer than 20 seconds in which no send is accepted.
fn watch<T, F>(counts: &Counts, purpose: &str, jobs: Vec<F>) -> Watched<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, String> + Send + 'static,
{
    let (finished, results) = mpsc::channel();
    let threads: Vec<_> = jobs
        .into_iter()
        .map(|job| {
            let finished = finished.clone();
            thread::spawn(move || {
                // Nobody listens any more once the run has failed.
                let _ = finished.send(job());
                drop(finished);
                thread::park();
            })
        })
        .collect();
    drop(finished);
    let mut done = Vec::new();
    let (mut seen, mut since) = (counts.accepted.load(Ordering::Relaxed), Instant::now());
    while done.len() < threads.len() {
        match results.recv_timeout(Duration::from_secs(1)) {
            Ok(result) => done.push(result.map_err(|reason| format!("cannot {purpose}: {reason}"))?),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(format!("a thread panicked that was to {purpose}"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let accepted = counts.accepted.load(Ordering::Relaxed);
                if accepted != seen {
                    (seen, since) = (accepted, Instant::now());
                } else if since.elapsed() > STALLED {
                    let (stalled, failed) = (STALLED.as_secs(), counts.failed.load(Ordering::Relaxed));
                    return Err(format!(
                        "no progress for {stalled} seconds, waiting to {purpose}; failed sends so far: {failed}{}",
                        counts.reason()
                    ));
                }
            }
        }
    }
    Ok((done, Parked(threads)))
}

impl Bench {
    /// The messages share one body: the client keeps a reference and does not change it.
    fn message(&self, number: usize) -> Message {
        let topics = &self.settings.topics;
        let topic = topics[number % topics.len()].as_str();
        // Lacking a topic is all that it would panic for.
        Message::builder().topic(topic).body(self.body.clone()).build_unchecked()
    }
}

impl Counts {
    fn settle(&self, result: Result<SendStatus, String>) {
        let reason = match result {
            Ok(SendStatus::SendOk) => {
                self.accepted.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Ok(status) => format!("{status:?}"),
            Err(reason) => reason,
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.first_failure.get_or_init(|| reason);
    }

    fn reason(&self) -> String {
        self.first_failure.get().map_or_else(String::new, |reason| format!(", the first one: {reason}"))
    }
}

fn pseudo_random(length: usize) -> Bytes {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}
