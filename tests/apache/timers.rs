//! When delayed and timer messages are delivered.

use std::time::Duration;

use crate::apache::{Arrived, Filter, Listener, Options, Version};
use crate::raw::{self, Raw, now_ms};
use crate::{shared, start, tell, turn};

const TOPIC: &str = "timers";
const DELAY_MS: i64 = 1500;
/// A slow machine may be late by this much; none is early by more than the precision of timers.
const LATE_MS: i64 = 3_000;
const PRECISION_MS: i64 = 100;

/// Brokers of 4.x know nothing of timers and deliver at once. They know delay levels.
#[test]
fn timers_are_kept_by_5_5_0_and_delivered_at_once_by_4_x() {
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let consumer = apache.subscribe(TOPIC, Listener::Concurrent, Filter::Tag("*"));
        let mut broker = Raw::to_broker(apache, TOPIC);
        // A consumer asks now and then for the first message of a queue, and is told at once of all others.
        let first = raw::wire(&[("UNIQ_KEY", &raw::id(0))]);
        assert_eq!(broker.ask(raw::message(TOPIC, &first, b"first")).code, 0);
        consumer.collect(1, Duration::from_secs(20));
        let sent = now_ms();
        let (deliver, past) = ((sent + DELAY_MS).to_string(), (sent - DELAY_MS).to_string());
        let mut handles = Vec::new();
        for (name, value) in [
            ("TIMER_DELAY_MS", DELAY_MS.to_string().as_str()),
            ("TIMER_DELIVER_MS", &deliver),
            ("TIMER_DELAY_SEC", "2"),
            ("DELAY", "1"),
            ("TIMER_DELIVER_MS", &past),
        ] {
            let properties = raw::wire(&[("UNIQ_KEY", &raw::id(1)), ("WAIT", "true"), (name, value)]);
            let answer = broker.ask(raw::message(TOPIC, &properties, format!("{name}={value}").as_bytes()));
            assert_eq!(answer.code, 0, "{version:?}, {name}={value}: {:?}", answer.remark);
            handles.push(answer.ext("recallHandle").is_some());
        }
        let arrived = consumer.collect(6, Duration::from_secs(20));
        let after = |body: &str| after_ms(&arrived, body, sent);
        let told = [
            after(&format!("TIMER_DELAY_MS={DELAY_MS}")),
            after(&format!("TIMER_DELIVER_MS={deliver}")),
            after("TIMER_DELAY_SEC=2"),
            after("DELAY=1"),
            after(&format!("TIMER_DELIVER_MS={past}")),
        ];
        let timers = version == Version::V5_5_0;
        assert_eq!(handles, [timers, timers, timers, false, false], "{version:?}");
        let due = if timers { [DELAY_MS, DELAY_MS, 2000, 1000, 0] } else { [0, 0, 0, 1000, 0] };
        for (after, due) in told.into_iter().zip(due) {
            // At once must be told from late.
            let most = if due == 0 { DELAY_MS - PRECISION_MS } else { due + LATE_MS };
            assert!((due - PRECISION_MS..most).contains(&after), "{version:?}: {told:?}, due {due:?}");
        }
        tell(version, "timers", &format!("1500 ms, at +1500 ms, 2 s, level 1, past: after {told:?} ms"));
    }
}

/// What a 5.5.0 broker refuses, 4.x takes for an ordinary property.
#[test]
fn timers_too_far_away_or_malformed_are_refused_by_5_5_0_only() {
    const FAR_MS: i64 = 3 * 24 * 3600 * 1000;
    const REMARK: &str = "timer message illegal, the delay time should not be bigger than the max delay 259200000ms; \
                          or if set del msg, the delay time should be bigger than the current time";
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("far", 1);
        let mut broker = Raw::to_broker(apache, "far");
        let far = (now_ms() + FAR_MS + 60_000).to_string();
        for (name, value) in [
            ("TIMER_DELIVER_MS", far.as_str()),
            ("TIMER_DELAY_MS", &(FAR_MS + 1).to_string()),
            ("TIMER_DELAY_SEC", &(FAR_MS / 1000 + 1).to_string()),
            ("TIMER_DELAY_MS", "soon"),
        ] {
            let answer = broker.ask(raw::message("far", &raw::wire(&[(name, value)]), b"far"));
            let expected = if version == Version::V5_5_0 { (13, Some(REMARK)) } else { (0, None) };
            assert_eq!((answer.code, answer.remark.as_deref()), expected, "{version:?}, {name}={value}");
        }
        let longest = raw::wire(&[("TIMER_DELAY_MS", &FAR_MS.to_string())]);
        assert_eq!(broker.ask(raw::message("far", &longest, b"three days")).code, 0, "{version:?}");
    }
}

/// Timers are per message: one in the header of a batch is taken, its records are never delivered, and no timer of that
/// broker is any more. No client may send it.
#[test]
#[ignore = "part of `make test-apache`"]
fn a_timer_in_the_header_of_a_batch_stops_all_timers_of_a_5_5_0_broker() {
    let apache = start(Version::V5_5_0, Options::default());
    let _turn = turn();
    for topic in ["stopped", "batch", "alive"] {
        apache.create_topic(topic, 1);
    }
    let mut broker = Raw::to_broker(&apache, "stopped");
    let timer = raw::wire(&[("UNIQ_KEY", &raw::id(1)), ("WAIT", "true"), ("TIMER_DELAY_MS", "1000")]);
    assert_eq!(broker.ask(raw::message("stopped", &timer, b"before")).code, 0);
    assert_eq!(apache.read("stopped", 1, Duration::from_secs(20)).len(), 1, "a timer before");
    let record = raw::record(&raw::wire(&[("UNIQ_KEY", &raw::id(2))]), b"record");
    assert_eq!(broker.ask(raw::batch("batch", &timer, &record)).code, 0);
    assert_eq!(broker.ask(raw::message("stopped", &timer, b"after")).code, 0);
    std::thread::sleep(Duration::from_secs(5));
    let plain = raw::wire(&[("UNIQ_KEY", &raw::id(3))]);
    assert_eq!(broker.ask(raw::message("alive", &plain, b"plain")).code, 0);
    assert_eq!(apache.read("alive", 1, Duration::from_secs(20)).len(), 1, "what has no timer is delivered");
    assert_eq!(apache.read("stopped", 0, Duration::ZERO).len(), 1, "no timer after");
    apache.kill("broker-a");
    apache.restart("broker-a");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(apache.read("stopped", 0, Duration::ZERO).len(), 1, "nor after a restart");
    assert_eq!(apache.read("batch", 0, Duration::ZERO).len(), 0, "nor the batch");
}

fn after_ms(arrived: &[Arrived], body: &str, sent: i64) -> i64 {
    let found = arrived.iter().find(|message| message.body == body.as_bytes());
    found.unwrap_or_else(|| panic!("{body} has not arrived: {arrived:?}")).arrival_ms - sent
}
