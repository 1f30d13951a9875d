//! GET_ROUTEINFO_BY_TOPIC: where a topic's queues are. Name servers only. The answer's body is [`crate::route`]'s.

use crate::codes::request;
use crate::command::Command;

/// The field that names the topic.
pub const TOPIC: &str = "topic";

/// The field that asks for proper JSON; name servers know it from 4.9.4 on, older ones ignore it.
pub const ACCEPT_STANDARD_JSON_ONLY: &str = "acceptStandardJsonOnly";

/// Asks for the route of `topic`.
#[must_use]
pub fn request(topic: &str) -> Command {
    Command::request(request::GET_ROUTEINFO_BY_TOPIC).with(TOPIC, topic).with(ACCEPT_STANDARD_JSON_ONLY, true)
}
