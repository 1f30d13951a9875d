//! Completion queues: programs that poll for the ends of their calls.

use rocketmq_mock::{Cluster, Fault, Rule};

use crate::cpp::SANITIZED;
use crate::program::{Language, Program, cluster, shared};

/// It refuses sends to the topic "Refused", and never answers those to "Silent".
fn cluster_with_troubles() -> Cluster {
    let cluster = cluster();
    cluster.fault(0, Rule::always(Fault::respond(16)).sends().topic("Refused"));
    cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends().topic("Silent"));
    cluster
}

#[test]
fn twenty_thousand_sends_of_four_threads_are_polled_once_each_by_a_loop_that_watches_a_descriptor() {
    let cluster = cluster();
    let ended = Program::new("queue").run(&[&cluster.namesrv(), "sends"]).well();
    println!("{}", ended.shown());
    assert_eq!((ended.number("events"), cluster.message_count("Queue")), (20_000, 20_000));
    assert!(ended.number("polls") < 20_000, "events come in batches");
}

#[test]
fn the_descriptor_is_readable_exactly_while_events_wait_whatever_is_read_from_it() {
    let cluster = cluster();
    let ended = Program::new("queue").run(&[&cluster.namesrv(), "descriptors"]).well();
    assert_eq!(ended.number("stayed_readable"), 2000);
}

#[test]
fn a_queue_that_nobody_polls_refuses_what_it_has_no_room_for_and_loses_nothing() {
    let cluster = cluster();
    let ended = Program::new("queue").run(&[&cluster.namesrv(), "full"]).well();
    assert_eq!(ended.number("accepted"), i64::try_from(cluster.message_count("Queue")).unwrap());
}

#[test]
fn queues_are_destroyed_in_any_order_under_polls_and_with_sends_on_their_way() {
    let ended = Program::new("queue").run(&[&cluster().namesrv(), "destroyed"]).well();
    assert_eq!(ended.number("rounds"), 50);
}

#[test]
fn the_sanitizers_find_nothing_in_queues_that_are_full_or_destroyed() {
    let options: Vec<_> = SANITIZED.iter().map(|option| (*option).to_owned()).chain(shared()).collect();
    let program = Program::linked(Language::C99, &["queue"], &options);
    for what in ["full", "destroyed"] {
        program.run(&[&cluster().namesrv(), what]).well();
    }
}

#[test]
fn interrupts_wakeups_flushes_shutdowns_log_lines_and_forks() {
    let ended = Program::new("queue_calls").run(&[&cluster_with_troubles().namesrv()]).well();
    println!("{}", ended.shown());
    assert!(ended.number("log_lines") > 0);
}
