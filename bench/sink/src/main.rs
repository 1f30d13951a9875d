//! A name server and its brokers that answer every send at once and keep nothing: what remains is the client's cost.
//!
//! | file | holds |
//! |---|---|
//! | `server` | the one thread: listeners, epoll, the end |
//! | `connection` | one client: reads, answers, writes |
//! | `inbox` | cuts a stream into frames and skips their bodies |
//! | `scan` | what a send's header says, read in one pass |
//! | `answer` | the answer to a send, written by hand |
//! | `cluster` | the brokers, and every request that is no send |

#![forbid(unsafe_code)]

mod answer;
mod cluster;
mod connection;
mod inbox;
mod scan;
mod server;

use std::io::Write;
use std::process::ExitCode;

use nix::sys::resource::{UsageWho, getrusage};

use crate::cluster::Cluster;
use crate::server::Server;

const HELP: &str = "\
rocketmq-bench-sink - a name server and brokers on loopback that answer every send at once and keep nothing

Usage: rocketmq-bench-sink [--brokers N] [--queues N]

  --brokers N   brokers, each on a port of its own (default: 1)
  --queues N    queues of every topic on every broker (default: 4)

Prints `namesrv` and its address when it is ready. Runs until the standard input is closed, then prints what it
counted: messages, oneway, reads, writes, cpu_us.
";

/// Enough for any cluster, and few enough for the usual limit of open files.
const COUNT_MAX: usize = 512;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let wanted = match Wanted::parse(&arguments) {
        Ok(wanted) => wanted,
        Err(sentence) => {
            eprintln!("rocketmq-bench-sink: {sentence}");
            return ExitCode::from(2);
        }
    };
    match run(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("rocketmq-bench-sink: {sentence}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    brokers: usize,
    queues: usize,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wanted = Self { brokers: 1, queues: 4 };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let place = match name.as_str() {
                "--brokers" => &mut wanted.brokers,
                "--queues" => &mut wanted.queues,
                _ => return Err(format!("there is no option {name:?}")),
            };
            let value = rest.next().ok_or_else(|| format!("{name} needs a number"))?;
            let number = value.parse().ok().filter(|number| (1..=COUNT_MAX).contains(number));
            *place = number.ok_or_else(|| format!("{name} takes 1 to {COUNT_MAX}, not {value:?}"))?;
        }
        Ok(wanted)
    }
}

fn run(wanted: &Wanted) -> Result<(), String> {
    let mut server = Server::listen(wanted.brokers, wanted.queues)?;
    let mut out = std::io::stdout();
    let told = writeln!(out, "namesrv\t{}", server.namesrv()).and_then(|()| out.flush());
    told.map_err(|error| format!("the address cannot be printed: {error}"))?;
    server.run()?;
    print_counts(&mut out, server.cluster()).map_err(|error| format!("the counts cannot be printed: {error}"))
}

fn print_counts(out: &mut impl Write, cluster: &Cluster) -> std::io::Result<()> {
    let counts = cluster.counts;
    writeln!(out, "messages\t{}", counts.messages)?;
    writeln!(out, "oneway\t{}", counts.oneway)?;
    writeln!(out, "reads\t{}", counts.reads)?;
    writeln!(out, "writes\t{}", counts.writes)?;
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    let cpu_us = (user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec();
    writeln!(out, "cpu_us\t{cpu_us}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    fn parse(line: &str) -> Result<Wanted, String> {
        Wanted::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_have_defaults_and_limits() {
        assert_eq!(parse(""), Ok(Wanted { brokers: 1, queues: 4 }));
        assert_eq!(parse("--queues 8 --brokers 64"), Ok(Wanted { brokers: 64, queues: 8 }));
        for wrong in ["--brokers", "--brokers 0", "--brokers x", "--queues 513", "--other 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
