//! Sends of every kind from many threads, and what the cluster got of them.

use std::collections::{BTreeMap, BTreeSet};

use rocketmq_mock::{Cluster, What};

use crate::program::{Program, cluster};

/// The bodies of a topic's messages, as text.
fn bodies(cluster: &Cluster, topic: &str) -> Vec<String> {
    cluster.messages(topic).iter().map(|m| String::from_utf8_lossy(&m.body).into_owned()).collect()
}

fn twenty_thousand(threads: &str) {
    let cluster = cluster();
    let ended = Program::new("async").run(&[&cluster.namesrv(), threads, "20000"]).well();
    println!("{threads} threads:\n{}", ended.shown());
    assert_eq!(ended.number("once_when_shutdown_returned"), 20_000);
    assert_eq!(ended.number("once_at_the_end"), 20_000);
    assert_eq!((ended.number("failed"), ended.number("late"), ended.number("on_foreign_threads")), (0, 0, 0));
    let bodies = bodies(&cluster, "Async");
    assert_eq!(bodies.len(), 20_000);
    let distinct: BTreeSet<u32> = bodies.iter().map(|body| body.parse().unwrap()).collect();
    assert!(distinct.into_iter().eq(0..20_000));
}

#[test]
fn twenty_thousand_async_sends_from_one_thread_end_once_each_on_a_library_thread() {
    twenty_thousand("1");
}

#[test]
fn twenty_thousand_async_sends_from_four_threads_end_once_each_on_a_library_thread() {
    twenty_thousand("4");
}

#[test]
fn a_callback_may_send_and_wait_but_not_shut_down() {
    let cluster = cluster();
    let ended = Program::new("callback").run(&[&cluster.namesrv()]).well();
    println!("{}", ended.shown());
    assert_eq!((ended.number("callbacks"), ended.number("refused")), (100, 9));
    let mut counts = BTreeMap::new();
    for body in bodies(&cluster, "Callback") {
        *counts.entry(body).or_insert(0) += 1;
    }
    let expected = [("chain", 100), ("one-way", 1), ("sync", 1), ("sync on a new producer", 1)];
    assert_eq!(counts, expected.map(|(body, count)| (body.to_owned(), count)).into());
}

#[test]
fn sixteen_threads_send_through_one_producer_and_each_learns_where_its_message_is() {
    let cluster = cluster();
    let ended = Program::new("threads").run(&[&cluster.namesrv()]).well();
    let mut told: Vec<_> = ended.all("sent").into_iter().map(str::to_owned).collect();
    let mut stored: Vec<_> = cluster
        .messages("Threads")
        .iter()
        .map(|m| {
            let body = String::from_utf8_lossy(&m.body);
            format!("{} {body} {} {}", m.unique_id, m.queue_id, m.queue_offset)
        })
        .collect();
    told.sort_unstable();
    stored.sort_unstable();
    assert_eq!(told.len(), 1600);
    assert_eq!(told, stored);
    let ids: BTreeSet<_> = cluster.messages("Threads").iter().map(|m| m.unique_id.clone()).collect();
    assert_eq!(ids.len(), 1600);
    println!("1600 results, each as the broker has it");
}

/// With `warm` the route is known and the connection made before the first send.
fn a_thousand_one_way(bytes: &str, warm: &str) {
    let cluster = cluster();
    let ended = Program::new("oneway").run(&[&cluster.namesrv(), bytes, warm]).well();
    // Without waiting: the shutdown saw to it.
    let bodies = bodies(&cluster, "OneWay");
    let numbers: BTreeSet<u32> = bodies.iter().map(|body| body[..15].trim().parse().unwrap()).collect();
    assert_eq!(bodies.len(), 1000);
    assert!(numbers.into_iter().eq(0..1000));
    let events = cluster.events();
    let place = |wanted: fn(&What) -> bool| events.iter().rposition(|event| wanted(&event.what));
    let last_send = place(|what| matches!(what, What::Send(_))).unwrap();
    let unregistered = events.iter().position(|event| matches!(event.what, What::Unregister(_))).unwrap();
    assert!(last_send < unregistered, "{last_send} {unregistered}");
    assert_eq!(events[last_send].connection, events[unregistered].connection);
    let open = ended.number("in_flight_at_shutdown");
    println!("{bytes} bytes, {warm}: all there, then UNREGISTER; {open} in flight at the shutdown");
}

#[test]
fn a_thousand_one_way_messages_are_all_there_after_a_shutdown_at_once() {
    a_thousand_one_way("100", "warm");
    a_thousand_one_way("100", "cold");
    a_thousand_one_way("16384", "warm");
    a_thousand_one_way("16384", "cold");
}
