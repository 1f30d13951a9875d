//! What a message must be to be sent: RocketMQ's limits, each refusal with the value and the reason.

use protocol::message::name::{self, NameError};
use protocol::message::properties::PROPERTIES_BYTES_RECOMMENDED;

use crate::error::{Error, ErrorKind};
use crate::producer::config::Settings;
use crate::producer::message::Message;

/// Bytes that every send adds to the properties: the unique id and WAIT.
const ADDED_BYTES: usize = 96;

/// Refuses a message that no broker takes.
pub(crate) fn check(message: &Message, settings: &Settings) -> Result<(), Error> {
    let topic = message.topic().as_str();
    if let Err(error) = name::check_topic(topic) {
        let why = match error {
            NameError::Reserved => "it is RocketMQ's own".to_owned(),
            other => other.to_string(),
        };
        return Err(Error::new(ErrorKind::InvalidTopic, format!("the topic {topic:?}: {why}")));
    }
    let body = message.body().len();
    if body == 0 {
        return Err(Error::new(ErrorKind::EmptyBody, format!("the message for {topic} has no body")));
    }
    let most = settings.body_bytes_max.min(settings.in_flight_bytes_max);
    if body > most {
        let key = if most == settings.body_bytes_max { "message.max.bytes" } else { "inflight.max.bytes" };
        return Err(Error::new(
            ErrorKind::MessageTooLarge,
            format!("the body for {topic} has {body} bytes, {key} allows {most}"),
        ));
    }
    let properties = message.wire_properties().len();
    if properties + ADDED_BYTES > PROPERTIES_BYTES_RECOMMENDED {
        return Err(Error::new(
            ErrorKind::MessageTooLarge,
            format!(
                "the properties for {topic} have {properties} bytes, brokers take {}",
                PROPERTIES_BYTES_RECOMMENDED - ADDED_BYTES
            ),
        ));
    }
    Ok(())
}
