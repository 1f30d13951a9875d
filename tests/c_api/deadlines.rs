//! Limits hold in real time whatever the peers do. How close is for quiet machines, `make soak`; here the machine is
//! busy with other tests.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rocketmq_mock::{Cluster, Node};

use crate::peers::{Deadlines, SCENARIOS, measure};
use crate::program::{Program, cluster};

#[test]
fn every_call_ends_at_its_limit_whatever_the_peers_do() {
    let program = Deadlines::new();
    thread::scope(|scope| {
        let run = |scenario| (scenario, measure(&program, scenario));
        let running: Vec<_> = SCENARIOS.iter().map(|&scenario| scope.spawn(move || run(scenario))).collect();
        let all: Vec<_> = running.into_iter().map(|thread| thread.join().unwrap()).collect();
        for (scenario, matrix) in &all {
            print!("{}", matrix.shown(*scenario));
        }
        for (scenario, matrix) in &all {
            matrix.check(*scenario, Duration::from_secs(1));
            assert!(matrix.exit < Duration::from_secs(1), "{scenario:?}: {:?}", matrix.exit);
        }
    });
}

const CALLS: i64 = 4000;

/// A cluster that is well, or says nothing from the first connection on.
fn peers(silent: bool) -> Cluster {
    let cluster = cluster();
    if silent {
        cluster.set_frozen(Node::NameServer, true);
        cluster.set_frozen(0, true);
    }
    cluster
}

/// The calling thread goes on; the exceptions are locks, held for a few lines by a thread that may itself have lost its
/// core there, and so not one call in ten. One that waited for a peer would sleep in each call, or until its limit.
#[test]
fn async_and_one_way_sends_do_not_put_their_thread_to_sleep() {
    let program = Program::new("never_waits");
    for (silent, name) in [(true, "silent"), (false, "calm")] {
        let cluster = peers(silent);
        let ended = program.run(&[&cluster.namesrv(), name, &CALLS.to_string()]).well();
        println!("{name}:\n{}", ended.shown());
        for kind in ["async", "oneway"] {
            let slept = ended.number(&format!("{kind}_calls_with_switches"));
            assert!(slept < CALLS / 10, "{name}: {slept} of {CALLS} {kind} calls slept");
            assert!(ended.number(&format!("{kind}_max_ns")) < 1_000_000_000);
        }
    }
}

/// What the kernel was asked for, in the words of strace, on the calling thread between its first and its last look at
/// its switches. The one thing it may sleep in is a lock: the library's waits for a peer have a limit.
#[test]
fn async_and_one_way_sends_ask_the_system_for_nothing_that_waits() {
    let program = Program::new("never_waits").under(&["strace", "-qq"]);
    for (silent, name) in [(true, "silent"), (false, "calm")] {
        let cluster = peers(silent);
        let ended = program.run(&[&cluster.namesrv(), name, &CALLS.to_string()]).well();
        let looks = |call: &&String| call.starts_with("getrusage(");
        let first = ended.errors.iter().position(|call| looks(&call)).unwrap();
        let last = ended.errors.iter().rposition(|call| looks(&call)).unwrap();
        let mut counts = BTreeMap::new();
        for call in &ended.errors[first..last] {
            let allocates = ["brk(", "mmap(", "munmap(", "mremap(", "madvise(", "mprotect("];
            let what = match () {
                () if looks(&call) => "looks",
                () if call.contains(", \"\\1\\0\\0\\0\\0\\0\\0\\0\", 8)") => "wakes of the worker",
                () if call.contains("FUTEX_WAKE") => "wakes of a lock",
                () if call.contains("FUTEX_WAIT") && call.contains("NULL, FUTEX_BITSET_MATCH_ANY") => "locks",
                // The C library's own, as in its allocator.
                () if call.contains("FUTEX_WAIT_PRIVATE, 2, NULL)") => "locks",
                () if allocates.iter().any(|name| call.starts_with(name)) => "memory",
                // Ids count from the start of the local month, so the zone is looked after now and then.
                () if call.contains("/etc/localtime") || call.starts_with("clock_gettime(") => "clock",
                // The program's own, between the kinds: sorting and printing.
                () if call.starts_with("sysinfo(") || call.starts_with("write(1, ") => "lines",
                () if call.starts_with("fstat(1, ") || call.starts_with("newfstatat(1, ") => "lines",
                () => panic!("{name}: {call}"),
            };
            *counts.entry(what).or_insert(0) += 1;
        }
        println!("{name}: {counts:?}");
        assert!(counts["looks"] > 2 * CALLS);
    }
}
