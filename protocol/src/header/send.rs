//! SEND_MESSAGE: one message or one batch, and the broker's answer. This is the hot path: writing a [`PreparedSend`]
//! allocates nothing but room in the output, reading borrows from the frame. Mirrors `SendMessageRequestHeaderV2` and
//! `SendMessageResponseHeader`.

mod answer;
mod owned;
mod prepared;
mod write;

pub use answer::SendAnswer;
pub use owned::OwnedSend;
pub use prepared::{Prepared, Sender};
pub use write::PreparedSend;

use crate::codes::request;
use crate::command::Command;
use crate::frame::HeaderFormat;
use crate::{DecodeError, EncodeError};

/// What a send says in its header. Who sends often prepares what does not change, see [`PreparedSend`].
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
        let sender = Sender::new(self.group, self.default_topic, self.default_queues)
            .with_unit_mode(self.unit_mode)
            .with_namespace(self.namespace);
        let send = PreparedSend {
            sender: &sender,
            topic: &Prepared::topic(self.topic),
            broker_name: Some(&Prepared::broker_name(self.broker_name)),
            queue_id: self.queue_id,
            sys_flag: self.sys_flag,
            born_ms: self.born_ms,
            flag: self.flag,
            id: None,
            properties: &self.properties.concat(),
            reconsume_times: self.reconsume_times,
            batch: self.batch,
        };
        send.encode(format, opaque, oneway, body_len, out)
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
}

#[cfg(test)]
mod tests;
