//! UNREGISTER_CLIENT: a producer group leaves a broker. Sent at shutdown to every broker the client knows.

use super::required;
use crate::DecodeError;
use crate::codes::request;
use crate::command::Command;

const CLIENT_ID: &str = "clientID";
const PRODUCER_GROUP: &str = "producerGroup";

/// Takes `group` of `client_id` off the broker's list.
#[must_use]
pub fn request(client_id: &str, group: &str) -> Command {
    Command::request(request::UNREGISTER_CLIENT).with(CLIENT_ID, client_id).with(PRODUCER_GROUP, group)
}

/// Who leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unregister {
    /// The client.
    pub client_id: String,
    /// Its producer group; a consumer that leaves names none.
    pub group: Option<String>,
}

/// The server's side of [`request`].
pub fn decode(command: &Command) -> Result<Unregister, DecodeError> {
    Ok(Unregister {
        client_id: required(command, CLIENT_ID)?.to_owned(),
        group: command.ext(PRODUCER_GROUP).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, request};
    use crate::DecodeError;
    use crate::command::Command;

    #[test]
    fn is_read_as_it_was_written() {
        let read = decode(&request("10.0.0.9@1", "PG")).unwrap();
        assert_eq!((read.client_id.as_str(), read.group.as_deref()), ("10.0.0.9@1", Some("PG")));
        assert_eq!(decode(&Command::request(35)), Err(DecodeError::Missing("clientID")));
    }
}
