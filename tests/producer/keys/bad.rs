//! Values that make no sense, for every key: an error that names key and value, or one of the acceptances listed here.

use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Config, Key, keys};

const EMPTY: &str = "";
const WORD: &str = "no-number";
const NEGATIVE: &str = "-1";
const HUGE: &str = "99999999999999999999999999999999999999999";
const BLANKS: &str = "1 2";
const CONTROL: &str = "1\u{1}2";
const ESCAPE: &str = "\u{1b}[2J";
const WIDE: &str = "１２";
const BAD: &[&str] =
    &[EMPTY, WORD, NEGATIVE, HUGE, BLANKS, CONTROL, ESCAPE, WIDE, "%s%n", "\u{7f}", "1e3", "0x10", "+"];

/// What keys of these take of it, since it is as good a name as any.
const TAKEN: &[(&[&str], &[&str])] = &[
    (&["producer.group", "topic.auto.create.key"], &[WORD, NEGATIVE, HUGE, "%s%n", "1e3", "0x10"]),
    (&["instance.name", "client.ip", "unit.name"], &[WORD, NEGATIVE, HUGE, WIDE, "%s%n", "1e3", "0x10", "+"]),
    (&["namesrv.domain"], &[WORD, NEGATIVE, HUGE, WIDE, "%s%n", "1e3", "0x10"]),
    (&["namesrv.subgroup"], &[WORD, NEGATIVE, HUGE, WIDE, "%s%n", "1e3", "0x10", "+"]),
    (&["namespace", "namespace.v2"], &[WORD, NEGATIVE, HUGE, "1e3", "0x10"]),
    // No code, and one that no broker answers with.
    (&["send.retry.codes"], &[EMPTY, NEGATIVE]),
];

fn name(key: &Key) -> &'static str {
    key.name.to_str().unwrap()
}

fn takes(key: &str, value: &str) -> bool {
    TAKEN.iter().any(|(keys, values)| keys.contains(&key) && values.contains(&value))
}

#[test]
fn a_value_that_makes_no_sense_is_refused_with_the_key_and_changes_nothing() {
    let long = "x".repeat(1 << 20);
    for key in keys().iter().map(name) {
        for value in BAD.iter().copied().chain([&*long]) {
            let mut config = Config::new();
            let default = config.get(key).unwrap();
            match config.set(key, Some(value)) {
                Ok(()) => {
                    assert!(takes(key, value), "{key} takes {value:?}");
                    assert_eq!(config.get(key).unwrap(), value);
                }
                Err(error) => {
                    assert!(!takes(key, value), "{error}");
                    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
                    assert!(error.to_string().starts_with(&format!("{key}: ")), "{error}");
                    assert!(
                        value.len() > 100 || error.to_string().contains(&format!("{value:?}")),
                        "{error}"
                    );
                    assert!(error.to_string().len() < 1000, "a sentence, whatever the value");
                    assert_eq!(config.get(key).unwrap(), default);
                }
            }
        }
    }
}

#[test]
fn blanks_around_a_value_are_dropped() {
    for key in keys() {
        let default = key.default.to_str().unwrap();
        let value = if default.is_empty() { "h:1" } else { default };
        let mut config = Config::new();
        if config.set(name(key), Some(value)).is_ok() {
            config.set(name(key), Some(&format!(" \t{value}\n"))).unwrap();
            assert_eq!(config.get(name(key)).unwrap(), value, "{}", name(key));
        }
    }
}

#[test]
fn numbers_are_refused_beside_their_limits() {
    for key in keys().iter().filter(|key| ["int", "bytes", "duration"].contains(&key.kind.to_str().unwrap()))
    {
        let mut config = Config::new();
        let refusal = config.set(name(key), Some(HUGE.split_at(18).0)).err();
        let Some(refusal) = refusal.map(|error| error.to_string()) else {
            let free = ["inflight.max.bytes", "batch.total.max.bytes"];
            assert!(free.contains(&name(key)), "{} has no limit", name(key));
            continue;
        };
        // "it must be from A to B"
        let limits = refusal.rsplit_once("from ").unwrap().1.split_once(" to ").unwrap();
        let (least, most): (i64, i64) = (limits.0.parse().unwrap(), limits.1.parse().unwrap());
        for (value, fits) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
            assert_eq!(
                config.set(name(key), Some(&value.to_string())).is_ok(),
                fits,
                "{} {value}",
                name(key)
            );
        }
    }
}
