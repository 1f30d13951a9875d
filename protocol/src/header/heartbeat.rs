//! HEART_BEAT: tells a broker which producer groups live behind this connection. A broker sends transaction checks and
//! replies only to connections it has heard from, and forgets them after 120 s (`ProducerManager`).

use crate::DecodeError;
use crate::codes::request;
use crate::command::Command;
use crate::json::scan::Scanner;
use crate::json::write;

/// A heartbeat of `client_id` for its producer `groups`. The consumer set is there though empty: 4.7.0 brokers fail on
/// null. Fingerprint 0 keeps 5.x brokers on the first form of heartbeat, which is all a producer needs. Names are in
/// Java's order (`HeartbeatData`).
#[must_use]
pub fn request<'a>(client_id: &str, groups: impl Iterator<Item = &'a str>) -> Command {
    let mut body = b"{\"clientID\":".to_vec();
    write::string(&mut body, client_id);
    body.extend_from_slice(b",\"consumerDataSet\":[],\"heartbeatFingerprint\":0,\"producerDataSet\":[");
    for (index, group) in groups.enumerate() {
        body.extend_from_slice(if index == 0 { b"{\"groupName\":" } else { b",{\"groupName\":" });
        write::string(&mut body, group);
        body.push(b'}');
    }
    body.extend_from_slice(b"],\"withoutSub\":false}");
    Command::request(request::HEART_BEAT).with_body(body)
}

/// The server's side of [`request`]: the client's id and its producer groups.
pub fn parse(body: &[u8]) -> Result<(String, Vec<String>), DecodeError> {
    let mut client_id = None;
    let mut groups = Vec::new();
    let mut scanner = Scanner::new(body);
    scanner.members(|name, scanner| {
        match &*name.bytes() {
            b"clientID" => client_id = scanner.value()?.text(),
            b"producerDataSet" if !scanner.take_null() => {
                scanner.items(|scanner| {
                    groups.push(group_name(scanner)?);
                    Ok(())
                })?;
            }
            b"producerDataSet" => {}
            _ => drop(scanner.value()?),
        }
        Ok(())
    })?;
    scanner.end()?;
    Ok((client_id.ok_or(DecodeError::Missing("clientID"))?.into_owned(), groups))
}

fn group_name(scanner: &mut Scanner<'_>) -> Result<String, DecodeError> {
    let mut group = None;
    scanner.members(|name, scanner| {
        let value = scanner.value()?;
        if &*name.bytes() == b"groupName" {
            group = value.text();
        }
        Ok(())
    })?;
    Ok(group.ok_or(DecodeError::Missing("groupName"))?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{parse, request};
    use crate::DecodeError;

    #[test]
    fn is_read_as_it_was_written() {
        for groups in [vec![], vec!["PG"], vec!["PG_A", "PG \"B\"", "组"]] {
            let command = request("10.0.0.9@1#2", groups.iter().copied());
            let (client_id, read) = parse(&command.body).unwrap();
            assert_eq!(client_id, "10.0.0.9@1#2");
            assert_eq!(read, groups);
            assert!(serde_json::from_slice::<serde_json::Value>(&command.body).is_ok());
        }
    }

    #[test]
    fn tolerates_nulls_and_refuses_what_names_nobody() {
        assert_eq!(parse(br#"{"clientID":"c","producerDataSet":null}"#), Ok(("c".to_owned(), vec![])));
        assert_eq!(parse(br#"{"clientID":"c"}"#), Ok(("c".to_owned(), vec![])));
        assert_eq!(parse(b"{}"), Err(DecodeError::Missing("clientID")));
        let nameless = br#"{"clientID":"c","producerDataSet":[{}]}"#;
        assert_eq!(parse(nameless), Err(DecodeError::Missing("groupName")));
        assert!(parse(br#"{"clientID":"c","producerDataSet":[1]}"#).is_err());
    }
}
