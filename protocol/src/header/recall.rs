//! RECALL_MESSAGE: takes a timer message back before it is delivered. Brokers from 5.3.2, and only those that allow it
//! (`RecallMessageProcessor`).

use super::required;
use crate::codes::request;
use crate::command::Command;
use crate::{DecodeError, base64};
use std::fmt;
use std::str::FromStr;

const PRODUCER_GROUP: &str = "producerGroup";
const TOPIC: &str = "topic";
const RECALL_HANDLE: &str = "recallHandle";
const BROKER_NAME: &str = "bname";
const MESSAGE_ID: &str = "msgId";

/// Takes the message of this handle back, which goes to the broker that is named in it. The handle is sent as the broker
/// gave it.
#[must_use]
pub fn request(group: &str, topic: &str, handle: &str, broker_name: &str) -> Command {
    let request = Command::request(request::RECALL_MESSAGE);
    let request = request.with(PRODUCER_GROUP, group).with(TOPIC, topic).with(RECALL_HANDLE, handle);
    request.with(BROKER_NAME, broker_name)
}

/// The client's id of the message that was taken back, from a successful answer.
pub fn message_id(answer: &Command) -> Result<&str, DecodeError> {
    required(answer, MESSAGE_ID)
}

/// Which message is to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The producer group, if it is named.
    pub group: Option<String>,
    /// The topic.
    pub topic: String,
    /// The handle as it came: a broker has an answer of its own for one that is none.
    pub handle: String,
}

/// The server's side of [`request`].
pub fn decode(command: &Command) -> Result<Recall, DecodeError> {
    Ok(Recall {
        group: command.ext(PRODUCER_GROUP).map(str::to_owned),
        topic: required(command, TOPIC)?.to_owned(),
        handle: required(command, RECALL_HANDLE)?.to_owned(),
    })
}

/// The server's side of [`message_id`].
#[must_use]
pub fn answer(answer: Command, message_id: &str) -> Command {
    answer.with(MESSAGE_ID, message_id)
}

/// What a broker gives for a timer message, to take it back with (`RecallMessageHandle`): URL-safe base64 of
///
/// ```text
/// v1 <topic> <broker's name> <delivery in ms since 1970> <UNIQ_KEY>
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallHandle {
    /// The message's topic, namespace included.
    pub topic: String,
    /// The broker that holds the message.
    pub broker_name: String,
    /// When the message is due, in milliseconds since 1970.
    pub deliver_ms: i64,
    /// The client's id of the message.
    pub unique_id: String,
}

impl FromStr for RecallHandle {
    type Err = DecodeError;

    /// Whatever follows the five parts is left to brokers that understand it, as Java does.
    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let bytes = base64::decode(text.as_bytes());
        let bytes = bytes.ok_or(DecodeError::RecallHandle("it is not URL-safe base64"))?;
        let parts = String::from_utf8(bytes).map_err(|_| DecodeError::RecallHandle("it holds no text"))?;
        let mut parts = parts.split(' ');
        if parts.next() != Some("v1") {
            return Err(DecodeError::RecallHandle("it is not of version v1"));
        }
        let mut part = || {
            let part = parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
            part.ok_or(DecodeError::RecallHandle("topic, broker, time and id do not all stand in it"))
        };
        let (topic, broker_name, deliver_ms, unique_id) = (part()?, part()?, part()?, part()?);
        let deliver_ms = deliver_ms.parse().ok().filter(|ms| *ms >= 0);
        let deliver_ms = deliver_ms.ok_or(DecodeError::RecallHandle("its time is no time"))?;
        Ok(Self { topic, broker_name, deliver_ms, unique_id })
    }
}

impl fmt::Display for RecallHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, broker_name, deliver_ms, unique_id } = self;
        let text = format!("v1 {topic} {broker_name} {deliver_ms} {unique_id}");
        formatter.pad(&base64::encode(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests;
