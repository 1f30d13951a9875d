//! The library against real Apache servers in networks where one thing after the other breaks: it has to keep every
//! promise, and says how long it takes to be well again.
//!
//! `make chaos` runs it, and nothing else does: it needs root and takes minutes. `scripts/chaos.sh` gives it
//! namespaces of its own, so that whatever it makes vanishes with it. The same seed draws the same faults.

#![cfg(test)]

mod check;
mod clock;
#[path = "../support/compile.rs"]
mod compile;
mod fault;
mod load;
mod net;
#[path = "../support/reader.rs"]
mod reader;
mod recovery;
mod relay;
mod servers;

use std::env;
use std::path::Path;

use clock::{Micros, SECOND, now, seconds, wait_for};
use fault::Schedule;
use load::{Load, PER_TOPIC, Printed, RATES};
use recovery::Happened;
use servers::Servers;

/// The repository, where the reader and `target/apache` are.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// A folder that vanishes with the namespaces.
const FILES: &str = "/run/chaos";
/// So long all may take to be normal again.
const RECOVERY_SECONDS: i64 = 60;
/// The load's time beyond the minutes asked for, at most: the last fault and its recovery.
const OVERTIME_SECONDS: usize = 300;

#[test]
#[ignore = "`make chaos` runs it, as root and for minutes"]
fn chaos() {
    let setting = |name: &str| env::var(name).unwrap_or_else(|_| panic!("no {name}: run `make chaos`"));
    let minutes: usize = setting("CHAOS_MINUTES").parse().expect("MINUTES is a number");
    let seed: u64 = setting("CHAOS_SEED").parse().expect("SEED is a number");
    let version = setting("CHAOS_VERSION");
    println!("chaos on Apache RocketMQ {version}: MINUTES={minutes} SEED={seed}");

    net::make();
    let mut servers = Servers::start(&version, Path::new(FILES));
    let topics = (minutes * 60 + OVERTIME_SECONDS) * RATES.iter().sum::<usize>() / PER_TOPIC + 1;
    for topic in 0..topics {
        servers.create_topic(&format!("chaos-{topic}"), 4);
    }
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos.log");
    let mut load = Load::start(Path::new(FILES), topics, &log);
    let happened = break_things(minutes, seed, &mut servers, &mut load);
    let mut printed = load.end();

    printed.told.sort_by_key(|told| told.began);
    println!("\nthe client's log: {}", log.display());
    report(&happened, &printed);
    let mut broken = check::broken_promises(&printed);
    for happened in happened.iter().filter(|happened| !happened.recovered) {
        broken.push(format!("not normal {RECOVERY_SECONDS} s after: {}", happened.fault));
    }
    assert!(broken.is_empty(), "SEED={seed}: {} promises broken:\n{}", broken.len(), broken.join("\n"));
}

/// One fault after the other, with calm between them.
fn break_things(minutes: usize, seed: u64, servers: &mut Servers, load: &mut Load) -> Vec<Happened> {
    let start = load.printed().sending.expect("it sends");
    let end = start + Micros::try_from(minutes).expect("a number") * 60 * SECOND;
    let calm = if minutes < 6 { 4 } else { 10 };
    let mut happened: Vec<Happened> = Vec::new();
    let mut schedule = Schedule::new(seed);
    // The brokers are slow at first.
    let mut recovered = settle(load, calm);
    assert!(recovered, "normal at first");
    while now() < end && recovered {
        let fault = schedule.next();
        let (began, connects) = (now(), net::connects());
        println!("{:>6} s {fault}", seconds(began - start));
        fault.happen(servers, load);
        let ended = now();
        recovered = settle(load, calm);
        let connects = net::connects() - connects;
        happened.push(Happened { fault, began, ended, next: now(), recovered, connects });
    }
    happened
}

/// Waits until all is normal and then a little; whether it came to it.
fn settle(load: &mut Load, calm: i64) -> bool {
    let mut died = false;
    let normal = wait_for(RECOVERY_SECONDS, || {
        died = load.has_ended();
        died || recovery::is_normal(&load.printed().told, now())
    });
    if normal && !died {
        // The calm itself.
        wait_for(calm, || load.has_ended());
    }
    normal && !died
}

fn report(happened: &[Happened], printed: &Printed) {
    let start = printed.sending.expect("it sent");
    for happened in happened {
        let figures = recovery::describe(happened, &printed.told);
        println!("{:>6} s {figures}", seconds(happened.began - start));
    }
    let first = happened.first().map_or(Micros::MAX, |happened| happened.began);
    let undisturbed = printed.told.iter().filter(|told| told.began < first && told.kind != 'o');
    let mut times: Vec<_> = undisturbed.map(load::Told::latency).collect();
    times.sort_unstable();
    let shown = [50, 99, 100].map(|percent| recovery::milliseconds(recovery::quantile(&times, percent)));
    println!("before the first fault: p50 {} ms, p99 {} ms, longest {} ms", shown[0], shown[1], shown[2]);
}
