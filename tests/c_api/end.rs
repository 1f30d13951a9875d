//! Programs that end, or destroy their producer, while sends are open.

use std::time::{Duration, Instant};

use rocketmq_mock::{Cluster, Fault, Rule};

use crate::program::{Program, cluster};

/// A cluster that never answers sends to the topic "Frozen".
fn frozen() -> Cluster {
    let cluster = cluster();
    cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends().topic("Frozen"));
    cluster
}

/// Runs `name`, which leaves with `code`; it must be gone a second after it said so.
fn leaves_at_once(name: &str, way: &str, code: i32) {
    let cluster = frozen();
    let mut live = Program::new(name).start(&[&cluster.namesrv(), way]);
    if name == "exit_in_flight" && way != "from-callback" {
        live.wait_for("ready");
        live.go_on();
    }
    live.wait_for("leaving_us");
    let leaving = Instant::now();
    let ended = live.end().with_code(code);
    let took = ended.at.duration_since(leaving);
    let open = ended.all("in_flight").join("");
    println!("{name} {way}: {open} in flight, gone after {took:?} with {code}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(ended.errors.is_empty(), "{:?}", ended.errors);
}

#[test]
fn a_program_that_exits_with_sends_in_flight_is_gone_at_once_with_its_own_code() {
    leaves_at_once("exit_in_flight", "plain", 7);
    leaves_at_once("exit_in_flight", "blocked-callback", 7);
    leaves_at_once("exit_in_flight", "from-callback", 9);
}

#[test]
fn a_program_that_exits_while_a_shutdown_waits_is_gone_at_once() {
    leaves_at_once("exit_during_shutdown", "producer", 5);
    leaves_at_once("exit_during_shutdown", "global", 5);
}

fn destroyed(way: &str) {
    let cluster = cluster();
    let ended = Program::new("destroy").run(&[&cluster.namesrv(), way]).well();
    println!("{way}:\n{}", ended.shown());
    let accepted = ended.number("accepted");
    assert!(accepted > 0);
    assert_eq!((ended.number("once"), ended.number("total")), (accepted, accepted));
    assert_eq!(ended.number("sent") + ended.number("closed"), accepted);
    assert!(ended.number("sent") <= i64::try_from(cluster.message_count("Destroy")).unwrap());
    assert_eq!((ended.number("threads_more"), ended.number("descriptors_more")), (0, 0));
}

#[test]
fn destroying_a_producer_right_after_async_sends_ends_each_of_them_once() {
    destroyed("outside");
}

#[test]
fn a_callback_may_destroy_its_producer() {
    destroyed("inside");
}

#[test]
fn destroying_a_producer_that_was_not_shut_down_leaves_nothing_behind() {
    let cluster = cluster();
    let ended = Program::new("destroy").run(&[&cluster.namesrv(), "idle"]).well();
    println!("{}", ended.shown());
    assert_eq!((ended.number("threads_more"), ended.number("descriptors_more")), (0, 0));
    assert_eq!(cluster.message_count("Destroy"), 1);
}
