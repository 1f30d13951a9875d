//! Reads messages back with Apache's Java client (`tests/apache/ReadBack.java`), one reader for the test process: it
//! answers in milliseconds once it runs, and ends when this process does, for then its stdin closes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

use super::ROOT;

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

struct Reader {
    _java: Child,
    commands: ChildStdin,
    lines: BufReader<ChildStdout>,
}

static READER: Mutex<Option<Reader>> = Mutex::new(None);

/// All messages of a topic now. The error is the Java client's.
pub(super) fn read(namesrv: &str, topic: &str) -> Result<Vec<Stored>, String> {
    let mut reader = READER.lock().expect("the reader failed in another test");
    let reader = reader.get_or_insert_with(Reader::start);
    writeln!(reader.commands, "read {namesrv} {topic} 0 0").expect("the reader takes commands");
    let mut messages = Vec::new();
    loop {
        let line = reader.line();
        if line.get("end").is_none() {
            messages.push(Stored::parse(&line));
        } else if let Some(error) = line.get("error") {
            return Err(error.to_string());
        } else {
            return Ok(messages);
        }
    }
}

impl Reader {
    fn start() -> Self {
        let jars = format!("{ROOT}/target/apache/reader");
        let complete = Path::new(&jars).join("complete").exists();
        assert!(complete, "the reader's jars are not in target/apache: run `make apache`");
        let mut java = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
            .args([&format!("{jars}/*"), &format!("{ROOT}/tests/apache/ReadBack.java"), "serve"])
            .env_remove("JAVA_TOOL_OPTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Java runs (`make deps` installs it)");
        Self {
            commands: java.stdin.take().expect("stdin is piped"),
            lines: BufReader::new(java.stdout.take().expect("stdout is piped")),
            _java: java,
        }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the reader prints text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the reader printed {line:?}: {error}"))
    }
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
            body: text("body").map_or_else(|| unhex(&text("bodyHex").expect("bodyHex")), String::into_bytes),
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}
