//! The C++ layer: programs of `tests/cpp`, run with the sanitizers of addresses, leaks and undefined behaviour.

use std::collections::BTreeSet;
use std::fs;

use rocketmq_mock::{Cluster, Fault, Rule};

use crate::program::{Ended, Program, cluster, root};
use crate::valgrind::cluster_that_refuses;

pub(crate) const SANITIZED: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Runs a program of `tests/cpp`, which checks by itself what its calls answer.
fn run(name: &str, arguments: &[&str]) -> Ended {
    Program::cpp(name, &[&["-std=c++17"], SANITIZED].concat()).run(arguments).well()
}

fn bodies(cluster: &Cluster, topic: &str) -> Vec<String> {
    cluster.messages(topic).iter().map(|m| String::from_utf8_lossy(&m.body).into_owned()).collect()
}

#[test]
fn cpp_objects_keep_what_they_are_given_and_leave_nothing_behind() {
    assert!(run("objects", &[]).lines.is_empty());
}

#[test]
fn cpp_sends_of_every_kind_arrive_and_are_told() {
    let cluster = cluster_that_refuses();
    cluster.add_topic("Queues", 4);
    run("sends", &[&cluster.namesrv()]);
    let sends = bodies(&cluster, "Sends");
    let count = |body: &str| sends.iter().filter(|sent| *sent == body).count();
    assert_eq!((count("sync"), count("one-way"), count("kept")), (3, 2, 1));
    let futures: BTreeSet<_> = sends.iter().filter(|sent| sent.starts_with("future ")).collect();
    assert_eq!(futures.len(), 100);
    assert_eq!(cluster.messages("Sends").iter().filter(|m| m.tags == "Lent").count(), 20);
    let batch: Vec<_> = (0..10).map(|number| format!("batch {number}")).collect();
    let batches = bodies(&cluster, "Batch");
    assert_eq!(batches.len(), 30);
    assert!(batch.iter().all(|body| batches.iter().filter(|sent| *sent == body).count() == 3));
    let mut queues: Vec<_> = cluster.messages("Queues").iter().map(|m| m.queue_id).collect();
    queues.sort_unstable();
    assert_eq!(queues, [0, 2, 3]);
    assert_eq!(cluster.message_count("Threads"), 2000);
}

/// Sends to the topic "Frozen" are never answered, those to "Refused" are refused.
pub(crate) fn cluster_that_freezes() -> Cluster {
    let cluster = cluster_that_refuses();
    cluster.fault(0, Rule::always(Fault::Freeze { store: false }).sends().topic("Frozen"));
    cluster
}

/// The lines that say what left a callback; the log has others.
fn told(ended: &Ended) -> Vec<&str> {
    let line = |line| {
        str::strip_prefix(line, "rocketmq-producer: an exception left a callback of the application: ")
    };
    ended.errors.iter().filter_map(|said| line(said)).collect()
}

#[test]
fn an_exception_in_a_cpp_callback_is_told_and_one_in_a_selector_leaves_its_send() {
    let cluster = cluster_that_freezes();
    let ended = run("exceptions", &[&cluster.namesrv()]);
    let told = told(&ended);
    println!("{told:#?}");
    assert_eq!(told.len(), 3);
    assert!(told.contains(&"told by a callback") && told.contains(&"no std::exception"));
    assert!(told.iter().any(|line| line.contains("Refused") || line.contains("16")));
}

#[test]
fn cpp_events_are_polled_and_released() {
    let cluster = cluster_that_refuses();
    let ended = run("queues", &[&cluster.namesrv()]);
    assert_eq!(cluster.message_count("Queued"), 1004);
    assert_eq!(told(&ended), ["told by a wake-up"]);
}

#[test]
fn the_cpp_layer_compiles_without_a_warning_in_every_mode() {
    // With optimization the compiler sees more.
    Program::cpp("exceptions", &["-std=c++17", "-O2", "-fno-rtti"]);
    for standard in ["-std=c++20", "-std=c++23"] {
        Program::cpp("sends", &[standard, "-fsyntax-only"]);
    }
}

#[test]
fn the_cpp_example_compiles_by_the_command_at_its_top_and_its_messages_arrive() {
    let source = fs::read_to_string(root().join("examples-c/futures.cpp")).unwrap();
    assert!(source.lines().count() < 80);
    let (program, command) = Program::example("futures.cpp");
    let cluster = cluster();
    let ended = program.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
    assert_eq!(cluster.message_count("my_topic"), 10);
    assert_eq!((ended.lines.len(), ended.errors.len()), (5, 0), "{:?}", ended.errors);
    println!("10 messages, by `{command}`");
    let ended = program.run(&["127.0.0.1:1", "my_group", "my_topic"]).with_code(1);
    assert!(
        ended.errors.iter().any(|line| line.ends_with("(ROCKETMQ_ERR_NO_NAMESRV)")),
        "{:?}",
        ended.errors
    );
}
