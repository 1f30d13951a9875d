//! A sink that runs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Sink {
    child: Child,
    /// Closed to end it.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) namesrv: String,
}

impl Sink {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rocketmq-bench-sink"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let namesrv = line.trim().strip_prefix("namesrv\t").expect("the address comes first").to_owned();
        Self { child, input, output, namesrv }
    }

    /// Ends it; what it counted, and what it complained of.
    pub(crate) fn end(mut self) -> (HashMap<String, u64>, String) {
        self.input = None;
        let (mut counts, mut complaints) = (String::new(), String::new());
        self.output.read_to_string(&mut counts).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert!(self.child.wait().unwrap().success(), "{complaints}");
        (figures(&counts).map(|(name, value)| (name, value.parse().unwrap())).collect(), complaints)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.input = None;
        // Gone already, or ends now that its input is closed.
        let _ = self.child.wait();
    }
}

/// Lines of a name, a tabulator and a value.
pub(crate) fn figures(text: &str) -> impl Iterator<Item = (String, &str)> {
    text.lines().map(|line| {
        let (name, value) = line.split_once('\t').expect("a name and a value");
        (name.to_owned(), value)
    })
}
