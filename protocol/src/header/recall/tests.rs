//! Tests of recalls and their handles.

use super::{Recall, RecallHandle, answer, decode, message_id, request};
use crate::command::Command;
use crate::{DecodeError, base64};

#[test]
fn is_read_as_it_was_written() {
    let command = request("PG", "T", "djE=", "broker-a");
    assert_eq!((command.code, command.ext("bname")), (370, Some("broker-a")));
    let read = decode(&command).unwrap();
    let expected = Recall { group: Some("PG".to_owned()), topic: "T".to_owned(), handle: "djE=".to_owned() };
    assert_eq!(read, expected);
    for (missing, rest) in [("topic", "recallHandle"), ("recallHandle", "topic")] {
        let command = Command::request(370).with(rest, "x");
        assert_eq!(decode(&command), Err(DecodeError::Missing(missing)));
    }
    assert_eq!(message_id(&answer(Command::response(0, 1), "ID")), Ok("ID"));
    assert_eq!(message_id(&Command::response(0, 1)), Err(DecodeError::Missing("msgId")));
}

fn handle(text: &str) -> Result<RecallHandle, DecodeError> {
    base64::encode(text.as_bytes()).parse()
}

#[test]
fn a_handle_says_where_the_message_is() {
    let expected = RecallHandle {
        topic: "NS%T".to_owned(),
        broker_name: "broker-a".to_owned(),
        deliver_ms: i64::MAX,
        unique_id: "ID".to_owned(),
    };
    let text = "v1 NS%T broker-a 9223372036854775807 ID";
    for text in [text, &format!("{text} "), &format!("{text} more  of it")] {
        assert_eq!(handle(text).as_ref(), Ok(&expected), "{text}");
    }
    assert_eq!(expected.to_string(), base64::encode(text.as_bytes()));
    let bare = expected.to_string();
    assert_eq!(bare.trim_end_matches('=').parse(), Ok(expected), "padding may be left out");
}

#[test]
fn what_is_no_handle_is_refused_with_the_reason() {
    let base64 = "it is not URL-safe base64";
    let version = "it is not of version v1";
    let parts = "topic, broker, time and id do not all stand in it";
    let time = "its time is no time";
    for (text, reason) in
        [("+/==", base64), ("a", base64), ("é", base64), ("dj Eg", base64), ("", version), ("djE", parts)]
    {
        assert_eq!(text.parse::<RecallHandle>(), Err(DecodeError::RecallHandle(reason)), "{text}");
    }
    for (text, reason) in [
        ("v2 T b 1 ID", version),
        (" v1 T b 1 ID", version),
        ("v1", parts),
        ("v1 T b 1", parts),
        ("v1 T b 1 ", parts),
        ("v1  b 1 ID", parts),
        ("v1 T  1 ID", parts),
        ("v1 T b soon ID", time),
        ("v1 T b -1 ID", time),
        ("v1 T b 9223372036854775808 ID", time),
        ("v1\tT b 1 ID", version),
    ] {
        assert_eq!(handle(text), Err(DecodeError::RecallHandle(reason)), "{text}");
    }
    let no_text = base64::encode(b"v1 \xFF b 1 ID").parse::<RecallHandle>();
    assert_eq!(no_text, Err(DecodeError::RecallHandle("it holds no text")));
    assert_eq!(no_text.unwrap_err().to_string(), "not a recall handle: it holds no text");
}

#[test]
fn a_handle_cut_or_damaged_anywhere_is_read_or_refused() {
    let whole =
        handle("v1 TopicTest broker-a 1700000060000 0A00000904D218B4AAC22A3E5F000000").unwrap().to_string();
    for end in 0..whole.len() {
        let cut = whole[..end].parse::<RecallHandle>();
        assert!(cut.is_ok() == (end > 49 && end % 4 != 1 && !whole[..end].contains('=')), "{end} {cut:?}");
        for bit in 0..7 {
            let mut damaged = whole.clone().into_bytes();
            damaged[end] ^= 1 << bit;
            let _ = String::from_utf8(damaged).unwrap().parse::<RecallHandle>();
        }
    }
}
