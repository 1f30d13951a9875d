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
    if settings.namespace.is_some() || !message.topic_is_valid() {
        check_topic(message.topic().as_str(), settings)?;
    }
    let topic = message.topic();
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
    let properties = message.wire_properties().map_or(0, |wire| wire.len());
    let added = ADDED_BYTES + settings.namespace.as_ref().map_or(0, |namespace| namespace.property().len());
    if properties + added > PROPERTIES_BYTES_RECOMMENDED {
        return Err(Error::new(
            ErrorKind::MessageTooLarge,
            format!(
                "the properties for {topic} have {properties} bytes, brokers take {}",
                PROPERTIES_BYTES_RECOMMENDED - added
            ),
        ));
    }
    Ok(())
}

/// Refuses a topic that is none as brokers would see it.
fn check_topic(topic: &str, settings: &Settings) -> Result<(), Error> {
    let on_the_wire = settings.on_the_wire(topic);
    let Err(error) = name::check_topic(&on_the_wire) else { return Ok(()) };
    let why = match error {
        NameError::Reserved => "it is RocketMQ's own".to_owned(),
        other if *on_the_wire != *topic => format!("with the namespace, {other}"),
        other => other.to_string(),
    };
    Err(Error::new(ErrorKind::InvalidTopic, format!("the topic {topic:?}: {why}")))
}
