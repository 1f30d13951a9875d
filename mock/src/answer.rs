//! Answers as values, and as bytes. The answer to a send is written by hand, since a measurement writes millions.

use protocol::codes::{Language, RPC_TYPE_RESPONSE};
use protocol::command::Command;
use protocol::frame::{self, HeaderFormat};

/// What a request leads to on the wire.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Nothing,
    Plain(Command),
    Send(SendReply),
}

impl Answer {
    pub(crate) fn code(&self) -> Option<i32> {
        match self {
            Self::Nothing => None,
            Self::Plain(command) => Some(command.code),
            Self::Send(reply) => Some(reply.code),
        }
    }

    /// Appends the answer as one frame.
    pub(crate) fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => {}
            Self::Plain(command) => encode_command(command, opaque, format, out),
            Self::Send(reply) => reply.encode(opaque, format, out),
        }
    }
}

/// A command too large for a frame is left out: no test can have meant that.
fn encode_command(command: &Command, opaque: i32, format: HeaderFormat, out: &mut Vec<u8>) {
    let command = Command { opaque, ..command.clone() };
    let _ = command.encode(format, out);
}

/// `SendMessageResponseHeader` with what `SendMessageProcessor` adds to it.
#[derive(Clone, Debug)]
pub(crate) struct SendReply {
    pub(crate) code: i32,
    pub(crate) remark: Option<String>,
    pub(crate) version: i32,
    /// The broker's address as the first half of an offset id.
    pub(crate) id_prefix: std::sync::Arc<str>,
    pub(crate) commit_offset: i64,
    /// Of the other records of a batch.
    pub(crate) more_commit_offsets: Vec<i64>,
    pub(crate) queue_id: i32,
    /// Of the first record.
    pub(crate) queue_offset: i64,
    /// What takes a timer message back.
    pub(crate) recall_handle: Option<String>,
}

/// Names and values that do not change, in the order fastjson writes them.
const REGION: (&str, &str) = ("MSG_REGION", "DefaultRegion");
const TRACE_ON: (&str, &str) = ("TRACE_ON", "true");

impl SendReply {
    pub(crate) fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut Vec<u8>) {
        let start = frame::begin(out, format);
        match format {
            HeaderFormat::Json => self.encode_json(opaque, out),
            HeaderFormat::RocketMq => self.encode_binary(opaque, out),
        }
        // Only a remark of 16 MiB would not fit.
        let _ = frame::end(out, start, 0);
    }

    fn encode_json(&self, opaque: i32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"code\":");
        push_int(out, self.code.into());
        out.extend_from_slice(b",\"extFields\":{\"MSG_REGION\":\"");
        out.extend_from_slice(REGION.1.as_bytes());
        out.extend_from_slice(b"\",\"TRACE_ON\":\"");
        out.extend_from_slice(TRACE_ON.1.as_bytes());
        out.extend_from_slice(b"\",\"msgId\":\"");
        self.push_id(out);
        out.extend_from_slice(b"\",\"queueId\":\"");
        push_int(out, self.queue_id.into());
        out.extend_from_slice(b"\",\"queueOffset\":\"");
        push_int(out, self.queue_offset);
        if let Some(handle) = &self.recall_handle {
            // It needs no escaping: it is base64.
            out.extend_from_slice(b"\",\"recallHandle\":\"");
            out.extend_from_slice(handle.as_bytes());
        }
        out.extend_from_slice(b"\"},\"flag\":1,\"language\":\"JAVA\",\"opaque\":");
        push_int(out, opaque.into());
        if let Some(remark) = &self.remark {
            out.extend_from_slice(b",\"remark\":");
            out.extend_from_slice(serde_json::Value::from(remark.as_str()).to_string().as_bytes());
        }
        out.extend_from_slice(b",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
        push_int(out, self.version.into());
        out.push(b'}');
    }

    fn encode_binary(&self, opaque: i32, out: &mut Vec<u8>) {
        out.extend_from_slice(&i16::try_from(self.code).unwrap_or(i16::MAX).to_be_bytes());
        out.push(Language::Java.byte());
        out.extend_from_slice(&i16::try_from(self.version).unwrap_or(i16::MAX).to_be_bytes());
        out.extend_from_slice(&opaque.to_be_bytes());
        out.extend_from_slice(&RPC_TYPE_RESPONSE.to_be_bytes());
        let remark = self.remark.as_deref().unwrap_or_default();
        push_length(out, remark.len());
        out.extend_from_slice(remark.as_bytes());
        let mut fields = Vec::with_capacity(160);
        for (name, value) in [REGION, TRACE_ON] {
            push_field(&mut fields, name, |out| out.extend_from_slice(value.as_bytes()));
        }
        push_field(&mut fields, "msgId", |out| self.push_id(out));
        push_field(&mut fields, "queueId", |out| push_int(out, self.queue_id.into()));
        push_field(&mut fields, "queueOffset", |out| push_int(out, self.queue_offset));
        if let Some(handle) = &self.recall_handle {
            push_field(&mut fields, "recallHandle", |out| out.extend_from_slice(handle.as_bytes()));
        }
        push_length(out, fields.len());
        out.extend_from_slice(&fields);
    }

    /// The offset id, or several with commas between.
    fn push_id(&self, out: &mut Vec<u8>) {
        push_offset_id(out, &self.id_prefix, self.commit_offset);
        for commit_offset in &self.more_commit_offsets {
            out.push(b',');
            push_offset_id(out, &self.id_prefix, *commit_offset);
        }
    }
}

fn push_offset_id(out: &mut Vec<u8>, prefix: &str, commit_offset: i64) {
    out.extend_from_slice(prefix.as_bytes());
    for byte in commit_offset.to_be_bytes() {
        out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
}

/// The offset id of one message as text.
pub(crate) fn offset_id(prefix: &str, commit_offset: i64) -> String {
    let mut id = Vec::with_capacity(32);
    push_offset_id(&mut id, prefix, commit_offset);
    String::from_utf8_lossy(&id).into_owned()
}

fn push_field(out: &mut Vec<u8>, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    let at = out.len();
    push_length(out, 0);
    value(out);
    let bytes = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(length) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *length = bytes.to_be_bytes();
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

const fn hex_digit(value: u8) -> u8 {
    match value {
        0..10 => b'0' + value,
        _ => b'A' + value - 10,
    }
}

/// Decimal digits without the machinery of `fmt`.
fn push_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let mut rest = value.unsigned_abs();
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: i32, remark: Option<&str>) -> SendReply {
        SendReply {
            code,
            remark: remark.map(Into::into),
            version: 353,
            id_prefix: "7F00000100002A9F".into(),
            commit_offset: 0x1234_ABCD,
            more_commit_offsets: Vec::new(),
            queue_id: 3,
            queue_offset: i64::MAX,
            recall_handle: None,
        }
    }

    /// The reply as both formats say it.
    fn encoded(reply: &SendReply) -> Command {
        let [json, binary] = [HeaderFormat::Json, HeaderFormat::RocketMq].map(|format| {
            let mut bytes = Vec::new();
            reply.encode(-7, format, &mut bytes);
            let frame = frame::decode(&bytes, frame::FRAME_BYTES_MAX).unwrap().unwrap();
            assert_eq!((frame.len, frame.format), (bytes.len(), format));
            Command::decode(&frame).unwrap()
        });
        assert_eq!(json, binary);
        json
    }

    #[test]
    fn a_batch_and_a_timer_message_have_more_to_say() {
        let reply = SendReply {
            more_commit_offsets: vec![0x1234_ABCE, -1],
            recall_handle: Some("djE=".into()),
            ..reply(0, None)
        };
        let ids = "7F00000100002A9F000000001234ABCD,7F00000100002A9F000000001234ABCE,7F00000100002A9FFFFFFFFFFFFFFFFF";
        let command = encoded(&reply);
        assert_eq!((command.ext("msgId"), command.ext("recallHandle")), (Some(ids), Some("djE=")));
        assert_eq!(offset_id("7F00000100002A9F", 0x1234_ABCE), ids[33..65]);
    }

    #[test]
    fn both_formats_say_the_same() {
        for reply in [reply(0, None), reply(10, Some("a \"quoted\"\nremark"))] {
            let json = encoded(&reply);
            assert_eq!((json.code, json.opaque, json.flag, json.version), (reply.code, -7, 1, 353));
            assert_eq!(json.remark, reply.remark);
            assert_eq!(json.ext("msgId"), Some("7F00000100002A9F000000001234ABCD"));
            assert_eq!(json.ext("queueId"), Some("3"));
            assert_eq!(json.ext("queueOffset"), Some("9223372036854775807"));
            assert_eq!(json.ext("MSG_REGION"), Some("DefaultRegion"));
            assert_eq!(json.ext("TRACE_ON"), Some("true"));
        }
    }

    #[test]
    fn integers_come_out_as_fmt_writes_them() {
        for value in [0, 7, 10, -1, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_int(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }
}
