//! Ordered sends: a key stays in the queue that Java gives it, in the order of its sends, whatever becomes of the brokers.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::thread::sleep;
use std::time::Duration;

use protocol::message::sharding;

use crate::apache::{Apache, Filter, Listener, Options, Stored, Version};
use crate::sender::{self, Sender};
use crate::{full, quiet, start, tell, turn, versions};

const KEYS: usize = 12;
const THREADS: usize = 8;
const WAIT: Duration = Duration::from_secs(30);

type Queue = (String, i64);

/// The queue of key number `key` on two brokers with four queues each, in Java's order.
fn queue_of(key: usize) -> Queue {
    let hash = sharding::java_hash(&format!("order-{key}"));
    let index = sharding::queue_index(hash, NonZeroUsize::new(8).expect("eight"));
    (["broker-a", "broker-b"][index / 4].to_owned(), index as i64 % 4)
}

fn index(properties: &BTreeMap<String, String>) -> usize {
    properties["index"].parse().expect("a number")
}

/// Each key's messages are in its queue and nowhere else, in order; how many there are of each key.
fn in_order(stored: &[Stored]) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut places: BTreeMap<usize, Vec<(i64, usize)>> = BTreeMap::new();
    for message in stored {
        let index = index(&message.properties);
        let key = index % KEYS;
        assert_eq!(message.properties["__SHARDINGKEY"], format!("order-{key}"));
        assert_eq!((message.broker.clone(), message.queue_id), queue_of(key), "message {index}");
        places.entry(key).or_default().push((message.queue_offset, index));
    }
    let of_key = |(key, mut places): (usize, Vec<(i64, usize)>)| {
        places.sort_unstable();
        // A message that was tried again may be there twice, one behind the other.
        assert!(places.is_sorted_by_key(|(_, index)| *index), "key {key}: {places:?}");
        (key, places.into_iter().map(|(_, index)| index).collect())
    };
    places.into_iter().map(of_key).collect()
}

#[test]
fn keys_and_selectors_have_their_queues() {
    for &version in versions() {
        let apache = start(version, Options { brokers: 2, ..Options::default() });
        let _turn = turn();
        the_messages_of_a_key_stay_in_one_queue_and_in_order(version, &apache);
        a_selector_s_queues_are_used(version, &apache);
    }
}

fn the_messages_of_a_key_stay_in_one_queue_and_in_order(version: Version, apache: &Apache) {
    apache.create_topic("keys", 4);
    let count = KEYS * if full() { 1_000 } else { 100 };
    let consumer = apache.subscribe("keys", Listener::Orderly, Filter::Tag("*"));
    let arguments = format!("keys={KEYS} threads={THREADS} count={count} timeout=30000");
    let run = sender::run(apache, "keys", &arguments);
    assert!(run.messages.iter().all(|told| told.is_ok() && told.attempts == 1), "{:?}", run.errors);
    for (index, told) in run.messages.iter().enumerate() {
        assert_eq!((told.broker.clone(), told.queue_id), queue_of(index % KEYS), "told of {index}");
    }
    let stored = apache.read("keys", count, WAIT);
    assert_eq!(stored.len(), count);
    let found = in_order(&stored);
    assert!(found.len() == KEYS && found.values().all(|of_key| of_key.len() == count / KEYS));
    let used: BTreeSet<Queue> = (0..KEYS).map(queue_of).collect();
    let mut arrived: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for message in consumer.collect(count, WAIT) {
        let index = index(&message.properties);
        arrived.entry(index % KEYS).or_default().push(index);
    }
    let complete = |of_key: &Vec<usize>| of_key.len() == count / KEYS && of_key.is_sorted();
    assert!(arrived.len() == KEYS && arrived.values().all(complete), "as consumers get them");
    tell(
        version,
        "keys",
        &format!("{KEYS} keys by {THREADS} threads, {count} messages in {} queues", used.len()),
    );
}

fn a_selector_s_queues_are_used(version: Version, apache: &Apache) {
    apache.create_topic("selected", 4);
    for mode in ["sync", "async", "oneway"] {
        sender::run(apache, "selected", &format!("mode={mode} select=index count=160 timeout=30000"));
    }
    let stored = apache.read("selected", 480, WAIT);
    assert_eq!(stored.len(), 480);
    for message in &stored {
        let at = index(&message.properties) % 8;
        assert_eq!(
            (message.broker.as_str(), message.queue_id),
            (["broker-a", "broker-b"][at / 4], at as i64 % 4)
        );
    }
    tell(version, "selector", "480 messages in 8 queues");
}

#[test]
fn keys_of_a_killed_broker_fail_and_the_others_keep_their_order() {
    for &version in versions() {
        let apache = start(version, Options { brokers: 2, ..Options::default() });
        let _turn = turn();
        let _quiet = quiet();
        apache.create_topic("killed", 4);
        let arguments = format!("keys={KEYS} threads={KEYS} count=200000 rate=600 timeout=2500 until=stdin");
        let sender = Sender::start(&apache, "killed", &arguments);
        sleep(Duration::from_secs(2));
        apache.kill("broker-b");
        sleep(Duration::from_secs(5));
        apache.restart("broker-b");
        sleep(Duration::from_secs(4));
        let run = sender.end();
        let failed: Vec<usize> = run
            .messages
            .iter()
            .enumerate()
            .filter(|(_, told)| !told.is_ok())
            .map(|(index, _)| index)
            .collect();
        assert!(!failed.is_empty(), "the broker was away for seconds");
        for index in &failed {
            assert_eq!(queue_of(index % KEYS).0, "broker-b", "message {index}: {:?}", run.messages[*index]);
        }
        let acknowledged: BTreeSet<usize> = (0..run.messages.len())
            .filter(|index| run.messages[*index].is_ok() && run.messages[*index].attempts > 0)
            .collect();
        let stored = apache.read("killed", acknowledged.len(), WAIT);
        let found: BTreeSet<usize> = in_order(&stored).into_values().flatten().collect();
        let missing: Vec<_> = acknowledged.difference(&found).collect();
        assert!(missing.is_empty(), "acknowledged and not there: {missing:?}");
        let after = failed.last().copied().unwrap_or(0);
        let back =
            acknowledged.range(after..).filter(|index| queue_of(*index % KEYS).0 == "broker-b").count();
        assert!(back > 0, "the killed broker's keys go on when it is back");
        tell(
            version,
            "keys and a killed broker",
            &format!(
                "{} sent, {} failed, all of its keys; {} of them after it was back",
                run.messages.len(),
                failed.len(),
                back
            ),
        );
    }
}
