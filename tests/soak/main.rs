//! What takes its time: `make soak`. Real time, real memory, real sockets, servers that are killed; every figure in one
//! table at the end, and a promise that is broken fails it.
//!
//! The programs are those of `tests/c`. How many sends, how long idleness is watched, and which sections are run,
//! `make soak` says in variables of the environment.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "programs run in real time")]

#[path = "../support/chaos.rs"]
mod chaos;
mod idle;
mod lives;
#[path = "../support/offer.rs"]
mod offer;
#[path = "../support/peers.rs"]
mod peers;
#[expect(dead_code, reason = "shared with c_api, which uses all of it")]
#[path = "../c_api/program.rs"]
mod program;
mod recovery;
mod server;
mod table;

use std::time::Duration;

use crate::chaos::storm;
use crate::offer::{MIB, Offer};
use crate::peers::{Deadlines, SCENARIOS, measure};
use crate::table::Table;

/// A number from the environment.
fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number is expected"))
}

#[test]
#[ignore = "takes minutes and a quiet machine: make soak"]
fn soak() {
    let sends = variable("ROCKETMQ_SOAK_SENDS", 10_000_000);
    let seconds = variable("ROCKETMQ_SOAK_SECONDS", 60);
    let mut table = Table::only(&std::env::var("ROCKETMQ_SOAK_ONLY").unwrap_or_default());
    table.section("deadlines", deadlines);
    table.section("recovery", recovery::recovery);
    table.section("idle", |table| idle::idle(table, seconds));
    table.section("threads", idle::threads);
    table.section("lives", lives::rounds);
    table.section("refused", |table| lives::refused(table, seconds));
    table.section("memory", memory);
    table.section("storm", |table| in_a_storm(table, sends));
    table.end();
}

fn deadlines(table: &mut Table) {
    let program = Deadlines::new();
    for scenario in SCENARIOS {
        let matrix = measure(&program, scenario);
        print!("{}", matrix.shown(scenario));
        let name = format!("{:?} {:?}", scenario.0, scenario.1);
        table.at_most(&format!("{name}: latest end after its limit, ms"), matrix.worst_ms(), 50.0);
        table.at_most(&format!("{name}: exit, ms"), matrix.exit.as_secs_f64() * 1000.0, 200.0);
        // The rest: who waited, and how it ended.
        matrix.check(scenario, Duration::from_secs(10));
    }
}

fn memory(table: &mut Table) {
    let many = || Offer { messages_max: 1_000_000, completions_max: 1_000_000, ..Offer::default() };
    let offers = [
        Offer::default(),
        Offer { bytes_max: 4 * MIB, ..many() },
        Offer { bytes_max: 32 * MIB, ..many() },
        many(),
        Offer { way: "untaken", ..Offer::default() },
    ];
    for offer in offers {
        let (accepted, _, _, growth) = offer.made();
        let name = format!(
            "{} of 1,000,000 offered to {} peers, {} MiB: growth, KiB",
            accepted,
            offer.way,
            offer.bytes_max / MIB
        );
        table.at_most(&name, growth as f64, (offer.bytes_max * 3 / 2 + 32 * MIB) as f64 / 1024.0);
    }
}

fn in_a_storm(table: &mut Table, sends: u64) {
    // It breaks a promise by itself: a completion lost, twice or late, room lost, a thread or descriptor more.
    let ended = storm(sends, 10_000, Duration::from_secs(7200));
    let number = |name| ended.number(name) as f64;
    table.figure("sends", sends as f64);
    table.figure("seconds", number("ms") / 1000.0);
    table.figure("asynchronous", number("accepted_async"));
    table.exactly("their callbacks", number("ended_async"), number("accepted_async"));
    table.figure("one-way", number("oneway"));
    table.figure("synchronous", number("sync"));
    table.figure("went well", number("succeeded"));
    table.figure("failed", number("failed"));
    table.exactly("callbacks after the shutdown", number("late"), 0.0);
    table.exactly("threads more", number("threads_more"), 0.0);
    table.exactly("descriptors more", number("descriptors_more"), 0.0);
    table.exactly("room for sends afterwards", number("room_by_number"), 10_000.0);
    table.at_most(
        "resident size, growth over the last nine tenths, KiB",
        number("rss_growth_kib"),
        5.0 * 1024.0,
    );
}
