//! Tests of the scanner; serde_json is the judge of what is JSON.

use super::{DEPTH_MAX, Kind, Scanner, Value};
use crate::DecodeError;
use proptest::prelude::*;

fn whole(input: &[u8]) -> Result<Value<'_>, DecodeError> {
    let mut scanner = Scanner::new(input);
    let value = scanner.value()?;
    scanner.end()?;
    Ok(value)
}

#[test]
fn values_are_pieces_of_the_input() {
    let piece = |input| whole(input).map(|value: Value<'_>| (value.kind, value.raw));
    assert_eq!(piece(b" null "), Ok((Kind::Null, &b"null"[..])));
    assert_eq!(piece(b"true"), Ok((Kind::Bare, &b"true"[..])));
    assert_eq!(piece(b"-1.5e+3"), Ok((Kind::Bare, &b"-1.5e+3"[..])));
    assert_eq!(piece(br#" {"a": [1, {}] } "#), Ok((Kind::Nested, &br#"{"a": [1, {}] }"#[..])));
    assert_eq!(piece(br#""a\n""#), Ok((Kind::Escaped, &br"a\n"[..])));
    assert_eq!(whole(br#""plain""#).unwrap().text().unwrap(), "plain");
    assert_eq!(whole(b"\"12\"").unwrap().i32("n"), Ok(Some(12)));
    assert_eq!(whole(b"12").unwrap().i32("n"), Ok(Some(12)));
    assert_eq!(whole(b"1.5").unwrap().i32("n"), Err(DecodeError::Number("n")));
    assert_eq!(whole(b"2147483648").unwrap().i32("n"), Err(DecodeError::Number("n")));
}

#[test]
fn escapes_are_replaced_and_halves_of_pairs_repaired() {
    for (input, expected) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0001\u00e9\u676d""#, "\u{1}é杭"),
        (r#""\ud83d\ude00!""#, "😀!"),
        (r#""\ud83d""#, "\u{FFFD}"),
        (r#""\ude00""#, "\u{FFFD}"),
        (r#""\ud83d\u0041""#, "\u{FFFD}A"),
        (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
    ] {
        assert_eq!(whole(input.as_bytes()).unwrap().text().unwrap(), expected, "{input}");
    }
    assert_eq!(whole(b"\"a\xFFb\\n\xC3\"").unwrap().text().unwrap(), "a\u{FFFD}b\n\u{FFFD}");
    assert_eq!(whole(b"\"a\xFFb\"").unwrap().text().unwrap(), "a\u{FFFD}b");
}

#[test]
fn what_is_not_json_is_refused_where_it_goes_wrong() {
    for input in [
        "",
        " ",
        "{",
        "}",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{"a":1"#,
        r#"""#,
        r#""\"#,
        r#""\x""#,
        r#""\u12"#,
        r#""\u12g4""#,
        "nul",
        "nulL",
        "tru",
        "1.",
        ".5",
        "-",
        "1e",
        "1e+",
        "--1",
        "0x10",
        "1 2",
        "{} {}",
        "Infinity",
        "NaN",
        "'a'",
    ] {
        assert!(matches!(whole(input.as_bytes()), Err(DecodeError::Json)), "{input}");
    }
    assert_eq!(whole(br#"{"a":1]"#).unwrap_err(), DecodeError::Json);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
    assert!(whole(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(whole(&nested(DEPTH_MAX + 1)).unwrap_err(), DecodeError::TooDeep);
    assert_eq!(whole("[{\"a\":".repeat(100_000).as_bytes()).unwrap_err(), DecodeError::TooDeep);
}

#[test]
fn depth_is_given_back() {
    let input = format!("[{}]", vec!["[[]]"; 100].join(","));
    assert!(whole(input.as_bytes()).is_ok());
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<String>().prop_map(|value| serde_json::to_string(&value).unwrap()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[ {} ]", items.join(" ,"))),
            proptest::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| {
                let members =
                    members.iter().map(|(k, v)| format!("{}: {v}", serde_json::to_string(k).unwrap()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(",\n"))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn accepts_all_json(input in json()) {
        prop_assert!(whole(input.as_bytes()).is_ok(), "{input}");
    }

    #[test]
    fn accepts_nothing_another_reader_refuses(input in "[\\[\\]{}:,\"\\\\0-9a-u. eE+-]{0,24}") {
        // Leading zeros are the one liberty taken.
        let has_leading_zero = input.contains('0');
        if whole(input.as_bytes()).is_ok() && !has_leading_zero {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&input).is_ok(), "{input}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = whole(&input).map(|value| value.text().map(|text| text.len()));
    }

    #[test]
    fn text_is_what_another_reader_sees(text in any::<String>()) {
        let literal = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(whole(literal.as_bytes()).unwrap().text().unwrap(), text);
    }
}
