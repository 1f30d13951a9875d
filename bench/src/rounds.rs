//! The rounds: for each column a fresh sink and a fresh client, column after column, round after round; then the
//! table and the verdict.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::client::{self, Phases};
use crate::machine::{can_pin, children_cpu, machine_busy, now};
use crate::sink::{Sink, with_prefix};
use crate::table::{self, Column, Figures};
use crate::trace;

/// What no figure may exceed: its name, how it is called, the limit. They are of the order at which the shape breaks
/// (one write, one sleep for each message), far above what a healthy client shows.
const LIMITS: [(&str, &str, f64); 5] = [
    ("stream writes", "writes to the byte stream per message", 0.2),
    ("socket writes", "socket writes per message", 0.2),
    ("switches", "voluntary context switches per message", 0.2),
    ("allocations", "allocations per message, message reused", 0.1),
    ("allocations with a message each", "  with create, set_body and destroy", 0.1),
];

/// Not an excess: a buffer that grows once in a run is not a message's.
const GROWTH: f64 = 0.01;

/// The other lines of the table.
const SHOWN: [(&str, &str); 13] = [
    ("switches of the sender", "  switches of the sending thread"),
    ("eventfd writes", "writes that wake the runtime, per message"),
    ("cpu", "client CPU, µs per message"),
    ("rate", "thousand messages a second"),
    ("call p50", "send_async, µs on the caller's thread: p50"),
    ("call p99", "  p99"),
    ("call p99.9", "  p99.9"),
    ("sync p50", "send, µs: p50"),
    ("sync p99", "  p99"),
    ("sink cpu", "(sink CPU, µs per message)"),
    ("sink load", "(sink, share of a core: void above 0.8)"),
    ("others", "(other processes, cores: void above 0.25)"),
    ("accepted", "(messages in all)"),
];

/// A healthy client is within the limits in one of so many quick rounds, however busy the machine is.
const QUICK_TRIES: usize = 5;

/// What the arguments ask for.
pub(crate) struct Wanted {
    messages: usize,
    rounds: usize,
    quick: bool,
}

impl Wanted {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut wanted = if quick {
            Self { messages: 20_000, rounds: QUICK_TRIES, quick }
        } else {
            Self { messages: 200_000, rounds: 3, quick }
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let number = match argument.as_str() {
                "--messages" => &mut wanted.messages,
                "--rounds" => &mut wanted.rounds,
                "--quick" => continue,
                other => return Err(format!("I do not know {other:?}; try --help.")),
            };
            let given = arguments.next().and_then(|given| given.parse().ok()).filter(|given| *given > 0);
            *number = given.ok_or_else(|| format!("{argument} needs a number from 1 on."))?;
        }
        Ok(wanted)
    }
}

/// One column.
struct Setup {
    name: &'static str,
    format: &'static str,
    /// The sink answers in the format of the request.
    mirror: bool,
    /// Client on one core, sink on another.
    pinned: bool,
}

const fn setup(name: &'static str, format: &'static str, mirror: bool, pinned: bool) -> Setup {
    Setup { name, format, mirror, pinned }
}

const SETUPS: [Setup; 6] = [
    setup("JSON", "json", false, false),
    setup("binary, JSON back", "rocketmq", false, false),
    setup("binary both ways", "rocketmq", true, false),
    setup("JSON, pinned", "json", false, true),
    setup("binary, JSON back, pinned", "rocketmq", false, true),
    setup("binary both ways, pinned", "rocketmq", true, true),
];

/// What one message does at the base point of the comparisons, counted in a process that is not timed.
pub(crate) fn counts(program: &Path) -> Result<Figures, String> {
    /// So many that what happens once does not show.
    const MESSAGES: usize = 200_000;
    let [setup, ..] = &SETUPS;
    Bench { program: program.to_owned(), messages: MESSAGES }.round(setup, Phases::Counts)
}

/// Measures; whether all is within the limits.
pub(crate) fn run(wanted: &Wanted) -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let bench = Bench { program, messages: wanted.messages };
    if wanted.quick { bench.quick(wanted.rounds) } else { bench.full(wanted.rounds) }
}

struct Bench {
    program: PathBuf,
    messages: usize,
}

impl Bench {
    /// Ends at the first round that is within the limits.
    fn quick(&self, tries: usize) -> Result<bool, String> {
        let [setup, ..] = &SETUPS;
        let mut failures = Vec::new();
        for _ in 0..tries {
            let round = self.round(setup, Phases::Counts)?;
            failures = excesses(&[Column { name: setup.name.to_owned(), rounds: vec![round] }]);
            if failures.is_empty() {
                break;
            }
        }
        Ok(verdict(&failures))
    }

    fn full(&self, rounds: usize) -> Result<bool, String> {
        let pins = can_pin();
        if !pins {
            println!("There is no taskset, or only one core: nothing is pinned.");
        }
        let setups: Vec<&Setup> = SETUPS.iter().filter(|setup| pins || !setup.pinned).collect();
        let mut columns: Vec<Column> =
            setups.iter().map(|setup| Column { name: setup.name.to_owned(), rounds: Vec::new() }).collect();
        for _ in 0..rounds {
            for (setup, column) in setups.iter().zip(&mut columns) {
                column.rounds.push(self.round(setup, Phases::All)?);
            }
        }
        let title = format!(
            "{} messages of 1 KiB, one sender, 256 outstanding, refilled at 128; {rounds} rounds",
            self.messages
        );
        let guarded = LIMITS.map(|(name, shown, _)| (name, shown));
        let lines: Vec<(&str, &str)> = guarded.into_iter().chain(SHOWN).collect();
        let (free, pinned) = columns.split_at(SETUPS.len() / 2);
        for half in [free, pinned].into_iter().filter(|half| !half.is_empty()) {
            table::print(&title, &lines, half);
        }
        println!();
        self.cross_check();
        Ok(verdict(&excesses(&columns)))
    }

    /// One client against one sink.
    fn round(&self, setup: &Setup, phases: Phases) -> Result<Figures, String> {
        let [client_core, sink_core]: [&[&str]; 2] =
            if setup.pinned { [&["taskset", "-c", "0"], &["taskset", "-c", "1"]] } else { [&[], &[]] };
        let failed = |error: String| format!("{}: {error}", setup.name);
        let (machine, children) = (machine_busy(), children_cpu());
        let start = now();
        let sink = Sink::start(&self.program, sink_core, setup.mirror).map_err(failed)?;
        let mut figures = self.client(client_core, setup, phases, &sink).map_err(failed)?;
        let counted = sink.end().map_err(failed)? as f64;
        if figures.get("accepted") != Some(&counted) {
            return Err(failed(format!("the sink counted {counted} messages, the client {figures:?}")));
        }
        let ours = children_cpu() - children;
        let others = (machine_busy() - machine - ours) / start.elapsed().as_secs_f64();
        figures.insert("others".to_owned(), others.max(0.0));
        Ok(figures)
    }

    /// The figures that a client prints; `before` goes in front of it on the command line.
    fn client(&self, before: &[&str], setup: &Setup, phases: Phases, sink: &Sink) -> Result<Figures, String> {
        let mut command = with_prefix(before, &self.program);
        command.args([client::ROLE, phases.name(), &sink.namesrv, setup.format]);
        command.args([self.messages.to_string(), sink.id().to_string()]);
        let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| format!("the client does not start: {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "the client: {}, {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = |line: &str| {
            let (name, value) = line.split_once('\t')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(text.lines().filter_map(figure).collect())
    }

    /// Compares our count of writes with that of `strace`, in a run of its own.
    fn cross_check(&self) {
        match self.traced() {
            Ok((ours, traced)) => {
                println!(
                    "Socket writes of one whole run under strace: {ours} by our count, {traced} by strace's."
                );
            }
            Err(why) => println!("The count of socket writes was not checked by strace: {why}"),
        }
    }

    fn traced(&self) -> Result<(f64, f64), String> {
        let [setup, ..] = &SETUPS;
        let summary = std::env::temp_dir().join(format!("rocketmq-bench-{}.strace", std::process::id()));
        let path = summary.to_string_lossy().into_owned();
        let strace = ["strace", "-f", "-c", "-o", &path, "-e", "trace=sendmsg,sendto,writev,write"];
        let sink = Sink::start(&self.program, &[], setup.mirror)?;
        let figures = self.client(&strace, setup, Phases::Plain, &sink);
        let read = std::fs::read_to_string(&summary);
        // Not there when strace did not start.
        let _ = std::fs::remove_file(&summary);
        let ours = figures?.get("socket writes in all").copied().unwrap_or_default();
        let summary = read.map_err(|error| error.to_string())?;
        Ok((ours, trace::calls(&summary, &["sendmsg", "sendto", "writev"])))
    }
}

/// A sentence for each figure whose median exceeds its limit.
fn excesses(columns: &[Column]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, shown, limit) in LIMITS {
        for column in columns {
            match column.spread(name) {
                None => found.push(format!("{}: {shown} was not measured", column.name)),
                Some(spread) if spread.median > limit + GROWTH => {
                    found.push(format!(
                        "{}: {shown} is {:.3}, the limit is {limit}",
                        column.name, spread.median
                    ));
                }
                Some(_) => {}
            }
        }
    }
    found
}

/// Prints what was found; whether it is nothing.
fn verdict(excesses: &[String]) -> bool {
    for excess in excesses {
        println!("FAILED: {excess}");
    }
    if excesses.is_empty() {
        let limits = LIMITS.map(|(_, shown, limit)| format!("{shown} up to {limit}"));
        println!("Within the limits: {}.", limits.join("; "));
    }
    excesses.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_limit_or_missing_fails() {
        let column = |values: [f64; LIMITS.len()]| {
            let figures = LIMITS.iter().zip(values).map(|((name, ..), value)| ((*name).to_owned(), value));
            [Column { name: "x".to_owned(), rounds: vec![figures.collect()] }]
        };
        let limits = LIMITS.map(|(.., limit)| limit);
        assert_eq!(excesses(&column(limits)), Vec::<String>::new());
        for index in 0..LIMITS.len() {
            let mut wrong = limits;
            wrong[index] += 2.0 * GROWTH;
            assert_eq!(excesses(&column(wrong)).len(), 1, "{wrong:?}");
        }
        assert_eq!(excesses(&[Column { name: "x".to_owned(), rounds: Vec::new() }]).len(), LIMITS.len());
    }
}
