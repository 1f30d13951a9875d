//! Real Apache RocketMQ clusters for the tests: a handle on `scripts/apache-cluster.sh`, which starts the servers,
//! knows when they are ready, and ends them when its stdin closes, so also when the test process is killed.
//!
//! Only `tests/apache` compiles this file, so that whatever is unused is a warning there and nowhere else:
//! `#[cfg(test)] #[path = "../support/apache.rs"] mod apache;`

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[path = "push.rs"]
mod push;
#[path = "reader.rs"]
mod reader;

pub(crate) use push::{Arrived, Consumer, Filter, Listener};
pub(crate) use reader::Stored;

/// The repository, where the script, the reader and `target/apache` are.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A version of the name server and the brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V4_7_0,
    V4_9_7,
    V5_5_0,
}

impl Version {
    pub(crate) const ALL: [Self; 3] = [Self::V4_7_0, Self::V4_9_7, Self::V5_5_0];

    /// As Apache writes it, which is also the folder of its jars.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V4_7_0 => "4.7.0",
            Self::V4_9_7 => "4.9.7",
            Self::V5_5_0 => "5.5.0",
        }
    }
}

/// What a cluster looks like. `Options { brokers: 2, ..Options::default() }` names what differs from the default.
pub(crate) struct Options {
    /// Masters: `broker-a`, `broker-b`, …
    pub(crate) brokers: usize,
    /// Topics appear when they are first sent to, with 4 queues.
    pub(crate) auto_create: bool,
    /// A proxy of 5.x before the brokers, in CLUSTER mode. It remembers that a topic was not there: create topics first.
    pub(crate) proxy: bool,
    /// Further broker properties, each `key=value`.
    pub(crate) properties: &'static [&'static str],
}

/// Properties of masters that wait for a slave, of which there is none. 4.x answers SLAVE_NOT_AVAILABLE at once;
/// 5.5.0 lowers its demands to what is there and answers OK.
pub(crate) const SYNC_MASTER: &[&str] = &["brokerRole=SYNC_MASTER"];

/// The same where a second replica is insisted on: 5.5.0 answers FLUSH_SLAVE_TIMEOUT after 3 seconds.
pub(crate) const TWO_REPLICAS: &[&str] = &["brokerRole=SYNC_MASTER", "inSyncReplicas=2"];

/// Properties of brokers that answer FLUSH_DISK_TIMEOUT, though not to every send.
pub(crate) const NO_TIME_TO_FLUSH: &[&str] = &["flushDiskType=SYNC_FLUSH", "syncFlushTimeout=0"];

impl Default for Options {
    fn default() -> Self {
        Self { brokers: 1, auto_create: true, proxy: false, properties: &[] }
    }
}

/// A running cluster; dropping it ends it.
pub(crate) struct Apache {
    namesrv: String,
    proxy: Option<String>,
    script: Child,
    pipes: Mutex<Option<Pipes>>,
}

/// Commands go in, one answer line each comes out.
struct Pipes {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Apache {
    /// Returns when messages can be sent. Panics with the reason when the cluster cannot start.
    pub(crate) fn start(version: Version, options: Options) -> Self {
        let mut script = Command::new(format!("{ROOT}/scripts/apache-cluster.sh"))
            .args([version.name(), &options.brokers.to_string()])
            .args(options.proxy.then_some("proxy"))
            .arg(format!("autoCreateTopicEnable={}", options.auto_create))
            .args(options.properties)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/apache-cluster.sh runs");
        let mut pipes = Pipes {
            commands: script.stdin.take().expect("stdin is piped"),
            answers: BufReader::new(script.stdout.take().expect("stdout is piped")),
        };
        let namesrv = pipes.address("name server ");
        let proxy = options.proxy.then(|| pipes.address("proxy "));
        Self { namesrv, proxy, script, pipes: Mutex::new(Some(pipes)) }
    }

    /// The name server's address, `127.0.0.1:port`.
    pub(crate) fn namesrv(&self) -> &str {
        &self.namesrv
    }

    /// The proxy's address, to be taken for a name server's.
    pub(crate) fn proxy(&self) -> &str {
        self.proxy.as_deref().expect("the cluster has a proxy")
    }

    /// Makes a topic on every running broker, with so many queues on each; returns when the route names them all.
    pub(crate) fn create_topic(&self, topic: &str, queues: u32) {
        self.command(&format!("create {topic} {queues}"));
    }

    /// SIGKILL. `server` is `namesrv`, `broker-a`, …
    pub(crate) fn kill(&self, server: &str) {
        self.command(&format!("kill {server}"));
    }

    /// Starts a killed server again on its store and port; returns when it is ready.
    pub(crate) fn restart(&self, server: &str) {
        self.command(&format!("start {server}"));
    }

    /// SIGSTOP: connections are still accepted, and nothing is answered.
    pub(crate) fn freeze(&self, server: &str) {
        self.command(&format!("freeze {server}"));
    }

    /// SIGCONT: what came in while the server was frozen is served now.
    pub(crate) fn thaw(&self, server: &str) {
        self.command(&format!("thaw {server}"));
    }

    /// All messages of a topic, queue by queue, as Apache's client reads them: as soon as there are at least
    /// `expect`, else those there are after `wait`. Panics when the topic cannot be read even then.
    #[expect(clippy::disallowed_methods, reason = "a test waits for other processes by the real clock")]
    pub(crate) fn read(&self, topic: &str, expect: usize, wait: Duration) -> Vec<Stored> {
        let deadline = Instant::now() + wait;
        loop {
            let last = Instant::now() >= deadline;
            match reader::read(&self.namesrv, topic) {
                Ok(messages) if last || messages.len() >= expect => return messages,
                Err(error) if last => panic!("reading {topic}: {error}"),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// A push consumer with a group of its own, from the first message on. Returns when it has all queues of the topic,
    /// which must be there.
    pub(crate) fn subscribe(&self, topic: &str, listener: Listener, filter: Filter<'_>) -> Consumer {
        Consumer::subscribe(&self.namesrv, topic, listener, filter)
    }

    fn command(&self, command: &str) {
        let mut pipes = self.pipes.lock().expect("an earlier command failed");
        let pipes = pipes.as_mut().expect("the cluster runs");
        writeln!(pipes.commands, "{command}").expect("the cluster's script takes commands");
        let answer = pipes.answer();
        assert_eq!(answer, "ok", "{command}");
    }
}

impl Pipes {
    /// What the script prints when it is ready.
    fn address(&mut self, server: &str) -> String {
        let answer = self.answer();
        answer.strip_prefix(server).unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script's answer is text");
        line.trim_end().to_owned()
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        // Closed pipes end the script. The lock is poisoned when a command failed.
        drop(self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        drop(self.script.wait());
    }
}
