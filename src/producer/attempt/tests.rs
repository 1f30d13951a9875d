use std::time::Duration;

use super::*;
use crate::client::address::Address;
use crate::producer::config::Config;

fn settings(values: &[(&str, &str)]) -> Settings {
    let mut config = Config::new();
    config.set("namesrv.addr", Some("ns:9876")).unwrap();
    config.set("producer.group", Some("G")).unwrap();
    for (key, value) in values {
        config.set(key, Some(value)).unwrap();
    }
    Settings::read(&config).unwrap()
}

fn address() -> Address {
    Address::parse("broker:10911").unwrap()
}

fn refused(code: i32) -> Failure {
    Failure::Refused { code, remark: String::new() }
}

fn timeout(sent: bool) -> Failure {
    Failure::Call(CallError::Timeout { address: address(), sent })
}

#[test]
fn refusals_are_retried_by_their_code() {
    let default = settings(&[]);
    for code in [1, 2, 14, 16, 17, 204, 205, 1500] {
        assert!(refused(code).may_be_retried(&default), "{code}");
    }
    for code in [13, 215, 3] {
        assert!(!refused(code).may_be_retried(&default), "{code}");
    }
    assert!(refused(215).may_be_retried(&settings(&[("send.retry.codes", "215")])));
}

#[test]
fn an_unknown_outcome_is_retried_only_when_duplicates_are_allowed() {
    let once = settings(&[("send.retry.unknown", "false")]);
    assert!(timeout(true).may_be_retried(&settings(&[])));
    assert!(!timeout(true).may_be_retried(&once));
    assert!(timeout(false).may_be_retried(&once), "nothing was sent: no duplicate");
}

#[test]
fn what_may_be_stored_is_never_called_refused() {
    assert_eq!(timeout(true).outcome(), Outcome::Unknown);
    assert_eq!(timeout(false).outcome(), Outcome::NotSent);
    assert_eq!(refused(1).outcome(), Outcome::Rejected);
    assert_eq!(worse(Outcome::Rejected, Outcome::Unknown), Outcome::Unknown);
    assert_eq!(worse(Outcome::NotSent, Outcome::Rejected), Outcome::Rejected);
}

#[test]
fn one_attempt_does_not_eat_the_budget_while_another_broker_is_left() {
    let settings = settings(&[]);
    let now = crate::client::world::system_now();
    let deadline = now + Duration::from_millis(3000);
    let plan = Plan { deadline: Some(deadline), attempts_max: 3 };
    let at = |ms| Some(now + Duration::from_millis(ms));
    assert_eq!(plan.attempt_deadline(now, 1, true, &settings), at(1000));
    assert_eq!(plan.attempt_deadline(now + Duration::from_millis(1000), 2, true, &settings), at(2000));
    assert_eq!(plan.attempt_deadline(now + Duration::from_millis(2000), 3, true, &settings), at(3000));
    assert_eq!(plan.attempt_deadline(now, 1, false, &settings), at(3000), "nowhere else to go");
    assert!(!plan.allows_another(deadline, 1));
    assert!(!plan.allows_another(now, 3));
    assert!(plan.allows_another(now, 2));
}

#[test]
fn without_a_limit_of_the_whole_each_attempt_has_one() {
    let settings = settings(&[("send.timeout.ms", "700")]);
    let now = crate::client::world::system_now();
    let plan = Plan { deadline: None, attempts_max: 3 };
    assert_eq!(plan.attempt_deadline(now, 1, false, &settings), Some(now + Duration::from_millis(700)));
}

#[test]
fn every_failure_has_its_kind_its_sentence_and_a_fate() {
    let (at, why) = (address, || std::sync::Arc::<str>::from("why"));
    let calls = [
        (
            CallError::Resolve { address: at(), reason: why() },
            (ErrorKind::Resolve, "the host name of broker:10911 could not be resolved: why"),
        ),
        (
            CallError::Connect { address: at(), reason: why() },
            (ErrorKind::Connect, "no connection to broker:10911: why"),
        ),
        (
            CallError::Lost { address: at(), reason: why(), sent: true },
            (ErrorKind::ConnectionLost, "the connection to broker:10911 was lost: why"),
        ),
        (
            CallError::Garbled { address: at(), reason: why(), sent: true },
            (ErrorKind::Protocol, "broker:10911 answered with bytes that make no sense: why"),
        ),
        (
            CallError::Timeout { address: at(), sent: true },
            (ErrorKind::Timeout, "broker:10911 did not answer in time"),
        ),
        (
            CallError::Encode(protocol::EncodeError::NameTooLong),
            (ErrorKind::MessageTooLarge, "field name is longer than 32767 bytes"),
        ),
        (CallError::VersionUnknown, (ErrorKind::NotSupported, "version is not known")),
        (CallError::TooOld { version: 353 }, (ErrorKind::NotSupported, "version 4.7.0 (353), ")),
        (CallError::TooOld { version: 407 }, (ErrorKind::NotSupported, "version 4.9.7 (407), ")),
        (CallError::TooOld { version: 0 }, (ErrorKind::NotSupported, "version 0, ")),
        (CallError::Closed { sent: true }, (ErrorKind::Closed, "")),
        (CallError::Cancelled { sent: true }, (ErrorKind::Cancelled, "")),
    ];
    for (call, (kind, sentence)) in calls {
        assert_eq!(call_kind(&call), kind);
        let failure = Failure::Call(call);
        assert_eq!(failure.kind(), kind);
        assert!(!failure.is_throttle());
        let reason = failure.reason();
        assert!(reason.contains(sentence) && !reason.is_empty(), "{reason}");
    }
    let answers = [
        (refused(2), ErrorKind::BrokerBusy, "the broker answered code 2"),
        (refused(16), ErrorKind::NoPermission, "the broker answered code 16"),
        (refused(17), ErrorKind::TopicNotFound, "the broker answered code 17"),
        (
            Failure::Refused { code: 1, remark: "full".to_owned() },
            ErrorKind::Broker,
            "the broker answered code 1: full",
        ),
        (
            Failure::Garbled("no queue id".to_owned()),
            ErrorKind::Protocol,
            "the broker's answer makes no sense: no queue id",
        ),
    ];
    for (failure, kind, sentence) in answers {
        assert_eq!((failure.kind(), failure.reason().as_str()), (kind, sentence));
        assert_eq!(failure.is_throttle(), kind == ErrorKind::BrokerBusy);
    }
    for (error, kind) in [
        (RouteError::NotFound, ErrorKind::TopicNotFound),
        (RouteError::NoNameServer(why()), ErrorKind::NoNamesrv),
        (RouteError::Timeout, ErrorKind::Timeout),
        (RouteError::Closed, ErrorKind::Closed),
        (RouteError::Cancelled, ErrorKind::Cancelled),
    ] {
        assert_eq!(route_kind(&error), kind);
    }
}

#[test]
fn busy_brokers_are_left_alone_for_times_that_double_half_of_them_by_chance() {
    let whole_ms = [(0, 50), (1, 50), (2, 100), (3, 200), (6, 1600), (7, 2000), (17, 2000), (u32::MAX, 2000)];
    for (busy, ms) in whole_ms {
        let whole = Duration::from_millis(ms);
        assert_eq!(throttle_pause(busy, |_| 0), whole / 2, "{busy} busy answers, at least");
        assert_eq!(throttle_pause(busy, |end| end - 1), whole, "{busy} busy answers, at most");
    }
}

#[test]
fn an_attempt_has_its_share_or_its_own_limit_and_never_nothing() {
    let now = crate::client::world::system_now();
    let in_ms = |ms| now + Duration::from_millis(ms);
    let limit = |of_settings: &[(&str, &str)], deadline, attempts_max, attempt, has_other| {
        let plan = Plan { deadline, attempts_max };
        plan.attempt_deadline(now, attempt, has_other, &settings(of_settings)).unwrap()
    };
    let own = [("send.attempt.timeout.ms", "200")];
    assert_eq!(limit(&own, Some(in_ms(3000)), 3, 1, true), in_ms(200));
    assert_eq!(limit(&own, Some(in_ms(100)), 3, 1, true), in_ms(100), "not beyond the whole");
    assert_eq!(limit(&own, Some(in_ms(3000)), 3, 3, true), in_ms(3000), "the last has all that is left");
    assert_eq!(limit(&own, None, 3, 1, true), in_ms(200));
    assert_eq!(limit(&[], Some(in_ms(3000)), 3, 0, true), in_ms(1000));
    assert_eq!(limit(&[], Some(in_ms(3000)), 3, 9, true), in_ms(3000), "there is no tenth");
    assert_eq!(limit(&[], Some(now), 3, 1, true), in_ms(1), "a moment at least");
}
