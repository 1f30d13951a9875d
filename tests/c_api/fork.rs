//! A fork while a producer runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rocketmq_mock::{Fault, Rule};

use crate::program::{Program, cluster};

#[test]
fn the_child_of_a_fork_is_refused_at_once_and_starts_anew_and_the_parent_goes_on() {
    let cluster = cluster();
    cluster.fault(0, Rule::always(Fault::Delay(Duration::from_millis(300))).sends());
    let ended = Program::new("fork").run(&[&cluster.namesrv()]).well();
    println!("{}", ended.shown());
    assert_eq!(ended.number("child_status"), 0);
    assert_eq!((ended.number("callbacks"), ended.number("callbacks_in_the_wrong_process")), (100, 0));
    assert!(ended.number("inherited_us") < 1_000_000, "it waited");
    assert_ne!(ended.all("parent_id"), ended.all("child_id"));
    let mut counts = BTreeMap::new();
    for message in cluster.messages("Fork") {
        *counts.entry(String::from_utf8_lossy(&message.body).into_owned()).or_insert(0) += 1;
    }
    let expected = [
        ("async of the child", 1),
        ("async of the parent", 100),
        ("shared by both", 2),
        ("sync after the child", 1),
        ("sync of the parent", 1),
    ];
    assert_eq!(counts, expected.map(|(body, count)| (body.to_owned(), count)).into());
}

#[test]
fn no_message_id_comes_twice_though_each_process_forks_the_next_while_it_sends() {
    let cluster = cluster();
    let ended = Program::new("ids").run(&[&cluster.namesrv()]).well();
    let messages = cluster.messages("Ids");
    assert_eq!(i64::try_from(messages.len()).unwrap(), ended.number("messages"));
    let distinct: BTreeSet<_> = messages.iter().map(|message| &message.unique_id).collect();
    assert_eq!(distinct.len(), messages.len());
}
