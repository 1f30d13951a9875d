//! Tests of commands; round trips of anything are in `tests/roundtrip.rs`.

use super::{Command, Head};
use crate::codes::Language;
use crate::frame::{Frame, HeaderFormat, decode};
use crate::{DecodeError, EncodeError};

fn frame(format: HeaderFormat, header: &[u8]) -> Frame<'_> {
    Frame { format, header, body: b"", len: header.len() + 8 }
}

fn json(header: &str) -> Result<Command, DecodeError> {
    Command::decode(&frame(HeaderFormat::Json, header.as_bytes()))
}

#[test]
fn the_least_that_java_accepts_is_accepted() {
    let command = json(r#"{"code":310,"opaque":7,"extFields":{"a":"g"}}"#).unwrap();
    assert_eq!((command.code, command.opaque, command.flag, command.version), (310, 7, 0, 0));
    assert_eq!(
        (command.language, command.remark.as_deref(), command.ext("a")),
        (Language::Java, None, Some("g"))
    );
}

#[test]
fn what_servers_get_wrong_is_tolerated() {
    let command = json(
        r#" { "flag" : 1, "unknown":{"a":[1,{"b":null}]}, "language":"cobol", "code":"0", "remark":null,
            "version":null, "opaque":-2, "extFields":{"n":12,"b":true,"f":1.5,"nil":null,"o":{"x":[1]},"k":"1","k":"2"},
            "serializeTypeCurrentRPC":"JSON" } "#,
    )
    .unwrap();
    assert_eq!((command.code, command.opaque, command.version), (0, -2, 0));
    assert!(command.is_response() && !command.is_oneway());
    assert_eq!(command.language, Language::Unknown);
    assert_eq!(command.remark, None);
    let read = ["n", "b", "f", "nil", "o", "k", "none"].map(|name| command.ext(name));
    assert_eq!(read, [Some("12"), Some("true"), Some("1.5"), None, Some(r#"{"x":[1]}"#), Some("2"), None]);
}

#[test]
fn languages_come_in_any_shape() {
    for (written, language) in [
        (r#""JAVA""#, Language::Java),
        (r#""gO""#, Language::Go),
        ("12", Language::Rust),
        (r#""13""#, Language::NodeJs),
        ("999", Language::Unknown),
        ("-1", Language::Unknown),
        ("null", Language::Unknown),
        ("{}", Language::Unknown),
    ] {
        let command = json(&format!(r#"{{"code":0,"opaque":0,"language":{written}}}"#)).unwrap();
        assert_eq!(command.language, language, "{written}");
    }
}

#[test]
fn empty_and_missing_fields_are_no_fields() {
    for ext in ["", r#","extFields":{}"#, r#","extFields":null"#, r#","extFields": { } "#] {
        let command = json(&format!(r#"{{"code":0,"opaque":1{ext}}}"#)).unwrap();
        assert!(command.ext.is_empty(), "{ext}");
    }
}

#[test]
fn an_answer_without_number_or_code_is_refused() {
    assert_eq!(json(r#"{"opaque":1}"#), Err(DecodeError::Missing("code")));
    assert_eq!(json(r#"{"code":0}"#), Err(DecodeError::Missing("opaque")));
    assert_eq!(json(r#"{"code":0,"opaque":null}"#), Err(DecodeError::Missing("opaque")));
    assert_eq!(json(r#"{"code":0,"opaque":2147483648}"#), Err(DecodeError::Number("opaque")));
    assert_eq!(json(r#"{"code":true,"opaque":1}"#), Err(DecodeError::Number("code")));
}

#[test]
fn malformed_json_is_refused_wherever_it_is() {
    for header in [
        "",
        "[]",
        r#"{"code":0,"opaque":1"#,
        r#"{"code":0,"opaque":1}x"#,
        r#"{"code":0,"opaque":1,"extFields":[]}"#,
        r#"{"code":0,"opaque":1,"extFields":{"a":}}"#,
        r#"{"code":0,"opaque":1,"extFields":{0:"a"}}"#,
        r#"{"code":0,"opaque":1,"remark":"\q"}"#,
    ] {
        assert!(matches!(json(header), Err(DecodeError::Json)), "{header}");
    }
    let deep = format!(r#"{{"code":0,"opaque":1,"extFields":{{"a":{}"#, "[".repeat(1 << 16));
    assert_eq!(json(&deep), Err(DecodeError::TooDeep));
}

#[test]
fn names_with_escapes_are_names() {
    let command = json(r#"{"\u0063ode":5,"opaque":1,"ext\u0046ields":{"\u006d":"\ud83d\ude00"}}"#).unwrap();
    assert_eq!((command.code, command.ext("m")), (5, Some("😀")));
}

#[test]
fn text_that_is_not_utf8_is_repaired() {
    let header = b"{\"code\":0,\"opaque\":1,\"remark\":\"a\xFF\",\"extFields\":{\"k\xFF\":\"\xC3\\n\"}}";
    let command = Command::decode(&frame(HeaderFormat::Json, header)).unwrap();
    assert_eq!(command.remark.as_deref(), Some("a\u{FFFD}"));
    assert_eq!(command.ext("k\u{FFFD}"), Some("\u{FFFD}\n"));
}

#[test]
fn a_head_borrows_from_its_frame() {
    let header = br#"{"code":0,"opaque":1,"remark":"plain","extFields":{"a":"b","c":"\n"}}"#;
    let head = Head::read(&frame(HeaderFormat::Json, header)).unwrap();
    let borrowed = |text: &std::borrow::Cow<'_, str>| matches!(text, std::borrow::Cow::Borrowed(_));
    assert!(borrowed(head.remark.as_ref().unwrap()));
    let ext: Vec<_> = head.ext().map(|(name, value)| (borrowed(&name), borrowed(&value))).collect();
    assert_eq!(ext, [(true, true), (true, false)]);
}

fn binary(change: impl FnOnce(&mut Vec<u8>)) -> Result<Command, DecodeError> {
    let mut out = Vec::new();
    let command = Command::request(310).with("name", "value").with_remark("why");
    command.encode(HeaderFormat::RocketMq, &mut out).unwrap();
    let mut header = out.split_off(8);
    change(&mut header);
    Command::decode(&frame(HeaderFormat::RocketMq, &header))
}

/// Where the lengths lie in what [`binary`] writes: remark, fields, name, value.
const REMARK: usize = 13;
const EXT: usize = 20;
const NAME: usize = 24;
const VALUE: usize = 30;

#[test]
fn hostile_lengths_in_a_binary_header_are_refused() {
    assert_eq!(binary(|_| {}).unwrap().ext("name"), Some("value"));
    for at in [REMARK, EXT, VALUE] {
        for length in [-1, i32::MIN, i32::MAX, 1_000, 10 - 21] {
            let read = binary(|header| header[at..at + 4].copy_from_slice(&i32::to_be_bytes(length)));
            assert_eq!(read, Err(DecodeError::BinaryHeader), "{length} at {at}");
        }
    }
    for length in [-1, i16::MIN, i16::MAX, 12] {
        let read = binary(|header| header[NAME..NAME + 2].copy_from_slice(&i16::to_be_bytes(length)));
        assert_eq!(read, Err(DecodeError::BinaryHeader), "{length}");
    }
    // The block of fields ends inside one.
    for length in 1..15 {
        let read = binary(|header| header[EXT..EXT + 4].copy_from_slice(&i32::to_be_bytes(length)));
        assert_eq!(read, Err(DecodeError::BinaryHeader), "{length}");
    }
}

#[test]
fn a_binary_header_cut_anywhere_is_refused_and_a_longer_one_read() {
    let whole = binary(|_| {}).unwrap();
    for end in 0..39 {
        assert_eq!(binary(|header| header.truncate(end)), Err(DecodeError::BinaryHeader), "{end}");
    }
    assert_eq!(binary(|header| header.extend_from_slice(b"more")), Ok(whole));
}

#[test]
fn binary_leaves_out_what_servers_would_read_as_null() {
    let command = Command::request(310).with("a", "").with("b", "x").with_remark("");
    let mut out = Vec::new();
    command.encode(HeaderFormat::RocketMq, &mut out).unwrap();
    let read = Command::decode(&decode(&out, out.len()).unwrap().unwrap()).unwrap();
    assert_eq!((read.ext, read.remark), (vec![("b".to_owned(), "x".to_owned())], None));
}

#[test]
fn what_cannot_be_written_leaves_no_trace() {
    let name = "n".repeat(32_768);
    for (command, error) in [
        (Command::request(200_050), EncodeError::Range { field: "code", value: 200_050 }),
        (
            Command { version: 40_000, ..Command::request(1) },
            EncodeError::Range { field: "version", value: 40_000 },
        ),
        (Command::request(1).with(&name, 1), EncodeError::NameTooLong),
    ] {
        let mut out = b"earlier".to_vec();
        assert_eq!(command.encode(HeaderFormat::RocketMq, &mut out), Err(error));
        assert_eq!(out, b"earlier");
        assert_eq!(command.encode(HeaderFormat::Json, &mut out), Ok(()));
    }
}

#[test]
fn negative_codes_exist_and_unknown_languages_go_out_as_other() {
    for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
        let command = Command { language: Language::Unknown, ..Command::response(-1006, -7) };
        let mut out = Vec::new();
        command.encode(format, &mut out).unwrap();
        let read = Command::decode(&decode(&out, out.len()).unwrap().unwrap()).unwrap();
        assert_eq!((read.code, read.opaque, read.language), (-1006, -7, Language::Other));
    }
}

#[test]
fn a_field_set_twice_is_there_once() {
    let command = Command::request(1).with("a", 1).with("b", true).with("a", "2").oneway();
    assert_eq!((command.ext.len(), command.ext("a"), command.ext("b")), (2, Some("2"), Some("true")));
    assert!(command.is_oneway() && !command.is_response());
}

#[test]
#[cfg_attr(miri, ignore = "16 MiB are slow there")]
fn a_body_too_long_for_a_frame_is_refused() {
    let mut out = b"earlier".to_vec();
    let command = Command::request(1).with_body(vec![0; crate::frame::FRAME_BYTES_MAX]);
    assert!(matches!(command.encode(HeaderFormat::Json, &mut out), Err(EncodeError::FrameTooLong { .. })));
    assert_eq!(out, b"earlier");
}
