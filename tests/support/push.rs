//! Push consumers of Apache's Java client (`tests/apache/PushConsume.java`), all in one Java process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::reader::java::{self, Java};

/// How a consumer takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// One after the other within a queue.
    Orderly,
    /// On any thread.
    Concurrent,
}

/// Which messages a consumer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter<'a> {
    /// `*`, or tags between `||`.
    Tag(&'a str),
    /// An SQL92 expression over properties; brokers need `enablePropertyFilter=true`, which the tests' have.
    Sql(&'a str),
}

/// A message as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Name of the broker.
    pub(crate) broker: String,
    pub(crate) queue_id: i64,
    pub(crate) queue_offset: i64,
    /// The sender's UNIQ_KEY.
    pub(crate) msg_id: String,
    pub(crate) keys: Option<String>,
    pub(crate) tags: Option<String>,
    /// The sender's, the broker's, and those that the consumer adds.
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) sys_flag: i64,
    pub(crate) born_timestamp: i64,
    pub(crate) store_timestamp: i64,
    /// 0 at the first delivery.
    pub(crate) reconsume_times: i64,
    /// Milliseconds since 1970.
    pub(crate) arrival_ms: i64,
    /// Which of the consumer's threads took it, and how many that one took before.
    pub(crate) thread: String,
    pub(crate) turn: i64,
    /// Decompressed.
    pub(crate) body: Vec<u8>,
}

/// A consumer; dropping it ends it.
pub(crate) struct Consumer {
    id: u64,
}

static CONSUMERS: Mutex<Option<Java>> = Mutex::new(None);

impl Consumer {
    pub(super) fn subscribe(namesrv: &str, topic: &str, listener: Listener, filter: Filter<'_>) -> Self {
        let listener = match listener {
            Listener::Orderly => "orderly",
            Listener::Concurrent => "concurrent",
        };
        let filter = match filter {
            Filter::Tag(expression) => format!("tag {expression}"),
            Filter::Sql(expression) => format!("sql {expression}"),
        };
        let (_, end) = ask(&format!("subscribe {namesrv} {topic} {listener} {filter}"));
        Self { id: end["id"].as_u64().expect("id") }
    }

    /// All that has been delivered since it subscribed, in the order of arrival: as soon as there are `count` messages,
    /// else what there is after `wait`.
    #[expect(clippy::disallowed_methods, reason = "a test waits for other processes by the real clock")]
    pub(crate) fn collect(&self, count: usize, wait: Duration) -> Vec<Arrived> {
        let deadline = Instant::now() + wait;
        loop {
            let (_, end) = ask(&format!("count {}", self.id));
            let arrived = end["count"].as_u64().expect("count");
            if usize::try_from(arrived).is_ok_and(|arrived| arrived >= count) || Instant::now() >= deadline {
                let (messages, _) = ask(&format!("arrived {}", self.id));
                return messages.iter().map(Arrived::parse).collect();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // The lock is poisoned when a command failed.
        let mut consumers = CONSUMERS.lock().unwrap_or_else(PoisonError::into_inner);
        drop(consumers.as_mut().map(|java| java.ask(&format!("stop {}", self.id))));
    }
}

/// Panics with the Java client's error.
fn ask(command: &str) -> (Vec<Value>, Value) {
    let mut consumers = CONSUMERS.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = consumers.get_or_insert_with(|| Java::start("PushConsume.java", &[])).ask(command);
    drop(consumers);
    answer.unwrap_or_else(|error| panic!("{command}: {error}"))
}

impl Arrived {
    fn parse(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        let number = |name: &str| line[name].as_i64().expect(name);
        Self {
            broker: text("broker").expect("broker"),
            queue_id: number("queueId"),
            queue_offset: number("queueOffset"),
            msg_id: text("msgId").expect("msgId"),
            keys: text("keys"),
            tags: text("tags"),
            properties: serde_json::from_value(line["properties"].clone()).expect("properties"),
            sys_flag: number("sysFlag"),
            born_timestamp: number("bornTimestamp"),
            store_timestamp: number("storeTimestamp"),
            reconsume_times: number("reconsumeTimes"),
            arrival_ms: number("arrivalMs"),
            thread: text("thread").expect("thread"),
            turn: number("turn"),
            body: java::body(line),
        }
    }
}
