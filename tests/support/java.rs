//! A Java program of `tests/apache` on Apache's client that takes commands from stdin: it answers in milliseconds once it
//! runs, and ends when this process does, for then its stdin closes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Java {
    _process: Child,
    commands: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Java {
    /// Starts `tests/apache/<program>`.
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let jars = format!("{root}/target/apache/reader");
        let complete = Path::new(&jars).join("complete").exists();
        assert!(complete, "the reader's jars are not in target/apache: run `make apache`");
        let mut process = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
            .args([&format!("{jars}/*"), &format!("{root}/tests/apache/{program}")])
            .args(arguments)
            .env_remove("JAVA_TOOL_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Java runs (`make deps` installs it)");
        Self {
            commands: process.stdin.take().expect("stdin is piped"),
            lines: BufReader::new(process.stdout.take().expect("stdout is piped")),
            _process: process,
        }
    }

    /// The lines of the answer and the one that ends it. The error is the Java client's.
    pub(crate) fn ask(&mut self, command: &str) -> Result<(Vec<Value>, Value), String> {
        writeln!(self.commands, "{command}").expect("the program takes commands");
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).expect("the program prints text");
            let line: Value =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("Java printed {line:?}: {error}"));
            if line.get("end").is_none() {
                lines.push(line);
            } else if let Some(error) = line.get("error") {
                return Err(error.to_string());
            } else {
                return Ok((lines, line));
            }
        }
    }
}

/// The body of a message that was printed.
pub(crate) fn body(line: &Value) -> Vec<u8> {
    match line["body"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => unhex(line["bodyHex"].as_str().expect("bodyHex")),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}
