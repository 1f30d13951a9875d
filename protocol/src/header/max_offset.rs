//! GET_MAX_OFFSET: the offset that a queue's next message gets. Here only to see whether a broker answers.

use crate::codes::request;
use crate::command::Command;

/// Asks for the next offset of queue `queue_id` of `topic`.
#[must_use]
pub fn request(topic: &str, queue_id: i32) -> Command {
    Command::request(request::GET_MAX_OFFSET).with("topic", topic).with("queueId", queue_id)
}
