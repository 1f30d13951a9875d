//! What a message costs in system calls, and a client that has nearly nothing to do in wake-ups: counted in runs of their
//! own, which nobody times. And the library's size.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::plan::{BASE, Client, Phase};
use super::process::{self, Sink, number};
use super::results::Printed;
use super::round::Programs;
use crate::trace;

const READS: [&str; 5] = ["read", "readv", "recvfrom", "recvmsg", "recvmmsg"];
const WRITES: [&str; 5] = ["write", "writev", "sendto", "sendmsg", "sendmmsg"];

/// Traced, each call costs some ten times as much.
const LIMIT: Duration = Duration::from_secs(180);
/// Of the short run.
const FEW: u64 = 2000;

/// Counts what a client calls at the base point: the difference between a long and a short run, so that its start and
/// end do not count.
pub(crate) fn counted(programs: &Programs, client: &Client) -> Result<Printed, String> {
    let many = FEW + client.traced_messages();
    let (short, long) = (traced(programs, client, FEW)?, traced(programs, client, many)?);
    let messages = (many - FEW) as f64;
    let per_message = |names: &[&str]| {
        let calls = (trace::calls(&long, names) - trace::calls(&short, names)) / messages;
        format!("{:.4}", calls.max(0.0))
    };
    let figures = [("reads", &READS[..]), ("writes", &WRITES[..]), ("calls", &["total"][..])];
    Ok(figures.into_iter().map(|(name, names)| (name.to_owned(), per_message(names))).collect())
}

/// A run under strace; its summary.
fn traced(programs: &Programs, client: &Client, messages: u64) -> Result<String, String> {
    let summary = std::env::temp_dir().join(format!("rocketmq-bench-{}.strace", std::process::id()));
    let path = summary.to_string_lossy().into_owned();
    let strace = ["strace", "-f", "-c", "-o", &path];
    let work = [BASE.phase.name(), "warmup=1000", &format!("messages={messages}")];
    let ran = run(programs, client, &strace, &work);
    let read = std::fs::read_to_string(&summary);
    // Not there when strace did not start.
    let _ = std::fs::remove_file(&summary);
    ran.map_err(|why| format!("under strace {why}"))?;
    read.map_err(|error| format!("the summary of strace: {error}"))
}

/// Of a client that sends once a second.
const IDLE_SECONDS: u64 = 20;

/// How often a client wakes up in a second with one send, and what it spends: what it does between two sends it does
/// also when nobody sends.
pub(crate) fn nearly_idle(programs: &Programs, client: &Client) -> Result<Printed, String> {
    let work = [Phase::Open.name(), "rate=1", "warmup=1", &format!("messages={IDLE_SECONDS}")];
    let figures = run(programs, client, &[], &work)?;
    let figure = |name| number(&figures, name).ok_or_else(|| format!("there is no {name}"));
    // Nobody waits behind the last one.
    let sends_a_second = figure("messages")? / figure("seconds")?;
    let a_second = |name| figure(name).map(|it| format!("{:.1}", it * sends_a_second));
    Ok(vec![("switches".to_owned(), a_second("switches")?), ("cpu_us".to_owned(), a_second("cpu_us")?)])
}

/// One run against a sink of its own, which must have counted what the client says.
fn run(programs: &Programs, client: &Client, before: &[&str], work: &[&str]) -> Result<Printed, String> {
    let sink = Sink::start(&programs.sink()?, &[], BASE.brokers)?;
    let mut command = programs.client(client, before)?;
    command.arg(&sink.namesrv).args(work).args(client.told);
    let ended = process::client(&mut command, Some(&sink), LIMIT)?;
    if let Some(failure) = ended.failure {
        return Err(format!("the client failed: {failure}"));
    }
    let counted = sink.end()?;
    if number(&counted, "messages") != number(&ended.figures, "accepted") {
        return Err("the sink's count differs from the client's".to_owned());
    }
    Ok(ended.figures)
}

/// Bytes of the shared library without symbols.
pub(crate) fn library_size(programs: &Programs) -> Result<Printed, String> {
    let stripped = std::env::temp_dir().join(format!("rocketmq-bench-{}.so", std::process::id()));
    let size = strip(&programs.library()?, &stripped);
    // Not there when strip did not start.
    let _ = std::fs::remove_file(&stripped);
    Ok(vec![("bytes".to_owned(), size?.to_string())])
}

fn strip(library: &Path, stripped: &Path) -> Result<u64, String> {
    let mut command = Command::new("strip");
    let status = command.arg("-o").arg(stripped).arg(library).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("strip ended with {status}")),
        Err(error) => return Err(format!("strip does not start: {error}")),
    }
    std::fs::metadata(stripped).map(|file| file.len()).map_err(|error| error.to_string())
}
