//! Replies to request messages, pushed to the client that waits for them (`ReplyMessageProcessor`), and what else a
//! broker sends of its own accord.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use protocol::codes::{Language, request};
use protocol::command::Command;
use protocol::frame::HeaderFormat;
use protocol::message::properties::{self, names};

use crate::answer;
use crate::connection::Link;
use crate::node::Node;
use crate::state::State;
use crate::topics::DEFAULT_TOPIC;
use crate::transaction::Transaction;

/// The group that consumers who answer would have.
const REPLY_GROUP: &str = "mock_reply";

/// Why nothing was sent to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpushed {
    /// No message has this id; none that is a half message, where one is asked about.
    Unknown,
    /// The message asks for no reply: property `REPLY_TO_CLIENT` or `CORRELATION_ID` is missing.
    NoRequest,
    /// The transaction has ended.
    Ended(Transaction),
    /// There is no connection over which the client, or one of the group, sent a heartbeat.
    NotConnected,
}

impl fmt::Display for Unpushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such message",
            Self::NoRequest => "the message asks for no reply",
            Self::Ended(Transaction::RolledBack) => "the transaction was rolled back",
            Self::Ended(_) => "the transaction was committed",
            Self::NotConnected => "the client has no connection over which it sent a heartbeat",
        })
    }
}

impl std::error::Error for Unpushed {}

impl State {
    /// Pushes a reply to the request message with this id, as the broker that keeps it does when a consumer answers.
    pub(crate) fn reply(&mut self, unique_id: &str, body: Bytes) -> Result<(), Unpushed> {
        let message = self.messages.iter().rfind(|message| message.unique_id == unique_id);
        let message = Arc::clone(message.ok_or(Unpushed::Unknown)?);
        let property = |name| message.property(name).ok_or(Unpushed::NoRequest);
        let (client, correlation) = (property(names::REPLY_TO_CLIENT)?, property(names::CORRELATION_ID)?);
        let node = Node::Broker(message.broker);
        let open = self.connections.values().find(|open| open.node == node && open.clients.contains(client));
        let link = Arc::clone(&open.ok_or(Unpushed::NotConnected)?.link);
        let broker = self.brokers.get(message.broker).ok_or(Unpushed::Unknown)?;
        // There is no clock here but the sender's.
        let now_ms = message.born_ms;
        let host = format!("/127.0.0.1:{}", broker.port);
        let mut wire = String::new();
        properties::append(&mut wire, names::PUSH_REPLY_TIME, &now_ms.to_string());
        properties::append(&mut wire, names::MSG_TYPE, "reply");
        properties::append(&mut wire, names::REPLY_TO_CLIENT, client);
        let reply_id = answer::offset_id(&broker.id_prefix, self.pushed.into());
        properties::append(&mut wire, names::UNIQ_KEY, &reply_id);
        if let Ok(ttl) = property(names::TTL) {
            properties::append(&mut wire, names::TTL, ttl);
        }
        properties::append(&mut wire, names::CORRELATION_ID, correlation);
        let command = Command::request(request::PUSH_REPLY_MESSAGE_TO_CLIENT)
            .with("queueId", 0)
            .with("flag", 0)
            .with("sysFlag", 0)
            .with("reconsumeTimes", 0)
            .with("storeTimestamp", now_ms)
            .with("unitMode", false)
            .with("defaultTopic", DEFAULT_TOPIC)
            .with("bornHost", "/127.0.0.1:0")
            .with("defaultTopicQueueNums", 4)
            .with("producerGroup", REPLY_GROUP)
            .with("topic", format!("{}_REPLY_TOPIC", self.options.cluster_name))
            .with("bornTimestamp", now_ms)
            .with("storeHost", host)
            .with("properties", wire)
            .with_body(body);
        self.push_command(&link, command);
        Ok(())
    }

    /// Has a command of the broker's own written, with a number that no other has.
    pub(crate) fn push_command(&mut self, link: &Link, command: Command) {
        let opaque = self.pushed;
        self.pushed = opaque.wrapping_add(1);
        let command = Command { opaque, language: Language::Java, version: self.options.version, ..command };
        let mut bytes = Vec::new();
        // A command too large for a frame is left out: no test can have meant that.
        if command.encode(HeaderFormat::Json, &mut bytes).is_ok() {
            link.push(&bytes);
        }
    }
}
