//! A send as a server reads it.

use super::Names;
use crate::DecodeError;
use crate::command::Command;
use crate::header::required;
use crate::message::namespace::NAMESPACE;
use std::str::FromStr;

/// The header of a send, see [`super::SendMessage`] for what the fields mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedSend {
    /// The producer group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The topic whose settings a new topic takes over.
    pub default_topic: String,
    /// How many queues a new topic gets.
    pub default_queues: i32,
    /// The queue. Other clients may send a negative one.
    pub queue_id: i32,
    /// See [`crate::message::flags`].
    pub sys_flag: i32,
    /// When the attempt was made, in milliseconds since 1970.
    pub born_ms: i64,
    /// The user's own flag.
    pub flag: i32,
    /// The properties in wire form.
    pub properties: String,
    /// How often the message was consumed and came back.
    pub reconsume_times: i32,
    /// Whether the client belongs to a unit.
    pub unit_mode: bool,
    /// Whether the body is a batch.
    pub batch: bool,
    /// The broker, empty when not named.
    pub broker_name: String,
    /// The namespace that leaves names alone, empty when not named.
    pub namespace: String,
}

impl OwnedSend {
    pub(super) fn read(command: &Command, names: &Names) -> Result<Self, DecodeError> {
        let text = |name| required(command, name).map(str::to_owned);
        let optional = |name| command.ext(name).unwrap_or_default().to_owned();
        let boolean = |name| command.ext(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            group: text(names.group)?,
            topic: text(names.topic)?,
            default_topic: text(names.default_topic)?,
            default_queues: number(command, names.default_queues)?,
            queue_id: number(command, names.queue_id)?,
            sys_flag: number(command, names.sys_flag)?,
            born_ms: number(command, names.born_ms)?,
            flag: number(command, names.flag)?,
            properties: optional(names.properties),
            reconsume_times: match command.ext(names.reconsume_times) {
                Some(_) => number(command, names.reconsume_times)?,
                None => 0,
            },
            unit_mode: boolean(names.unit_mode),
            batch: boolean(names.batch),
            broker_name: optional(names.broker_name),
            namespace: optional(NAMESPACE),
        })
    }
}

fn number<T: FromStr>(command: &Command, name: &'static str) -> Result<T, DecodeError> {
    required(command, name)?.parse().map_err(|_| DecodeError::Number(name))
}
