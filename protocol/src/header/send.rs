//! SEND_MESSAGE: one message or one batch, and the broker's answer. This is the hot path: writing allocates nothing but
//! room in the output, reading borrows from the frame. Mirrors `SendMessageRequestHeaderV2` and
//! `SendMessageResponseHeader`.

mod answer;
mod owned;

pub use answer::SendAnswer;
pub use owned::OwnedSend;

use crate::codes::{self, Language, RPC_TYPE_ONEWAY, request};
use crate::command::{self, Command, binary};
use crate::frame::{self, HeaderFormat};
use crate::json::write;
use crate::message::namespace::{NAMESPACE, NAMESPACED};
use crate::{DecodeError, EncodeError, number};

/// What a send says in its header.
#[derive(Clone, Copy, Debug)]
pub struct SendMessage<'a> {
    /// The producer group, namespace included.
    pub group: &'a str,
    /// The topic, namespace included.
    pub topic: &'a str,
    /// The topic whose settings a new topic takes over, usually `TBW102`.
    pub default_topic: &'a str,
    /// How many queues a new topic gets.
    pub default_queues: i32,
    /// The queue, from 0 on.
    pub queue_id: i32,
    /// See [`crate::message::flags`].
    pub sys_flag: i32,
    /// When this attempt was made, in milliseconds since 1970.
    pub born_ms: i64,
    /// The user's own flag, unused by RocketMQ.
    pub flag: i32,
    /// The message's properties in wire form, in pieces that are joined without a separator.
    pub properties: &'a [&'a str],
    /// How often the message was consumed and came back; 0 for a producer.
    pub reconsume_times: i32,
    /// Whether the client belongs to a unit.
    pub unit_mode: bool,
    /// Whether the body is a batch. Brokers go by this, not by the code.
    pub batch: bool,
    /// The broker, which proxies need and others ignore; left out when empty.
    pub broker_name: &'a str,
    /// The namespace that leaves names alone, see [`crate::message::namespace`]; left out when empty.
    pub namespace: &'a str,
}

/// Names of the fields, in the order they are written, for requests with long names and with short ones.
struct Names {
    group: &'static str,
    topic: &'static str,
    default_topic: &'static str,
    default_queues: &'static str,
    queue_id: &'static str,
    sys_flag: &'static str,
    born_ms: &'static str,
    flag: &'static str,
    properties: &'static str,
    reconsume_times: &'static str,
    unit_mode: &'static str,
    batch: &'static str,
    broker_name: &'static str,
}

const SHORT: Names = Names {
    group: "a",
    topic: "b",
    default_topic: "c",
    default_queues: "d",
    queue_id: "e",
    sys_flag: "f",
    born_ms: "g",
    flag: "h",
    properties: "i",
    reconsume_times: "j",
    unit_mode: "k",
    // `l` is the most often a `%RETRY%` message may be consumed, which no producer sets.
    batch: "m",
    broker_name: "n",
};

const LONG: Names = Names {
    group: "producerGroup",
    topic: "topic",
    default_topic: "defaultTopic",
    default_queues: "defaultTopicQueueNums",
    queue_id: "queueId",
    sys_flag: "sysFlag",
    born_ms: "bornTimestamp",
    flag: "flag",
    properties: "properties",
    reconsume_times: "reconsumeTimes",
    unit_mode: "unitMode",
    batch: "batch",
    broker_name: "bname",
};

impl SendMessage<'_> {
    /// Appends prefix and header of one frame: code 310, or 320 for a batch. The caller appends exactly `body_len`
    /// bytes of body behind it. Empty texts are left out, as the binary form demands. On an error `out` is as before.
    pub fn encode(
        &self,
        format: HeaderFormat,
        opaque: i32,
        oneway: bool,
        body_len: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.queue_id < 0 {
            return Err(EncodeError::QueueId(self.queue_id));
        }
        let texts = [self.group, self.topic, self.default_topic, self.broker_name, self.namespace];
        let texts = texts.iter().chain(self.properties).map(|text| text.len()).sum();
        command::reserve(out, texts, SCALAR_BYTES_MAX)?;
        let code = if self.batch { request::SEND_BATCH_MESSAGE } else { request::SEND_MESSAGE_V2 };
        let flag = if oneway { RPC_TYPE_ONEWAY } else { 0 };
        let start = frame::begin(out, format);
        let written = match format {
            HeaderFormat::Json => {
                self.write_json(code, flag, opaque, out);
                Ok(())
            }
            HeaderFormat::RocketMq => self.write_binary(code, flag, opaque, out),
        };
        if let Err(error) = written {
            out.truncate(start);
            return Err(error);
        }
        frame::end(out, start, body_len)
    }

    /// The server's side of [`SendMessage::encode`]. Takes short names and long ones, by the command's code; a field
    /// that Java's header class requires must be there.
    pub fn decode(command: &Command) -> Result<OwnedSend, DecodeError> {
        let names = match command.code {
            request::SEND_MESSAGE_V2 | request::SEND_BATCH_MESSAGE | request::SEND_REPLY_MESSAGE_V2 => &SHORT,
            request::SEND_MESSAGE | request::SEND_REPLY_MESSAGE => &LONG,
            other => return Err(DecodeError::Code(other)),
        };
        OwnedSend::read(command, names)
    }

    fn write_json(&self, code: i32, flag: i32, opaque: i32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"code\":");
        number::append(out, code.into());
        out.extend_from_slice(b",\"extFields\":{");
        json_text(out, b"\"a\":\"", &[self.group]);
        json_text(out, b"\"b\":\"", &[self.topic]);
        json_text(out, b"\"c\":\"", &[self.default_topic]);
        json_number(out, b"\"d\":\"", self.default_queues.into());
        json_number(out, b"\"e\":\"", self.queue_id.into());
        json_number(out, b"\"f\":\"", self.sys_flag.into());
        json_number(out, b"\"g\":\"", self.born_ms);
        json_number(out, b"\"h\":\"", self.flag.into());
        json_text(out, b"\"i\":\"", self.properties);
        json_number(out, b"\"j\":\"", self.reconsume_times.into());
        out.extend_from_slice(if self.unit_mode { b"\"k\":\"true\"," } else { b"\"k\":\"false\"," });
        json_text(out, b"\"n\":\"", &[self.broker_name]);
        if !self.namespace.is_empty() {
            out.extend_from_slice(b"\"nsd\":\"true\",");
            json_text(out, b"\"ns\":\"", &[self.namespace]);
        }
        out.extend_from_slice(if self.batch { b"\"m\":\"true\"}" } else { b"\"m\":\"false\"}" });
        out.extend_from_slice(b",\"flag\":");
        number::append(out, flag.into());
        out.extend_from_slice(b",\"language\":\"RUST\",\"opaque\":");
        number::append(out, opaque.into());
        out.extend_from_slice(b",\"version\":");
        number::append(out, codes::VERSION.into());
        out.push(b'}');
    }

    fn write_binary(&self, code: i32, flag: i32, opaque: i32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        binary::Fixed { code, language: Language::Rust, version: codes::VERSION, opaque, flag }.write(out)?;
        binary::write_remark(out, "")?;
        let fields = binary::begin_fields(out);
        binary::write_field(out, SHORT.group, &[self.group])?;
        binary::write_field(out, SHORT.topic, &[self.topic])?;
        binary::write_field(out, SHORT.default_topic, &[self.default_topic])?;
        binary::write_number(out, SHORT.default_queues, self.default_queues.into())?;
        binary::write_number(out, SHORT.queue_id, self.queue_id.into())?;
        binary::write_number(out, SHORT.sys_flag, self.sys_flag.into())?;
        binary::write_number(out, SHORT.born_ms, self.born_ms)?;
        binary::write_number(out, SHORT.flag, self.flag.into())?;
        binary::write_field(out, SHORT.properties, self.properties)?;
        binary::write_number(out, SHORT.reconsume_times, self.reconsume_times.into())?;
        binary::write_field(out, SHORT.unit_mode, &[boolean(self.unit_mode)])?;
        binary::write_field(out, SHORT.batch, &[boolean(self.batch)])?;
        binary::write_field(out, SHORT.broker_name, &[self.broker_name])?;
        if !self.namespace.is_empty() {
            binary::write_field(out, NAMESPACED, &["true"])?;
            binary::write_field(out, NAMESPACE, &[self.namespace])?;
        }
        binary::end_fields(out, fields)
    }
}

/// All that a header of either format holds besides texts: names, numbers at their longest, quotes and lengths.
const SCALAR_BYTES_MAX: usize = 256;

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Appends a text field and a comma, `open` being the name up to the value's quote; nothing when there is no text.
fn json_text(out: &mut Vec<u8>, open: &[u8], pieces: &[&str]) {
    if pieces.iter().all(|piece| piece.is_empty()) {
        return;
    }
    out.extend_from_slice(open);
    for piece in pieces {
        write::escape(out, piece);
    }
    out.extend_from_slice(b"\",");
}

/// Appends a number field and a comma, `open` as in [`json_text`].
fn json_number(out: &mut Vec<u8>, open: &[u8], value: i64) {
    out.extend_from_slice(open);
    number::append(out, value);
    out.extend_from_slice(b"\",");
}

#[cfg(test)]
mod tests;
