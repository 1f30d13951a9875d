//! Brokers that die and brokers that freeze: as long as another one lives the caller sees nothing of it, and nothing
//! that was acknowledged is lost.

use std::time::Duration;

use crate::apache::{Apache, Options, Version};
use crate::check::{Mode, at_least_once};
use crate::sender::{Run, Sender, Told};
use crate::{now, quiet, sender, start, tell, turn};

/// The default of "route.poll.ms".
const ROUTE_POLL: Duration = Duration::from_secs(30);

#[test]
#[ignore = "part of `make test-apache`"]
fn a_killed_4_7_0_broker_loses_nothing_that_was_acknowledged() {
    a_killed_broker_loses_nothing(Version::V4_7_0);
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_killed_4_9_7_broker_loses_nothing_that_was_acknowledged() {
    a_killed_broker_loses_nothing(Version::V4_9_7);
}

#[test]
fn a_killed_5_5_0_broker_loses_nothing_that_was_acknowledged() {
    a_killed_broker_loses_nothing(Version::V5_5_0);
}

fn a_killed_broker_loses_nothing(version: Version) {
    let apache = two_masters(version);
    let _turn = (turn(), quiet());
    warm_up(&apache);
    apache.create_topic("killed", 8);
    // With a limit that a slow machine can keep: a dead broker is noticed without waiting for it.
    let arguments = "mode=async rate=2000 count=240000 outstanding=9000 timeout=15000 until=stdin";
    let sending = Sender::start(&apache, "killed", arguments);
    at(&sending, Duration::from_secs(5));
    apache.kill("broker-a");
    let killed = sending.began.elapsed();
    at(&sending, Duration::from_secs(10));
    apache.restart("broker-a");
    let restarted = sending.began.elapsed();
    // A slow start may reach into the next look-up of the route, which then lacks the broker until the one after it.
    let back = if restarted < ROUTE_POLL { restarted } else { restarted + ROUTE_POLL };
    at(&sending, Duration::from_secs(20).max(back + Duration::from_secs(5)));
    let run = sending.end();
    let (stored, copies) = at_least_once(&apache, "killed", Mode::Async, &run);

    let before = acknowledged_by(&run, "broker-a", Duration::ZERO, killed);
    let settled = (killed + Duration::from_secs(2)).min(Duration::from_secs(10));
    let dead = acknowledged_by(&run, "broker-a", settled, Duration::from_secs(10));
    let again = acknowledged_by(&run, "broker-a", restarted, Duration::MAX);
    tell(
        version,
        "killed",
        &format!(
            "{} sent in {} ms, broker-a dead from {killed:.1?} to {restarted:.1?}; {} read back, {copies} second \
             copies, {} sends tried again, the longest {} ms; by broker-a {before} before, {again} after",
            run.messages.len(),
            run.sending_ms,
            stored.len(),
            tried_again(&run),
            longest_ms(&run),
        ),
    );
    let sent = run.messages.len() as u64;
    // 2000 a second for 20 seconds, less on a machine that cannot keep the pace.
    assert!(sent >= 10_000, "{sent}");
    assert!(before > 1_000 && again > 1_000, "a living broker gets its share: {before}, {again}");
    assert_eq!(dead, 0, "a dead broker acknowledges nothing");
    assert!(tried_again(&run) > 0, "some sends met the dead broker");
}

#[test]
fn a_frozen_broker_costs_no_send_and_serves_again_after_the_thaw() {
    let version = Version::V5_5_0;
    let apache = two_masters(version);
    let _turn = (turn(), quiet());
    warm_up(&apache);
    apache.create_topic("frozen", 8);
    // With the default limit of 3 s.
    let sending = Sender::start(&apache, "frozen", "mode=sync rate=200 count=2000 threads=8");
    at(&sending, Duration::from_secs(2));
    apache.freeze("broker-b");
    let frozen = sending.began.elapsed();
    at(&sending, Duration::from_secs(6));
    let thawing = sending.began.elapsed();
    apache.thaw("broker-b");
    let run = sending.end();
    let (stored, copies) = at_least_once(&apache, "frozen", Mode::Sync, &run);

    let meanwhile =
        acknowledged_by(&run, "broker-b", (frozen + Duration::from_secs(1)).min(thawing), thawing);
    let again = acknowledged_by(&run, "broker-b", thawing, Duration::MAX);
    let longest = longest_ms(&run);
    tell(
        version,
        "frozen",
        &format!(
            "{} sent in {} ms, broker-b frozen from {frozen:.1?} to {thawing:.1?}; {} read back, {copies} second \
             copies, {} sends tried again, the longest {longest} ms; by broker-b {again} after the thaw",
            run.messages.len(),
            run.sending_ms,
            stored.len(),
            tried_again(&run),
        ),
    );
    assert!(tried_again(&run) > 0, "some sends met the frozen broker");
    assert_eq!(meanwhile, 0, "a frozen broker acknowledges nothing");
    assert!(longest < 3_000, "the default limit holds: {longest} ms");
    assert!(again > 100, "the thawed broker gets its share again: {again}");
}

/// Sends to topics that do not exist fail by name on a cluster that creates none.
#[test]
fn a_missing_topic_is_not_found() {
    let version = Version::V5_5_0;
    let apache = start(version, Options { auto_create: false, ..Options::default() });
    let _turn = turn();
    let began = now();
    for mode in ["sync", "async"] {
        let run = sender::run(&apache, "missing", &format!("mode={mode} count=3"));
        let statuses: Vec<_> = run.messages.iter().map(|told| told.status.as_str()).collect();
        assert_eq!(statuses, ["ROCKETMQ_ERR_TOPIC_NOT_FOUND"; 3], "{:?}", run.errors);
        assert!(run.messages.iter().all(|told| told.callbacks == u32::from(mode == "async")), "{run:?}");
        assert!(run.errors.iter().all(|text| text.contains("missing")), "{:?}", run.errors);
    }
    let queues = sender::run(&apache, "missing", "mode=queues");
    assert_eq!(queues.messages[0].status, "ROCKETMQ_ERR_TOPIC_NOT_FOUND", "{:?}", queues.errors);
    assert_eq!(queues.queues, []);
    apache.create_topic("present", 1);
    assert!(sender::run(&apache, "present", "count=1").messages[0].is_ok());
    tell(version, "missing topic", &format!("not found, {:.1?}", began.elapsed()));
}

fn two_masters(version: Version) -> Apache {
    start(version, Options { brokers: 2, auto_create: false, ..Options::default() })
}

/// Lets both brokers compile what a send runs through: at first they are slower by far.
fn warm_up(apache: &Apache) {
    apache.create_topic("warm", 8);
    let run = sender::run(apache, "warm", "mode=async count=5000 outstanding=100 timeout=60000");
    assert!(run.messages.iter().all(Told::is_ok), "{:?}", run.errors.first());
}

/// Waits until so much time is over since the first send.
fn at(sending: &Sender, time: Duration) {
    std::thread::sleep(time.saturating_sub(sending.began.elapsed()));
}

/// How many messages a broker acknowledged between two times since the first send.
fn acknowledged_by(run: &Run, broker: &str, from: Duration, to: Duration) -> usize {
    let meanwhile = |told: &&Told| (from.as_millis()..to.as_millis()).contains(&u128::from(told.ended_ms));
    run.messages.iter().filter(|told| told.broker == broker).filter(meanwhile).count()
}

fn tried_again(run: &Run) -> usize {
    run.messages.iter().filter(|told| told.attempts > 1).count()
}

fn longest_ms(run: &Run) -> u64 {
    run.messages.iter().map(|told| told.latency_ms).max().unwrap_or(0)
}
