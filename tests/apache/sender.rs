//! Compiles `sender.c`, runs it, and reads what it prints.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

use crate::apache::Apache;
use crate::compile::compile;
use crate::now;

/// What C was told about one message.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: String,
    pub(crate) callbacks: u32,
    pub(crate) attempts: u32,
    /// Since the first send; 0 for one-way.
    pub(crate) ended_ms: u64,
    pub(crate) latency_ms: u64,
    pub(crate) id: String,
    pub(crate) offset_id: String,
    pub(crate) broker: String,
    pub(crate) queue_id: i64,
    pub(crate) queue_offset: i64,
    /// `ROCKETMQ_SEND_*`.
    pub(crate) stored: i32,
    /// What takes the message back, `-` if nothing does.
    pub(crate) handle: String,
}

impl Told {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == "ROCKETMQ_OK"
    }
}

/// A run of the program that has ended.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// By the messages' numbers.
    pub(crate) messages: Vec<Told>,
    /// Texts of failed sends.
    pub(crate) errors: Vec<String>,
    /// Broker and id, of `mode=queues`.
    pub(crate) queues: Vec<(String, i64)>,
    /// From the first send to the end of the shutdown.
    pub(crate) sending_ms: u64,
}

/// A run under way.
pub(crate) struct Sender {
    child: Child,
    /// `until=stdin` sends until this is closed.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// When it began to send.
    pub(crate) began: Instant,
}

/// Runs it to its end.
pub(crate) fn run(apache: &Apache, topic: &str, arguments: &str) -> Run {
    Sender::start(apache, topic, arguments).end()
}

/// The same with another name server, or what is taken for one.
pub(crate) fn run_by(namesrv: &str, topic: &str, arguments: &str) -> Run {
    Sender::start_by(namesrv, topic, arguments).end()
}

impl Sender {
    /// Returns when it begins to send. `arguments` are separated by blanks.
    pub(crate) fn start(apache: &Apache, topic: &str, arguments: &str) -> Self {
        Self::start_by(apache.namesrv(), topic, arguments)
    }

    pub(crate) fn start_by(namesrv: &str, topic: &str, arguments: &str) -> Self {
        let mut child = Command::new(program())
            .args([namesrv, topic])
            .args(arguments.split_whitespace())
            // Cargo's would lead to the library of the last `cargo build`.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the program prints text");
        assert_eq!(line, "sending\n", "{arguments}: the program did not get to send");
        Self { child, stdin, stdout, began: now() }
    }

    /// Lets it come to its end, which has to be an orderly one: the shutdown was OK, and no callback came that was not due.
    pub(crate) fn end(mut self) -> Run {
        self.stdin = None;
        let mut run = Run::default();
        let mut end = String::new();
        for line in self.stdout.by_ref().lines() {
            let line = line.expect("the program prints text");
            match line.split_once(' ') {
                Some(("message", told)) => run.message(told),
                Some(("error", text)) => run.errors.push(text.to_owned()),
                Some(("queue", queue)) => {
                    let (broker, id) = queue.split_once(' ').expect("a broker and an id");
                    run.queues.push((broker.to_owned(), id.parse().expect("an id")));
                }
                Some(("end", rest)) => end = rest.to_owned(),
                _ => panic!("the program printed {line:?}"),
            }
        }
        let status = self.child.wait().expect("the program ends");
        assert!(status.success(), "the program ended with {status}");
        let end: Vec<_> = end.split(' ').collect();
        let [shutdown, sending_ms, stray] = end[..] else {
            panic!("the program did not come to its end: {end:?}")
        };
        assert_eq!((shutdown, stray), ("ROCKETMQ_OK", "0"), "shutdown and stray callbacks");
        run.sending_ms = sending_ms.parse().expect("a number");
        run
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Ended already, unless the test failed meanwhile.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Run {
    fn message(&mut self, told: &str) {
        let words: Vec<_> = told.split(' ').collect();
        let [
            index,
            status,
            callbacks,
            attempts,
            ended_ms,
            latency_ms,
            id,
            offset_id,
            broker,
            queue,
            offset,
            stored,
            handle,
        ] = words[..]
        else {
            panic!("the program printed {told:?}");
        };
        assert_eq!(index, self.messages.len().to_string());
        let number = |text: &str| text.parse::<i64>().expect("a number");
        self.messages.push(Told {
            status: status.to_owned(),
            callbacks: callbacks.parse().expect("a number"),
            attempts: attempts.parse().expect("a number"),
            ended_ms: ended_ms.parse().expect("a number"),
            latency_ms: latency_ms.parse().expect("a number"),
            id: id.to_owned(),
            offset_id: offset_id.to_owned(),
            broker: broker.to_owned(),
            queue_id: number(queue),
            queue_offset: number(offset),
            stored: stored.parse().expect("a number"),
            handle: handle.to_owned(),
        });
    }
}

/// The compiled program.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("tests/apache/sender.c", &format!("sender-{}", std::process::id())))
}
