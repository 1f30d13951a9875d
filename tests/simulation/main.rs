//! A deterministic simulation of everything above the socket: clients, the mock's brokers and a hostile network on one
//! thread, in paused time, all of it drawn from one seed. The same seed gives the same run.
//!
//! | where | what |
//! |---|---|
//! | `world` | one run: what is drawn from the seed, who takes part |
//! | `member`, `sends`, `polled` | producers, their users, and who polls their completion queues |
//! | `script`, `answers`, `streams`, `names` | what goes wrong: by plan, per request, on the wire, with names |
//! | `lanes`, `dice`, `book` | callback threads, chance, the log and every send |
//! | `invariants`, `counted` | what must hold in the end; what can be seen at once is checked where it happens |
//! | `batch` | many seeds on all cores, and the report |
//!
//! `SEEDS=` so many runs from `FIRST=` on; `SEED=` one run, told event by event.

#![cfg(test)]

mod answers;
mod batch;
mod book;
mod counted;
mod dice;
mod invariants;
mod lanes;
mod member;
mod names;
mod polled;
mod script;
mod sends;
mod streams;
mod world;

use std::env;

/// Without an order there are few, since this may be a build without optimisation.
const SEEDS: u64 = 50;
/// Seeds that are run twice, of those that are run at all.
const TWICE: u64 = 100;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn every_send_ends_once_in_time_and_as_it_was_told() {
    batch::quiet_planned_panics();
    if let Some(seed) = number("SEED") {
        return batch::replay(seed);
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    batch::run(number("FIRST").unwrap_or(0), seeds);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    batch::quiet_planned_panics();
    if number("SEED").is_some() {
        return;
    }
    let first = number("FIRST").unwrap_or(0);
    for seed in first..first + number("SEEDS").unwrap_or(SEEDS / 2).min(TWICE) {
        let [one, other] = [(); 2].map(|()| world::simulate(seed, false).hash);
        assert_eq!(one, other, "seed {seed} gives two different runs");
    }
}
