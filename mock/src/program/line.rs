//! A stored message as one line of JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use mock_cluster::Stored;
use protocol::message::properties;
use serde_json::{Map, Value, json};

/// Writes the line. A body that is text stands there as `body`, any other in hex as `bodyHex`; both are unpacked.
pub(crate) fn write(message: &Stored, out: &mut impl Write) -> io::Result<()> {
    let properties = properties::iter(&message.properties);
    let properties: Map<String, Value> =
        properties.map(|(name, value)| (name.into(), value.into())).collect();
    // A body that cannot be unpacked is shown as it came.
    let body = message.unpacked_body().unwrap_or(&message.body);
    let mut line = json!({
        "topic": message.topic,
        "broker": message.broker_name,
        "queueId": message.queue_id,
        "queueOffset": message.queue_offset,
        "msgId": message.unique_id,
        "offsetMsgId": message.offset_id,
        "tags": message.tags,
        "keys": message.keys,
        "group": message.group,
        "flag": message.flag,
        "sysFlag": message.sys_flag,
        "bornTimestamp": message.born_ms,
        "properties": properties,
        "bodyLength": body.len(),
    });
    let (name, text) = match std::str::from_utf8(body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("bodyHex", hex(body)),
    };
    if let Some(line) = line.as_object_mut() {
        line.insert(name.into(), text.into());
    }
    writeln!(out, "{line}")
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // A String takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
