//! Tests of the repair; scanner and writer have theirs beside them.

use super::quote_integer_keys;
use std::borrow::Cow;

fn repaired(text: &str) -> String {
    String::from_utf8(quote_integer_keys(text.as_bytes()).into_owned()).unwrap()
}

#[test]
fn quotes_integer_keys_and_nothing_else() {
    for (input, expected) in [
        (r#"{0:"a",1:"b"}"#, r#"{"0":"a","1":"b"}"#),
        (r#"{-1:0}"#, r#"{"-1":0}"#),
        (r#"{ 10 : {11:12} , 13:[14, 15] }"#, r#"{ "10" : {"11":12} , "13":[14, 15] }"#),
        (r#"[1,2,-3]"#, r#"[1,2,-3]"#),
        (r#"{"a":"{0:1}","b":"\",1:\\"}"#, r#"{"a":"{0:1}","b":"\",1:\\"}"#),
        (r#"{"a\\":1,2:3}"#, r#"{"a\\":1,"2":3}"#),
        ("{1.5:2}", "{1.5:2}"),
        ("{-:2}", "{-:2}"),
        ("{12", "{12"),
        (r#"{"unfinished"#, r#"{"unfinished"#),
        (r#"{"unfinished\"#, r#"{"unfinished\"#),
        ("", ""),
    ] {
        assert_eq!(repaired(input), expected);
    }
}

#[test]
fn copies_nothing_when_nothing_is_wrong() {
    assert!(matches!(quote_integer_keys(br#"{"0":"a","b":[1,2]}"#), Cow::Borrowed(_)));
}

#[test]
fn is_idempotent() {
    let once = repaired(r#"{0:{1:2,"3":4},5 :6}"#);
    assert_eq!(repaired(&once), once);
    assert!(serde_json::from_str::<serde_json::Value>(&once).is_ok());
}
