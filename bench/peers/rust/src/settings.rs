//! The command line, what the process used, and what is printed.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;

use nix::sys::resource::{UsageWho, getrusage};

const WANTED: &str = "wanted: NAMESRV async|sync|oneway|open [key=value]...";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Async,
    Sync,
    Oneway,
    Open,
}

impl Phase {
    fn parse(name: &str) -> Result<Self, String> {
        [Self::Async, Self::Sync, Self::Oneway, Self::Open]
            .into_iter()
            .find(|phase| phase.name() == name)
            .ok_or_else(|| format!("no such phase: {name}; {WANTED}"))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Sync => "sync",
            Self::Oneway => "oneway",
            Self::Open => "open",
        }
    }
}

/// How an asynchronous send is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `send_with_callback`.
    Callback,
    /// A task that awaits `send`.
    Task,
}

pub(crate) struct Settings {
    pub(crate) name_server: String,
    pub(crate) phase: Phase,
    pub(crate) messages: usize,
    pub(crate) warmup: usize,
    pub(crate) warmup_seconds: u64,
    pub(crate) body: usize,
    pub(crate) window: usize,
    pub(crate) threads: usize,
    pub(crate) topics: Vec<String>,
    pub(crate) rate: f64,
    pub(crate) binary: bool,
    pub(crate) style: Style,
}

impl Settings {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (Some(name_server), Some(phase)) = (arguments.next(), arguments.next()) else {
            return Err(WANTED.to_owned());
        };
        let mut given = BTreeMap::new();
        for argument in arguments {
            let (key, value) =
                argument.split_once('=').ok_or_else(|| format!("not key=value: {argument}"))?;
            given.insert(key.to_owned(), value.to_owned());
        }
        let settings = Self {
            name_server,
            phase: Phase::parse(&phase)?,
            messages: number(&mut given, "messages", 100_000, 1)?,
            warmup: number(&mut given, "warmup", 10_000, 0)?,
            warmup_seconds: number(&mut given, "warmup_seconds", 0, 0)? as u64,
            body: number(&mut given, "body", 1024, 1)?,
            window: number(&mut given, "window", 256, 1)?,
            threads: number(&mut given, "threads", 1, 1)?,
            topics: (0..number(&mut given, "topics", 1, 1)?).map(|topic| format!("bench-{topic}")).collect(),
            rate: number(&mut given, "rate", 20_000, 1)? as f64,
            binary: second(&mut given, "format", ["json", "binary"])?,
            style: if second(&mut given, "style", ["callback", "task"])? {
                Style::Task
            } else {
                Style::Callback
            },
        };
        if let Some(key) = given.keys().next() {
            return Err(format!("no such key: {key}"));
        }
        if settings.phase == Phase::Open && settings.threads != 1 {
            return Err("open sends from one thread: threads=1".to_owned());
        }
        Ok(settings)
    }
}

fn number(
    given: &mut BTreeMap<String, String>,
    key: &str,
    absent: usize,
    least: usize,
) -> Result<usize, String> {
    let Some(text) = given.remove(key) else { return Ok(absent) };
    text.parse()
        .ok()
        .filter(|value| (least..=i32::MAX as usize).contains(value))
        .ok_or_else(|| format!("{key}={text} is not a number of at least {least}"))
}

/// Whether the second of two words is given; the first one is the default.
fn second(given: &mut BTreeMap<String, String>, key: &str, words: [&str; 2]) -> Result<bool, String> {
    match given.remove(key) {
        None => Ok(false),
        Some(word) if word == words[0] => Ok(false),
        Some(word) if word == words[1] => Ok(true),
        Some(word) => Err(format!("no such {key}: {word}")),
    }
}

/// What the process has used so far, and what it holds.
pub(crate) struct Usage {
    pub(crate) cpu_us: i64,
    pub(crate) switches: i64,
    pub(crate) rss_kib: u64,
    pub(crate) threads: usize,
}

impl Usage {
    pub(crate) fn now() -> Result<Self, String> {
        let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|error| format!("getrusage failed: {error}"))?;
        let (user, system) = (usage.user_time(), usage.system_time());
        let cannot_read = |error| format!("cannot read /proc/self: {error}");
        let status = fs::read_to_string("/proc/self/status").map_err(cannot_read)?;
        let rss = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB")?.trim().parse().ok());
        Ok(Self {
            cpu_us: (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec(),
            switches: usage.voluntary_context_switches(),
            rss_kib: rss.ok_or("no VmRSS in /proc/self/status")?,
            threads: fs::read_dir("/proc/self/task").map_err(cannot_read)?.count(),
        })
    }
}

/// The lines of the output.
#[derive(Default)]
pub(crate) struct Figures {
    lines: String,
}

impl Figures {
    pub(crate) fn text(&mut self, name: &str, value: impl Display) {
        self.lines.push_str(&format!("{name}\t{value}\n"));
    }

    pub(crate) fn decimal(&mut self, name: &str, value: f64) {
        self.text(name, format_args!("{value:.6}"));
    }

    pub(crate) fn percentiles(&mut self, prefix: &str, sorted: Vec<u64>, with_max: bool) {
        let Some(max) = sorted.last() else { return };
        for percent in [50.0, 99.0, 99.9] {
            let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
            self.decimal(&format!("{prefix}p{percent}"), sorted[rank.max(1) - 1] as f64 / 1e3);
        }
        if with_max {
            self.decimal(&format!("{prefix}max"), *max as f64 / 1e3);
        }
    }

    pub(crate) fn print(&self) {
        println!("{}end\tok", self.lines);
    }
}
