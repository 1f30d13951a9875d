//! The process that is measured: one thread sends through the C functions, in phases, and prints a line for each
//! figure. Its own loop allocates nothing and sleeps once for every half window.

use std::ffi::{CStr, c_void};
use std::hint::black_box;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use ::rocketmq_producer::ffi::{rocketmq_error, rocketmq_send_result};
use nix::sys::resource::UsageWho;

use crate::api::{Message, Producer};
use crate::counted;
use crate::machine::{cpu_us, now, running_ns, usage};
use crate::seam::{self, Counted};

/// First argument of this process.
pub(crate) const ROLE: &str = "client";
/// Where the messages go.
pub(crate) const TOPIC: &CStr = c"bench";

const BODY_BYTES: usize = 1024;
/// The sender stops at so many outstanding messages and goes on at half of it.
const WINDOW: usize = 256;
/// A callback that does not come fails the run.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of so many async sends one is timed: a prime, so that all places within a window get their turn.
const TIMED_EVERY: usize = 17;
/// A sync send costs a round trip: fewer of them tell enough.
const SYNC_PART: usize = 10;

/// What the callbacks tell the sender.
static OUTSTANDING: AtomicUsize = AtomicUsize::new(0);
static FAILED: AtomicUsize = AtomicUsize::new(0);
static SENDER: OnceLock<Thread> = OnceLock::new();

extern "C-unwind" fn on_sent(_: *const rocketmq_send_result, error: *const rocketmq_error, _: *mut c_void) {
    ended(!error.is_null());
}

fn ended(failed: bool) {
    FAILED.fetch_add(usize::from(failed), Ordering::Relaxed);
    let before = OUTSTANDING.fetch_sub(1, Ordering::Release);
    if (before == WINDOW / 2 + 1 || before == 1)
        && let Some(sender) = SENDER.get()
    {
        sender.unpark();
    }
}

/// What is to be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phases {
    /// Everything.
    All,
    /// What does not depend on speed.
    Counts,
    /// The plain window only, for `strace`.
    Plain,
}

impl Phases {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Counts => "counts",
            Self::Plain => "plain",
        }
    }

    fn parse(name: &str) -> Result<Self, String> {
        let known = [Self::All, Self::Counts, Self::Plain].into_iter().find(|phases| phases.name() == name);
        known.ok_or_else(|| format!("there are no phases {name:?}"))
    }
}

/// Arguments: phases, name server, header format, messages, process id of the sink.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let [phases, namesrv, format, messages, sink] = arguments else {
        return Err("a client takes five arguments".to_owned());
    };
    let phases = Phases::parse(phases)?;
    let messages: usize = messages.parse().map_err(|_| format!("{messages:?} is no number"))?;
    let settings =
        [("namesrv.addr", namesrv.as_str()), ("producer.group", "bench"), ("header.format", format.as_str())];
    let run = Run {
        producer: Producer::start(TOPIC, &settings)?,
        body: (0..BODY_BYTES).map(|index| u8::try_from(index % 251).unwrap_or(0)).collect(),
        messages,
        sink: format!("/proc/{sink}/task"),
        accepted: 0,
        settings,
    };
    SENDER.get_or_init(std::thread::current);
    run.phases(phases)
}

struct Run<'a> {
    producer: Producer,
    settings: [(&'a str, &'a str); 3],
    body: Vec<u8>,
    messages: usize,
    /// Where the system shows the sink's threads.
    sink: String,
    accepted: usize,
}

impl Run<'_> {
    fn phases(mut self, phases: Phases) -> Result<(), String> {
        let message = Message::new(TOPIC, &self.body)?;
        self.flood(self.messages / 10, |producer, _| producer.send_async(&message, Some(on_sent)))?;
        self.plain(&message, phases)?;
        if phases != Phases::Plain {
            self.seam()?;
            self.allocations(&message)?;
        }
        if phases == Phases::All {
            self.sync(&message)?;
        }
        self.producer.shutdown()?;
        print("accepted", self.accepted as f64);
        print("socket writes in all", counted::socket_writes() as f64);
        match FAILED.load(Ordering::Relaxed) {
            0 => Ok(()),
            failed => Err(format!("{failed} sends failed")),
        }
    }

    /// The window with one message that is used again and again.
    fn plain(&mut self, message: &Message, phases: Phases) -> Result<(), String> {
        let mut times = Vec::with_capacity(self.messages / TIMED_EVERY + 1);
        let timed = phases == Phases::All;
        let before = Moment::now(&self.sink)?;
        self.flood(self.messages, |producer, index| {
            if !timed || index % TIMED_EVERY != 0 {
                return producer.send_async(message, Some(on_sent));
            }
            let start = now();
            let sent = producer.send_async(message, Some(on_sent));
            times.push(start.elapsed());
            sent
        })?;
        let after = Moment::now(&self.sink)?;
        let count = self.messages as f64;
        print("socket writes", (after.socket_writes - before.socket_writes) as f64 / count);
        print("eventfd writes", (after.other_writes - before.other_writes) as f64 / count);
        print("switches", (after.switches - before.switches) as f64 / count);
        print("switches of the sender", (after.sender_switches - before.sender_switches) as f64 / count);
        if timed {
            let seconds = (after.at - before.at).as_secs_f64();
            print("cpu", (after.cpu_us - before.cpu_us) as f64 / count);
            print("sink cpu", (after.sink_ns - before.sink_ns) as f64 / 1e3 / count);
            print("rate", count / seconds / 1e3);
            print("sink load", (after.sink_ns - before.sink_ns) as f64 / 1e9 / seconds);
            print_quantiles("call", &mut times, &[50.0, 99.0, 99.9]);
        }
        Ok(())
    }

    /// The window again, with the writes counted at the byte stream.
    fn seam(&mut self) -> Result<(), String> {
        let topic = TOPIC.to_str().map_err(|error| error.to_string())?;
        let counted = Counted::start(topic, &self.settings, &self.body)?;
        self.flood(self.messages / 10, |_, _| counted.send(ended))?;
        let before = seam::writes();
        self.flood(self.messages, |_, _| counted.send(ended))?;
        print("stream writes", (seam::writes() - before) as f64 / self.messages as f64);
        counted.shutdown()
    }

    fn allocations(&mut self, message: &Message) -> Result<(), String> {
        let count = self.messages as f64;
        let reused = counting(|| {
            self.flood(self.messages, |producer, _| producer.send_async(message, Some(on_sent)))
        })?;
        print("allocations", reused as f64 / count);
        let body = std::mem::take(&mut self.body);
        let made = counting(|| {
            self.flood(self.messages, |producer, _| {
                let message = Message::new(TOPIC, black_box(&body))?;
                producer.send_async(&message, Some(on_sent))
            })
        })?;
        print("allocations with a message each", made as f64 / count);
        Ok(())
    }

    fn sync(&mut self, message: &Message) -> Result<(), String> {
        let count = self.messages / SYNC_PART;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = now();
            self.producer.send(message)?;
            times.push(start.elapsed());
        }
        self.accepted += count;
        print_quantiles("sync", &mut times, &[50.0, 99.0]);
        Ok(())
    }

    /// Sends `count` messages with `send` through the window, and waits for the last callback.
    fn flood(
        &mut self,
        count: usize,
        mut send: impl FnMut(&Producer, usize) -> Result<(), String>,
    ) -> Result<(), String> {
        for index in 0..count {
            if OUTSTANDING.load(Ordering::Acquire) >= WINDOW {
                wait_for(WINDOW / 2)?;
            }
            OUTSTANDING.fetch_add(1, Ordering::Relaxed);
            send(&self.producer, index)?;
            self.accepted += 1;
        }
        wait_for(0)
    }
}

/// Sleeps until no more than `outstanding` messages are.
fn wait_for(outstanding: usize) -> Result<(), String> {
    let until = now() + PATIENCE;
    while OUTSTANDING.load(Ordering::Acquire) > outstanding {
        if now() >= until {
            return Err("callbacks do not come".to_owned());
        }
        std::thread::park_timeout(PATIENCE);
    }
    Ok(())
}

/// The allocations of `work`.
fn counting(work: impl FnOnce() -> Result<(), String>) -> Result<u64, String> {
    let before = counted::allocations();
    counted::count_allocations(true);
    let worked = work();
    counted::count_allocations(false);
    worked.map(|()| counted::allocations() - before)
}

/// The accounts at one moment.
struct Moment {
    at: Instant,
    cpu_us: i64,
    switches: i64,
    sender_switches: i64,
    sink_ns: u64,
    socket_writes: u64,
    other_writes: u64,
}

impl Moment {
    fn now(sink: &str) -> Result<Self, String> {
        Ok(Self {
            at: now(),
            cpu_us: cpu_us(UsageWho::RUSAGE_SELF)?,
            switches: usage(UsageWho::RUSAGE_SELF)?.voluntary_context_switches(),
            sender_switches: usage(UsageWho::RUSAGE_THREAD)?.voluntary_context_switches(),
            sink_ns: running_ns(sink).map_err(|error| format!("{sink}: {error}"))?,
            socket_writes: counted::socket_writes(),
            other_writes: counted::other_writes(),
        })
    }
}

fn print(name: &str, value: f64) {
    println!("{name}\t{value}");
}

fn print_quantiles(name: &str, times: &mut [Duration], percents: &[f64]) {
    times.sort_unstable();
    for percent in percents {
        let place = times.len() as f64 * percent / 100.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
        let place = (place as usize).min(times.len().saturating_sub(1));
        let time = times.get(place).copied().unwrap_or_default();
        print(&format!("{name} p{percent}"), time.as_secs_f64() * 1e6);
    }
}
