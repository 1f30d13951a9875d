//! Tests of properties.

use super::{append, get, is_reserved, iter, names};

#[test]
fn reads_with_and_without_the_last_separator() {
    for wire in ["a\u{1}1\u{2}b\u{1}2\u{2}", "a\u{1}1\u{2}b\u{1}2"] {
        assert_eq!(iter(wire).collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    }
    assert_eq!(iter("").count(), 0);
}

#[test]
fn drops_what_newer_readers_drop() {
    let wire = "\u{2}a\u{2}\u{1}v\u{2}n\u{1}\u{2}\u{1}\u{2}x\u{1}y\u{1}z\u{2}";
    assert_eq!(iter(wire).collect::<Vec<_>>(), [("x", "y\u{1}z")]);
}

#[test]
fn the_last_of_several_wins() {
    let mut wire = String::new();
    for (name, value) in [("a", "1"), ("aa", "2"), ("a", "3")] {
        append(&mut wire, name, value);
    }
    assert_eq!((get(&wire, "a"), get(&wire, "aa"), get(&wire, "b")), (Some("3"), Some("2"), None));
}

#[test]
fn reserved_names_are_those_a_user_must_not_set() {
    for name in [
        "KEYS",
        "UNIQ_KEY",
        "1ST_POP_TIME",
        "__CRC32#",
        "TRAN_PREPARED_QUEUE_OFFSET",
        "TRANSACTION_CHECK_TIMES",
        "DELAY",
        "TIMER_DELAY_SEC",
        "TIMER_DELAY_MS",
        "TIMER_DELIVER_MS",
    ] {
        assert!(is_reserved(name), "{name}");
    }
    assert!(is_reserved("__RMQ.TRANSIENT.") && is_reserved("__RMQ.TRANSIENT.X"));
    for name in [
        names::SHARDING_KEY,
        names::INNER_MULTI_DISPATCH,
        names::CHECK_IMMUNITY_TIME_IN_SECONDS,
        "TRACE_CONTEXT",
        "REDIRECT",
        "PROPERTY_FORWARD_QUEUE_ID",
        "__STARTDELIVERTIME",
        "keys",
        "KEYS ",
        "city",
        "",
    ] {
        assert!(!is_reserved(name), "{name}");
    }
}

#[test]
fn reserved_names_are_listed_once() {
    let mut sorted = names::RESERVED.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names::RESERVED.len());
}
