//! Leaks and wrong accesses, found by valgrind in programs that end with a global shutdown.

use std::time::Instant;

use rocketmq_mock::{Cluster, Fault, Options, Rule};

use crate::mock;
use crate::program::{Ended, Language, Program, cluster};

/// Whatever is lost, for certain or possibly, is an error, and there are no suppressions.
const MEMCHECK: &[&str] = &[
    "valgrind",
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--num-callers=40",
    // One thread runs at a time there; each gets its turn.
    "--fair-sched=try",
];

/// It has the topic "Everything" and takes timers back, and sends to the topic "Refused" are refused.
pub(crate) fn cluster_that_refuses() -> Cluster {
    let cluster = Cluster::start(Options { version: 513, recall: true, ..Options::default() }).unwrap();
    cluster.add_topic("Everything", 4);
    cluster.fault(0, Rule::always(Fault::respond(16)).sends().topic("Refused"));
    cluster
}

/// Runs a program of `tests/c`, or of `tests/cpp` if its name ends so, under memcheck.
fn memcheck(name: &str, cluster: &Cluster, arguments: &[&str]) -> Ended {
    let address = cluster.namesrv();
    let program = match name.strip_suffix(".cpp") {
        Some(name) => Program::cpp(name, &["-std=c++17"]),
        None => Program::new(name),
    };
    program.under(MEMCHECK).run(&[&[address.as_str()], arguments].concat())
}

/// It ended well, and memcheck had nothing to say.
fn is_clean(ended: Ended) {
    let ended = ended.well();
    let said: Vec<_> = ended.errors.iter().filter(|line| line.starts_with("==")).collect();
    assert!(said.is_empty(), "{said:#?}");
}

/// It ended well, and memcheck had nothing to say.
fn clean(name: &str, cluster: &Cluster, arguments: &[&str]) {
    let began = Instant::now();
    is_clean(memcheck(name, cluster, arguments));
    println!("{name} {arguments:?}: clean, {:?}", began.elapsed());
}

#[test]
fn valgrind_finds_a_leak_where_there_is_one() {
    let ended = memcheck("everything", &cluster_that_refuses(), &["leak"]).with_code(99);
    let lost: Vec<_> = ended.errors.iter().filter(|line| line.contains("definitely lost")).collect();
    println!("{lost:?}");
    assert_eq!(lost.len(), 1);
}

#[test]
fn valgrind_finds_nothing_in_a_program_that_uses_everything() {
    let cluster = cluster_that_refuses();
    clean("everything", &cluster, &[]);
    assert_eq!(cluster.message_count("Everything"), 103);
}

#[test]
fn valgrind_finds_nothing_in_a_program_with_a_mock_cluster_inside() {
    let program = Program::linked(Language::C99, &["mock_calls"], &mock::both()).under(MEMCHECK);
    is_clean(program.run(&[]));
}

#[test]
fn valgrind_finds_nothing_in_the_other_programs() {
    clean("async", &cluster(), &["4", "2000"]);
    clean("callback", &cluster(), &[]);
    clean("destroy", &cluster(), &["outside"]);
    clean("destroy", &cluster(), &["inside"]);
    clean("refused", &cluster(), &["settings"]);
    clean("refused", &cluster(), &["messages"]);
    clean("queue", &cluster(), &["full"]);
    clean("queue", &cluster(), &["destroyed"]);
    clean("exceptions.cpp", &crate::cpp::cluster_that_freezes(), &[]);
}
