//! Reads messages back with Apache's Java client (`tests/apache/ReadBack.java`), one reader for the test process: it
//! answers in milliseconds once it runs, and ends when this process does, for then its stdin closes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

#[path = "java.rs"]
pub(super) mod java;

use java::Java;

/// A message as it stands in a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) topic: String,
    /// Name of the broker.
    pub(crate) broker: String,
    pub(crate) queue_id: i64,
    pub(crate) queue_offset: i64,
    /// The sender's UNIQ_KEY.
    pub(crate) msg_id: String,
    /// When and on which host the sender made its UNIQ_KEY, as Java reads them in it.
    pub(crate) id_timestamp: i64,
    pub(crate) id_address: String,
    pub(crate) offset_msg_id: String,
    pub(crate) tags: Option<String>,
    pub(crate) keys: Option<String>,
    pub(crate) flag: i64,
    /// As stored, with the compression bits.
    pub(crate) sys_flag: i64,
    pub(crate) born_timestamp: i64,
    pub(crate) store_timestamp: i64,
    pub(crate) reconsume_times: i64,
    /// The sender's, the broker's, and `MIN_OFFSET` and `MAX_OFFSET`, which reading adds.
    pub(crate) properties: BTreeMap<String, String>,
    /// Decompressed.
    pub(crate) body: Vec<u8>,
}

static READER: Mutex<Option<Java>> = Mutex::new(None);

/// All messages of a topic now. The error is the Java client's.
pub(super) fn read(namesrv: &str, topic: &str) -> Result<Vec<Stored>, String> {
    let mut slot = READER.lock().unwrap_or_else(PoisonError::into_inner);
    // One that fails in the middle of an answer is not used again.
    let mut reader = slot.take().unwrap_or_else(|| Java::start("ReadBack.java", &["serve"]));
    let answer = reader.ask(&format!("read {namesrv} {topic} 0 0"));
    *slot = Some(reader);
    drop(slot);
    Ok(answer?.0.iter().map(Stored::parse).collect())
}

impl Stored {
    fn parse(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        let number = |name: &str| line[name].as_i64().expect(name);
        Self {
            topic: text("topic").expect("topic"),
            broker: text("broker").expect("broker"),
            queue_id: number("queueId"),
            queue_offset: number("queueOffset"),
            msg_id: text("msgId").expect("msgId"),
            id_timestamp: number("idTimestamp"),
            id_address: text("idAddress").expect("idAddress"),
            offset_msg_id: text("offsetMsgId").expect("offsetMsgId"),
            tags: text("tags"),
            keys: text("keys"),
            flag: number("flag"),
            sys_flag: number("sysFlag"),
            born_timestamp: number("bornTimestamp"),
            store_timestamp: number("storeTimestamp"),
            reconsume_times: number("reconsumeTimes"),
            properties: serde_json::from_value(line["properties"].clone()).expect("properties"),
            body: java::body(line),
        }
    }
}
