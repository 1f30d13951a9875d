//! Every way to send on every version: whatever is acknowledged is read back exactly once, as it was sent.

use std::collections::BTreeMap;

use crate::apache::{Apache, Options, Stored, Version};
use crate::check::{Mode, exactly_once};
use crate::{full, now, sender, start, tell, turn};

#[test]
fn messages_to_4_7_0_are_read_back_as_they_were_sent() {
    on(Version::V4_7_0, full(), [(Mode::Sync, "json"), (Mode::Async, "rocketmq"), (Mode::OneWay, "json")]);
}

#[test]
fn messages_to_4_9_7_are_read_back_as_they_were_sent() {
    on(
        Version::V4_9_7,
        full(),
        [(Mode::Sync, "rocketmq"), (Mode::Queue, "json"), (Mode::OneWay, "rocketmq")],
    );
}

#[test]
fn messages_to_5_5_0_are_read_back_as_they_were_sent() {
    on(Version::V5_5_0, true, []);
}

/// The `core` with fewer messages, or everything.
fn on<const N: usize>(version: Version, everything: bool, core: [(Mode, &str); N]) {
    let starting = now();
    let apache = start(version, Options { brokers: 2, ..Options::default() });
    tell(version, "start", &format!("two masters in {:.1?}", starting.elapsed()));
    let _turn = turn();
    let began = now();
    if everything {
        for mode in Mode::ALL {
            for header in ["json", "rocketmq"] {
                every_message_is_read_back(version, &apache, mode, header, 20_000);
            }
        }
    } else {
        for (mode, header) in core {
            every_message_is_read_back(version, &apache, mode, header, 5_000);
        }
    }
    the_first_send_creates_the_topic(version, &apache);
    a_fixed_queue_gets_everything(version, &apache);
    the_queues_are_those_that_were_created(version, &apache);
    tell(version, "all", &format!("{:.1?}", began.elapsed()));
}

fn every_message_is_read_back(
    version: Version,
    apache: &Apache,
    mode: Mode,
    header: &str,
    async_count: usize,
) {
    let began = now();
    let topic = format!("{}-{header}", mode.name());
    let count = if mode.ends_later() { async_count } else { 1_000 };
    apache.create_topic(&topic, 8);
    // The limit is long, so that a slow machine makes no retries.
    let arguments =
        format!("mode={} count={count} header={header} outstanding=1000 timeout=30000", mode.name());
    let run = sender::run(apache, &topic, &arguments);
    let sent = began.elapsed();
    let stored = exactly_once(apache, &topic, mode, &run);
    let queues = queues_of(&stored);
    assert_eq!(queues.len(), 16, "every queue has messages: {queues:?}");
    let fullest = queues.values().max().expect("queues");
    assert!(fullest * 16 <= count * 2, "the queues share evenly: {queues:?}");
    let bytes: usize = stored.iter().map(|message| message.body.len()).sum();
    let compressed = stored.iter().filter(|message| message.sys_flag != 0).count();
    tell(
        version,
        &topic,
        &format!(
            "{count} sent in {} ms ({} a second), {} read back once each, {compressed} of them compressed, {} kB; \
             sender {sent:.1?}, all {:.1?}",
            run.sending_ms,
            count as u64 * 1000 / run.sending_ms.max(1),
            stored.len(),
            bytes / 1000,
            began.elapsed()
        ),
    );
}

fn the_first_send_creates_the_topic(version: Version, apache: &Apache) {
    let began = now();
    for (topic, mode) in [("created-by-sync", Mode::Sync), ("created-by-async", Mode::Async)] {
        let run = sender::run(apache, topic, &format!("mode={} count=100 timeout=30000", mode.name()));
        let stored = exactly_once(apache, topic, mode, &run);
        let queues = queues_of(&stored);
        assert_eq!(queues.len(), 8, "four queues on each of two brokers: {queues:?}");
        let listed = sender::run(apache, topic, "mode=queues").queues;
        assert_eq!(listed, expected_queues(4), "the brokers have told the name server");
    }
    tell(
        version,
        "created by the first send",
        &format!("2 topics of 100 messages in {:.1?}", began.elapsed()),
    );
}

fn a_fixed_queue_gets_everything(version: Version, apache: &Apache) {
    let began = now();
    apache.create_topic("fixed", 8);
    // One at a time: a broker works requests of one connection off on several threads.
    let run =
        sender::run(apache, "fixed", "mode=async count=200 outstanding=1 queue=broker-b:5 timeout=30000");
    let stored = exactly_once(apache, "fixed", Mode::Async, &run);
    let everything = BTreeMap::from([(("broker-b".to_owned(), 5), 200)]);
    assert_eq!(queues_of(&stored), everything);
    let places: Vec<_> = run.messages.iter().map(|told| told.queue_offset).collect();
    assert!(places.iter().is_sorted(), "a queue keeps the order: {places:?}");

    let refused = sender::run(apache, "fixed", "mode=sync count=1 queue=broker-b:8");
    assert_eq!(refused.messages[0].status, "ROCKETMQ_ERR_NO_WRITABLE_QUEUE", "{:?}", refused.errors);
    tell(version, "fixed queue", &format!("200 messages in one queue, in order, in {:.1?}", began.elapsed()));
}

fn the_queues_are_those_that_were_created(version: Version, apache: &Apache) {
    let began = now();
    apache.create_topic("queues", 8);
    let listed = sender::run(apache, "queues", "mode=queues").queues;
    assert_eq!(listed, expected_queues(8));
    tell(version, "queues", &format!("{} listed in {:.1?}", listed.len(), began.elapsed()));
}

/// In RocketMQ's order: broker name, then id.
fn expected_queues(each: i64) -> Vec<(String, i64)> {
    ["broker-a", "broker-b"]
        .iter()
        .flat_map(|broker| (0..each).map(|id| ((*broker).to_owned(), id)))
        .collect()
}

/// How many messages each queue has.
fn queues_of(stored: &[Stored]) -> BTreeMap<(String, i64), usize> {
    let mut queues = BTreeMap::new();
    for message in stored {
        *queues.entry((message.broker.clone(), message.queue_id)).or_insert(0) += 1;
    }
    queues
}
