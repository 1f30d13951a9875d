//! Messages that are stored, but not as well as the broker was to: results, sent again only when that is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::apache::{Apache, NO_TIME_TO_FLUSH, Options, SYNC_MASTER, TWO_REPLICAS, Version};
use crate::content::{Content, index_of};
use crate::sender::Run;
use crate::{now, sender, start, tell, turn};

/// `ROCKETMQ_SEND_*`.
const OK: i32 = 0;
const FLUSH_DISK_TIMEOUT: i32 = 1;
const FLUSH_SLAVE_TIMEOUT: i32 = 2;
const SLAVE_NOT_AVAILABLE: i32 = 3;

/// The configuration that sends such messages again.
const AGAIN: &str = "set=send.retry.not.stored.ok=true";

#[test]
#[ignore = "part of `make test-apache`"]
fn a_4_7_0_master_without_its_slave_stores_and_says_so() {
    always(Version::V4_7_0, SYNC_MASTER, SLAVE_NOT_AVAILABLE, 20);
}

#[test]
fn a_4_9_7_master_without_its_slave_stores_and_says_so() {
    always(Version::V4_9_7, SYNC_MASTER, SLAVE_NOT_AVAILABLE, 20);
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_5_5_0_master_without_its_second_replica_stores_and_says_so_after_three_seconds() {
    always(Version::V5_5_0, TWO_REPLICAS, FLUSH_SLAVE_TIMEOUT, 2);
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_5_5_0_master_without_its_slave_is_content_with_itself() {
    let apache = start(Version::V5_5_0, Options { properties: SYNC_MASTER, ..Options::default() });
    let _turn = turn();
    let run = sender::run(&apache, "alone", "count=20 timeout=30000");
    copies(&apache, "alone", &run, 20);
    assert!(run.messages.iter().all(|told| (told.stored, told.attempts) == (OK, 1)), "{run:?}");
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_4_7_0_broker_without_time_to_flush_stores_and_says_so() {
    sometimes(Version::V4_7_0);
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_4_9_7_broker_without_time_to_flush_stores_and_says_so() {
    sometimes(Version::V4_9_7);
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_5_5_0_broker_without_time_to_flush_stores_and_says_so() {
    sometimes(Version::V5_5_0);
}

/// Every send ends with this status, once or as often as it may be tried.
fn always(version: Version, properties: &'static [&'static str], status: i32, count: usize) {
    let apache = start(version, Options { properties, ..Options::default() });
    let _turn = turn();
    let (once, again) = ("once", "again");
    apache.create_topic(once, 1);
    apache.create_topic(again, 1);
    let began = now();
    let run = sender::run(&apache, once, &format!("mode=async count={count} timeout=30000"));
    let took = began.elapsed();
    copies(&apache, once, &run, count);
    assert!(run.messages.iter().all(|told| (told.stored, told.attempts) == (status, 1)), "{run:?}");
    if status == FLUSH_SLAVE_TIMEOUT {
        assert!(run.messages.iter().all(|told| told.latency_ms >= 2_900), "{run:?}");
    }
    let run = sender::run(&apache, again, &format!("mode=async count={count} timeout=60000 {AGAIN}"));
    copies(&apache, again, &run, 3 * count);
    assert!(run.messages.iter().all(|told| (told.stored, told.attempts) == (status, 3)), "{run:?}");
    tell(version, "stored, not replicated", &format!("status {status}, {count} sends in {took:.1?}"));
}

/// Some sends end with FLUSH_DISK_TIMEOUT, others are lucky.
fn sometimes(version: Version) {
    const COUNT: usize = 50;
    let apache = start(version, Options { properties: NO_TIME_TO_FLUSH, ..Options::default() });
    let _turn = turn();
    apache.create_topic("once", 1);
    apache.create_topic("again", 1);
    let run = sender::run(&apache, "once", &format!("count={COUNT} timeout=30000"));
    copies(&apache, "once", &run, COUNT);
    assert!(run.messages.iter().all(|told| told.attempts == 1), "{run:?}");
    let late = run.messages.iter().filter(|told| told.stored == FLUSH_DISK_TIMEOUT).count();
    let lucky = run.messages.iter().filter(|told| told.stored == OK).count();
    assert!(late > 0 && late + lucky == COUNT, "{run:?}");

    let run = sender::run(&apache, "again", &format!("count={COUNT} timeout=30000 {AGAIN}"));
    let attempts: usize = run.messages.iter().map(|told| told.attempts as usize).sum();
    copies(&apache, "again", &run, attempts);
    assert!(attempts > COUNT, "some were sent again: {run:?}");
    let ended =
        |told: &sender::Told| told.stored == OK || (told.stored, told.attempts) == (FLUSH_DISK_TIMEOUT, 3);
    assert!(run.messages.iter().all(ended), "{run:?}");
    tell(version, "stored, not flushed", &format!("{late} of {COUNT}; {attempts} attempts when sent again"));
}

/// Every send was a success; the topic holds so many messages, as many of each as attempts were made, all with the id
/// and the content of the send, and the one that C was told of among them.
fn copies(apache: &Apache, topic: &str, run: &Run, count: usize) {
    assert!(run.messages.iter().all(sender::Told::is_ok), "{run:?}");
    let stored = apache.read(topic, count, Duration::from_secs(30));
    assert_eq!(stored.len(), count, "messages in {topic}");
    let mut copies = BTreeMap::<_, Vec<_>>::new();
    for message in &stored {
        copies.entry(index_of(message)).or_default().push(message);
    }
    for (index, told) in run.messages.iter().enumerate() {
        let copies = &copies[&index];
        assert_eq!(copies.len(), told.attempts as usize, "message {index}: {told:?}");
        for copy in copies {
            assert_eq!((Content::read(copy), &copy.msg_id), (Content::of(index), &told.id));
        }
        let is_told = |copy: &&crate::apache::Stored| copy.offset_msg_id == told.offset_id;
        assert_eq!(copies.iter().copied().filter(is_told).count(), 1, "message {index}: {told:?}");
    }
}
