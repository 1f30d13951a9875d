//! The other side, in a process of its own: the mock cluster as `rocketmq-mock --discard` runs it, with a switch
//! for answers in the requests' format, which counts, answers and keeps nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rocketmq_mock::{Cluster, Options};

use crate::client::TOPIC;

/// First argument of this process.
pub(crate) const ROLE: &str = "sink";
/// Second argument: answers have the format of their request. Otherwise JSON, as brokers answer by default.
const MIRROR: &str = "mirror";
const QUEUES: i32 = 4;

/// Runs until the standard input is closed.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let mirror_format = arguments.iter().any(|argument| argument == MIRROR);
    let cluster = Cluster::start(Options { keep: false, mirror_format, ..Options::default() })
        .map_err(|error| format!("the mock does not start: {error}"))?;
    cluster.add_topic(&TOPIC.to_string_lossy(), QUEUES);
    let mut out = std::io::stdout();
    let told = writeln!(out, "{}", cluster.namesrv()).and_then(|()| out.flush());
    told.map_err(|error| error.to_string())?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).map_err(|error| error.to_string())?;
    writeln!(out, "{}", cluster.total_count()).map_err(|error| error.to_string())
}

/// A sink that runs.
pub(crate) struct Sink {
    child: Child,
    /// Closed to end it.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Its name server.
    pub(crate) namesrv: String,
}

impl Sink {
    /// Starts `program` as a sink; `before` goes in front of it on the command line.
    pub(crate) fn start(program: &Path, before: &[&str], mirror: bool) -> Result<Self, String> {
        let mut command = with_prefix(before, program);
        command.arg(ROLE).args(mirror.then_some(MIRROR));
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| format!("the sink does not start: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the sink has no pipes".to_owned());
        };
        let mut sink =
            Self { child, input: Some(input), output: BufReader::new(output), namesrv: String::new() };
        let mut line = String::new();
        sink.output.read_line(&mut line).map_err(|error| error.to_string())?;
        line.trim().clone_into(&mut sink.namesrv);
        if sink.namesrv.is_empty() { Err("the sink did not become ready".to_owned()) } else { Ok(sink) }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it; the messages that it counted.
    pub(crate) fn end(mut self) -> Result<u64, String> {
        self.input = None;
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).map_err(|error| error.to_string())?;
        rest.trim().parse().map_err(|_| format!("the sink ended without a count: {rest:?}"))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.input = None;
        // Gone already, or ends now that its input is closed.
        let _ = self.child.wait();
    }
}

/// `program`, run by the command `before` if there is one.
pub(crate) fn with_prefix(before: &[&str], program: &Path) -> Command {
    match before.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    }
}
