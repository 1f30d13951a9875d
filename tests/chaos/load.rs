//! Compiles `load.c`, runs it in the client's namespace, and keeps what it prints.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use crate::clock::{Micros, now, seconds, wait_for};
use crate::compile::compile;
use crate::net::{MUTE_RESOLVER, NAME_SERVERS, Node};
use crate::servers::NAME_SERVER_PORT;

/// Messages a second of each kind: synchronous, asynchronous, one-way.
pub(crate) const RATES: [usize; 3] = [200, 700, 100];
/// So many in a topic: what the Java reader holds at once.
pub(crate) const PER_TOPIC: usize = 20_000;

/// What C was told about one message.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// `s`ync, `a`sync or `o`ne-way.
    pub(crate) kind: char,
    pub(crate) index: usize,
    pub(crate) status: Box<str>,
    /// `ROCKETMQ_OUTCOME_*`, of a send that failed.
    pub(crate) outcome: i32,
    pub(crate) attempts: u32,
    pub(crate) began: Micros,
    pub(crate) ended: Micros,
    pub(crate) id: Box<str>,
    pub(crate) broker: Box<str>,
    pub(crate) queue_id: i64,
    pub(crate) queue_offset: i64,
    /// The status it was stored with, or why the send failed.
    pub(crate) why: Box<str>,
}

impl Told {
    pub(crate) fn is_ok(&self) -> bool {
        &*self.status == "ROCKETMQ_OK"
    }

    /// A broker said that it has the message.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.is_ok() && self.kind != 'o'
    }

    pub(crate) fn latency(&self) -> Micros {
        self.ended - self.began
    }

    fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.splitn(12, ' ').collect();
        let [kind, index, status, outcome, attempts, began, ended, id, broker, queue, offset, why] =
            words[..]
        else {
            return None;
        };
        Some(Self {
            kind: kind.chars().next()?,
            index: index.parse().ok()?,
            status: status.into(),
            outcome: outcome.parse().ok()?,
            attempts: attempts.parse().ok()?,
            began: began.parse().ok()?,
            ended: ended.parse().ok()?,
            id: id.into(),
            broker: broker.into(),
            queue_id: queue.parse().ok()?,
            queue_offset: offset.parse().ok()?,
            why: why.into(),
        })
    }
}

/// All that was printed up to now.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    /// In the order of their ends.
    pub(crate) told: Vec<Told>,
    /// When it began to send.
    pub(crate) sending: Option<Micros>,
    /// When, threads, descriptors.
    pub(crate) resources: Vec<(String, i64, i64)>,
    /// Call, microseconds, limit, status.
    pub(crate) longest: Vec<(String, Micros, Micros, String)>,
    /// Shutdown's status, accepted, completed, wrong, late.
    pub(crate) end: Option<(String, [i64; 4])>,
    /// Lines that nobody expects, as sanitizers and panics write them.
    pub(crate) odd: Vec<String>,
}

/// The program under way.
pub(crate) struct Load {
    child: Child,
    stdin: Option<ChildStdin>,
    printed: Arc<Mutex<Printed>>,
    readers: Vec<JoinHandle<()>>,
    hosts: PathBuf,
}

impl Load {
    /// Returns when it begins to send. What it logs goes to a file.
    pub(crate) fn start(files: &Path, topics: usize, log: &Path) -> Self {
        let hosts = files.join("hosts");
        let resolver = format!("nameserver {MUTE_RESOLVER}\noptions timeout:5 attempts:2\n");
        for (name, text) in [("resolv.conf", resolver), ("nsswitch.conf", "hosts: files dns\n".to_owned())] {
            fs::write(files.join(name), text).expect("a file");
        }
        // `ip netns exec` gives it mounts of its own.
        let mount = "cd \"$1\"; shift
            for file in hosts resolv.conf nsswitch.conf; do mount --bind $file /etc/$file || exit 1; done
            exec \"$@\"";
        fs::write(&hosts, names(true)).expect("a file");
        let name_servers = NAME_SERVERS.map(|node| format!("{node}.chaos:{NAME_SERVER_PORT}")).join(";");
        let mut child = Node::Client
            .command("sh")
            .args(["-c", mount, "sh"])
            .args([files, &compile("tests/chaos/load.c", "chaos-load")])
            .args([name_servers, topics.to_string(), PER_TOPIC.to_string()])
            .args(RATES.map(|rate| rate.to_string()))
            // Cargo's would lead to the library of the last `cargo build`.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let printed = Arc::new(Mutex::new(Printed::default()));
        let (output, errors) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let mut log = File::create(log).expect("a log file");
        let (here, there) = (Arc::clone(&printed), Arc::clone(&printed));
        let readers = vec![
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Some(text) = line.strip_prefix("log ") {
                        writeln!(log, "{} {text}", seconds(now())).expect("the log can be written");
                    } else {
                        lock(&here).take(&line);
                    }
                }
            }),
            thread::spawn(move || {
                for line in BufReader::new(errors).lines().map_while(Result::ok) {
                    lock(&there).odd.push(line);
                }
            }),
        ];
        let mut load = Self { stdin: child.stdin.take(), child, printed, readers, hosts };
        let begun = wait_for(60, || load.printed().sending.is_some() || load.has_ended());
        assert!(begun && !load.has_ended(), "the program did not get to send: {:?}", load.printed());
        load
    }

    pub(crate) fn printed(&self) -> MutexGuard<'_, Printed> {
        lock(&self.printed)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_some()
    }

    /// Whether the client can look the name servers' names up, or waits for an answer that does not come.
    pub(crate) fn set_names_known(&self, known: bool) {
        // In place, since the file is mounted.
        fs::write(&self.hosts, names(known)).expect("a file");
    }

    /// Lets it come to its end: all it printed.
    pub(crate) fn end(mut self) -> Printed {
        self.stdin = None;
        // It waits up to 140 s for what is idle to be closed, twice.
        let ended = wait_for(330, || self.has_ended());
        // It has ended already, usually.
        drop(self.child.kill());
        let status = self.child.wait().expect("it can be waited for");
        for reader in self.readers {
            reader.join().expect("the reader ends");
        }
        let mut printed = lock(&self.printed);
        if !status.success() || !ended {
            printed.odd.push(format!("the program ended with {status}, by itself: {ended}"));
        }
        std::mem::take(&mut printed)
    }
}

fn lock(printed: &Mutex<Printed>) -> MutexGuard<'_, Printed> {
    printed.lock().expect("nobody failed with the lock")
}

fn names(known: bool) -> String {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for node in NAME_SERVERS.into_iter().filter(|_| known) {
        text.push_str(&format!("{} {node}.chaos\n", node.address()));
    }
    text
}

impl Printed {
    fn take(&mut self, line: &str) {
        if self.parse(line).is_none() {
            self.odd.push(line.to_owned());
        }
    }

    fn parse(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        let words: Vec<_> = rest.split(' ').collect();
        match (word, &words[..]) {
            ("told", _) => self.told.push(Told::parse(rest)?),
            ("sending", [at]) => self.sending = Some(at.parse().ok()?),
            ("resources", [when, threads, descriptors]) => {
                self.resources.push(((*when).to_owned(), threads.parse().ok()?, descriptors.parse().ok()?));
            }
            ("longest", [call, us, limit, status]) => {
                let (us, limit) = (us.parse().ok()?, limit.parse().ok()?);
                self.longest.push(((*call).to_owned(), us, limit, (*status).to_owned()));
            }
            ("end", [status, accepted, completed, wrong, late]) => {
                let mut numbers = [0; 4];
                for (number, word) in numbers.iter_mut().zip([accepted, completed, wrong, late]) {
                    *number = word.parse().ok()?;
                }
                self.end = Some(((*status).to_owned(), numbers));
            }
            _ => return None,
        }
        Some(())
    }
}
