//! The comparison: this library beside a bare socket and beside other clients, each in a process of its own against a
//! sink that only counts, side by side in rounds.
//!
//! | file | holds |
//! |---|---|
//! | `wanted` | what the arguments ask for |
//! | `plan` | the clients and the rows; `plan::languages` those of packages |
//! | `process` | a sink, a client, and the waits for both |
//! | `round` | one row in one round, and whether it counts |
//! | `calls` | system calls, sizes and wake-ups, in runs of their own |
//! | `instructions` | instructions of a message, held against those that were kept |
//! | `broker` | a server of Apache's in the sink's place |
//! | `results` | the file of all figures |
//! | `verdict` | the ratios that are promised |
//! | `report`, `tables` | the page |
//! | `plot` | its pictures |

mod broker;
mod calls;
mod instructions;
mod plan;
mod plot;
mod process;
mod progress;
mod report;
mod results;
mod round;
mod tables;
mod verdict;
mod wanted;

use std::collections::BTreeMap;
use std::path::Path;

use broker::Cluster;
use plan::{CLIENTS, Client, FLOOR, OURS, Row, Section, clients};
use process::Sink;
use progress::Progress;
use results::{Printed, Results};
use round::{Bench, Programs, Void};
pub(crate) use wanted::{HELP, Wanted};

use crate::machine::{can_pin, facts};

/// First argument of a comparison.
pub(crate) const ROLE: &str = "compare";

/// Precision of every sleep, of this process and of all that it starts: the default of 50 µs would be part of each
/// latency of an open loop.
const TIMER_SLACK_NS: std::ffi::c_ulong = 1000;

/// Measures, if it is asked to, and reports; whether this library, the floor and the sink could be measured.
pub(crate) fn run(wanted: &Wanted) -> Result<bool, String> {
    if wanted.list {
        print!("{}", wanted.listed());
        return Ok(true);
    }
    let path = wanted.results_path();
    let (results, missing) = if wanted.report_only {
        (Results::read(&path)?, Vec::new())
    } else {
        let mut run = Run::begin(wanted, &path)?;
        run.measure()?;
        let missing = run.missing();
        (run.results, missing)
    };
    print!("{}", verdict::text(&verdict::all(&results)));
    print!("{}", report::voids(&results));
    if let Some(page) = &wanted.write {
        report::write(&results, page)?;
        println!("Written: {}", page.display());
    }
    println!("All figures: {}", path.display());
    for sentence in &missing {
        println!("FAILED: {sentence}");
    }
    Ok(missing.is_empty())
}

/// First argument of a count of instructions.
pub(crate) const INSTRUCTIONS: &str = "instructions";

/// Counts the instructions of a message and holds them against those kept; whether they are as many. With `--keep`
/// they are kept.
pub(crate) fn count_instructions(arguments: &[String]) -> Result<bool, String> {
    let keep = match arguments {
        [] => false,
        [option] if option == "--keep" => true,
        _ => return Err("the only option is --keep".to_owned()),
    };
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    instructions::check(&Programs { target: wanted::built()? }, &kept, keep)
}

/// A measurement under way.
struct Run<'a> {
    wanted: &'a Wanted,
    bench: Bench,
    results: Results,
    rows: Vec<Row>,
    /// Rows that are not tried any more, by key.
    given_up: BTreeMap<String, String>,
}

/// A figure that is taken once, not in rounds.
type Once = fn(&Programs, &'static Client) -> Result<Printed, String>;

impl<'a> Run<'a> {
    fn begin(wanted: &'a Wanted, path: &Path) -> Result<Self, String> {
        let programs = Programs { target: wanted.target.clone() };
        // Without these there is nothing to compare: better said before minutes have passed.
        Sink::start(&programs.sink()?, &[], 1)?.end()?;
        let rows = wanted.rows();
        for client in [FLOOR, OURS].into_iter().filter(|client| rows.iter().any(|row| row.client == *client))
        {
            programs.client(client, &[])?;
        }
        nix::sys::prctl::set_timerslack(TIMER_SLACK_NS)
            .map_err(|error| format!("the timer slack: {error}"))?;
        let mut run = Self {
            wanted,
            bench: Bench { programs, length: wanted.length(), others_max: wanted.others_max },
            results: Results::begin(path, &wanted.sections)?,
            rows,
            given_up: BTreeMap::new(),
        };
        run.describe()?;
        run.leave_out()?;
        Ok(run)
    }

    /// Writes down what is measured on, and how.
    fn describe(&mut self) -> Result<(), String> {
        let mut facts: Printed = facts().into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        facts.push(("rounds".to_owned(), self.wanted.rounds.to_string()));
        facts.push(("seconds".to_owned(), self.bench.length.seconds.to_string()));
        facts.push(("jvm warm-up".to_owned(), self.bench.length.jvm_warmup_seconds.to_string()));
        facts.push(("others".to_owned(), self.bench.others_max.to_string()));
        for section in &self.wanted.sections {
            self.results.add((&report::about(*section), 0, 0), &facts, None)?;
        }
        Ok(())
    }

    /// Finds the rows that cannot be had on this machine.
    fn leave_out(&mut self) -> Result<(), String> {
        if !can_pin() {
            self.give_up("there is no taskset, or only one core", |row| row.pinned)?;
        }
        for client in clients() {
            if let Err(why) = self.bench.programs.client(client, &[]) {
                self.give_up(&why, |row| row.client == client)?;
            }
        }
        Ok(())
    }

    fn give_up(&mut self, why: &str, which: impl Fn(&Row) -> bool) -> Result<(), String> {
        let why = format!("not available: {why}");
        for row in self.rows.iter().filter(|row| which(row)) {
            if self.given_up.insert(row.key(), why.clone()).is_none() {
                self.results.add((&row.key(), 0, 0), &[], Some(&why))?;
                println!("{row}: {why}");
            }
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<(), String> {
        let measured = |row: &&Row| !self.given_up.contains_key(&row.key());
        let mut progress = Progress::new(self.rows.iter().filter(measured), self.wanted);
        for section in &self.wanted.sections {
            // A server that runs while others are measured would be one of those who disturb.
            let cluster = match section {
                Section::Broker => Some(Cluster::start(false)),
                Section::Proxy => Some(Cluster::start(true)),
                Section::Base | Section::Axes | Section::Languages => None,
            };
            match cluster.transpose() {
                Ok(cluster) => self.section(*section, cluster.as_ref(), &mut progress)?,
                Err(why) => self.give_up(&why, |row| row.section == *section)?,
            }
        }
        if self.wanted.counts_too() { self.counts() } else { Ok(()) }
    }

    fn section(
        &mut self,
        section: Section,
        cluster: Option<&Cluster>,
        progress: &mut Progress,
    ) -> Result<(), String> {
        let rows: Vec<Row> = self.rows.iter().filter(|row| row.section == section).cloned().collect();
        for round in 1..=self.wanted.rounds {
            for row in rows.iter().filter(|row| self.wanted.measures(row, round)) {
                if self.given_up.contains_key(&row.key()) {
                    continue;
                }
                let ended = self.bench.round(row, round, cluster, &mut self.results)?;
                // Who could do it once is asked again.
                let could = self.results.has_valid(&row.key());
                if let Err(Void::Failed(why)) = &ended
                    && !could
                {
                    self.given_up.insert(row.key(), why.clone());
                }
                progress.ended(row, &self.shown(row, round, ended));
            }
        }
        Ok(())
    }

    /// A round in a few words.
    fn shown(&self, row: &Row, round: u32, ended: Result<(), Void>) -> String {
        match ended {
            Ok(()) => tables::in_a_line(&self.results, row, round),
            Err(void) if self.given_up.contains_key(&row.key()) => format!("GIVEN UP: {}", void.why()),
            Err(void) => format!("VOID: {}", void.why()),
        }
    }

    /// What is counted once, in runs that nobody times.
    fn counts(&mut self) -> Result<(), String> {
        let guard: Once = |_, _| {
            let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
            let figures = crate::rounds::counts(&program)?;
            Ok(figures.into_iter().map(|(name, value)| (name, value.to_string())).collect())
        };
        let size: Once = |programs, _| calls::library_size(programs);
        let mut once: Vec<(&str, &'static Client, Once)> =
            vec![(report::GUARD, OURS, guard), (report::SIZE, OURS, size)];
        let clients = CLIENTS.iter().filter(|client| self.wanted.clients.contains(client));
        for client in clients {
            once.push((report::CALLS, client, calls::counted));
            once.push((report::NEARLY_IDLE, client, calls::nearly_idle));
        }
        for (what, client, counted) in once {
            let key = plan::key(Section::Base, what, client.name);
            println!("counting / {what} / {}", client.name);
            match counted(&self.bench.programs, client) {
                Ok(figures) => self.results.add((&key, 1, 1), &figures, None)?,
                Err(why) => {
                    println!("  {why}");
                    self.results.add((&key, 1, 1), &[], Some(&why))?;
                }
            }
        }
        Ok(())
    }

    /// A sentence for each of those that must run and did not once.
    fn missing(&self) -> Vec<String> {
        let must = [FLOOR, OURS].into_iter().filter(|client| self.wanted.clients.contains(client));
        let failed = must.filter_map(|client| {
            let mut rows = self.rows.iter().filter(|row| row.client == client).peekable();
            rows.peek()?;
            let why = |row: &Row| self.given_up.get(&row.key());
            let whys: Option<Vec<&String>> = rows.map(why).collect();
            Some(format!("{}: {}", client.name, whys?.first()?))
        });
        failed.collect()
    }
}
