//! What the arguments ask for.

use std::fmt::Write;
use std::path::PathBuf;

use super::plan::{self, Client, Length, Row, Section, clients};

pub(crate) const HELP: &str = "\
rocketmq-bench compare - what one message costs the client, beside a bare socket and beside other clients

Usage: rocketmq-bench compare [--rounds N] [--only SECTION...] [--clients NAME...] [--quick] [--write PAGE]
                              [--report-only] [--list] [--others CORES] [--target FOLDER]

  --rounds N         rounds of each row (default: 5)
  --only SECTION...  base: all clients near one point; axes: as the work grows, beside the floor; broker: against
                     Apache's broker; languages: the packages of other languages; proxy: one of them through Apache's
                     proxy
  --clients NAME...  floor, ours, java-5.5.0, java-4.9.8, rust-callback, rust-task, go, librocketmq; of packages
                     ours-go, ours-node, ours-koffi, rocketmq-nodejs, ours-asyncio, ours-futures, ours-ctypes,
                     ours-ctypes-callbacks, ours-python, rocketmq-python; through the proxy ours-node-to-proxy,
                     ours-node-to-broker, rocketmq-client-nodejs
  --quick            a fifth of the messages, two rounds, nothing under strace: whether all runs, not what it costs
  --write PAGE       the report, as Markdown, with pictures in a folder beside it
  --report-only      nothing is measured: the report of the figures that the last comparison left
  --list             the rows and how long they take
  --others CORES     what other processes may use on average before a round is void (default: 0.25)
  --target FOLDER    where the programs are: bench/NAME, release/rocketmq-bench-sink (default: cargo's)

Exit status: 1 when this library, the floor or the sink cannot run; what becomes of the others is in the report.
";

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) rounds: u32,
    pub(crate) sections: Vec<Section>,
    pub(crate) clients: Vec<&'static Client>,
    pub(crate) write: Option<PathBuf>,
    pub(crate) report_only: bool,
    pub(crate) list: bool,
    pub(crate) others_max: f64,
    pub(crate) target: PathBuf,
    quick: bool,
}

impl Wanted {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let mut wanted = Self {
            rounds: if quick { 2 } else { 5 },
            sections: Section::ALL.to_vec(),
            clients: clients().collect(),
            write: None,
            report_only: false,
            list: false,
            others_max: 0.25,
            target: built()?,
            quick,
        };
        let mut left = arguments;
        while let Some((option, rest)) = left.split_first() {
            let count = rest.iter().take_while(|value| !value.starts_with("--")).count();
            let (values, next) = rest.split_at(count);
            wanted.take(option, values)?;
            left = next;
        }
        Ok(wanted)
    }

    fn take(&mut self, option: &str, values: &[String]) -> Result<(), String> {
        match (option, values) {
            ("--quick", []) => {}
            ("--report-only", []) => self.report_only = true,
            ("--list", []) => self.list = true,
            ("--rounds", [count]) => {
                let count = count.parse().ok().filter(|count| *count > 0);
                self.rounds = count.ok_or("--rounds needs a number from 1 on.")?;
            }
            ("--others", [cores]) => {
                self.others_max = cores.parse().map_err(|_| format!("{cores:?} is no number of cores."))?;
            }
            ("--write", [page]) => self.write = Some(PathBuf::from(page)),
            ("--target", [folder]) => self.target = PathBuf::from(folder),
            ("--only", [_, ..]) => {
                let section =
                    |name: &String| Section::parse(name).ok_or_else(|| format!("no section {name:?}."));
                self.sections = values.iter().map(section).collect::<Result<_, _>>()?;
            }
            ("--clients", [_, ..]) => {
                let client = |name: &String| {
                    let found = clients().find(|client| client.name == name);
                    found.ok_or_else(|| format!("there is no client {name:?}."))
                };
                self.clients = values.iter().map(client).collect::<Result<_, _>>()?;
            }
            _ => return Err(format!("I do not understand {option:?} with {values:?}; try --help.")),
        }
        Ok(())
    }

    pub(crate) const fn length(&self) -> Length {
        if self.quick { Length::QUICK } else { Length::FULL }
    }

    /// Figures of a quick run never take the place of others.
    pub(crate) fn results_path(&self) -> PathBuf {
        self.target.join("bench").join(if self.quick { "results-quick.tsv" } else { "results.tsv" })
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let rows = self.sections.iter().flat_map(|section| plan::rows(*section));
        rows.filter(|row| self.clients.contains(&row.client)).collect()
    }

    /// Whether a row has its turn in a round.
    pub(crate) const fn measures(&self, row: &Row, round: u32) -> bool {
        round <= self.turns(row)
    }

    pub(crate) const fn turns(&self, row: &Row) -> u32 {
        if row.secondary { self.rounds.div_ceil(2) } else { self.rounds }
    }

    /// Whether system calls, allocations and sizes are wanted.
    pub(crate) fn counts_too(&self) -> bool {
        !self.quick && self.sections.contains(&Section::Base)
    }

    /// The rows, and the minutes.
    pub(crate) fn listed(&self) -> String {
        let mut text = String::new();
        let mut seconds = 0.0;
        for row in self.rows() {
            let turns = self.turns(&row);
            seconds += row.seconds(self.length()) * f64::from(turns);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{turns} x {row}: {}", row.arguments(self.length()).join(" "));
        }
        let _ = writeln!(text, "{:.0} minutes, and five for what is counted", seconds / 60.0);
        text
    }
}

/// Cargo's folder: this program is two levels below it.
pub(super) fn built() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let folder =
        program.ancestors().nth(2).ok_or("this program is in no folder of cargo's; use --target.")?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Wanted, String> {
        Wanted::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_take_their_values_up_to_the_next_option() {
        let wanted = parsed("--only base axes --rounds 3 --clients ours floor --write x.md").unwrap();
        assert_eq!(wanted.sections, [Section::Base, Section::Axes]);
        assert_eq!((wanted.rounds, wanted.clients.len()), (3, 2));
        assert!(wanted.rows().iter().all(|row| ["ours", "floor"].contains(&row.client.name)));
    }

    #[test]
    fn every_client_and_section_is_in_the_help() {
        let names = clients().map(|client| client.name).chain(Section::ALL.map(Section::name));
        let words: Vec<&str> = HELP.split([' ', ',', ';', ':', '\n']).collect();
        for name in names {
            assert!(words.contains(&name), "{name}");
            assert!(
                parsed(&format!("--clients {name}")).is_ok() || parsed(&format!("--only {name}")).is_ok()
            );
        }
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for line in ["--only", "--only bass", "--rounds 0", "--rounds", "--clients him", "--quick 3", "fast"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn rows_that_no_ratio_needs_are_measured_in_half_of_the_rounds() {
        let wanted = parsed("--only base").unwrap();
        let turns: Vec<u32> = wanted.rows().iter().map(|row| wanted.turns(row)).collect();
        assert!(turns.contains(&5) && turns.contains(&3), "{turns:?}");
    }
}
