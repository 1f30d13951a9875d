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
