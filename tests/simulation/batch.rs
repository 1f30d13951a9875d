//! Many seeds on all cores, and what they showed.

use std::collections::HashSet;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rocketmq_producer::producer::Instant;

use crate::book::Counts;
use crate::world::{PANIC, Report, lock, simulate};

/// A batch stops after so many seeds that broke an invariant: a few show better what they have in common.
const BAD_MAX: usize = 10;

/// What a batch showed so far.
#[derive(Default)]
struct Total {
    counts: Counts,
    schedules: HashSet<u64>,
    simulated: Duration,
    bad: usize,
    broken: Vec<(u64, String)>,
}

/// Panics that are part of a run are not printed.
pub(crate) fn quiet_planned_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            before(info);
        }
    }));
}

/// Runs `count` seeds from `first` on.
pub(crate) fn run(first: u64, count: u64) {
    let begun = Instant::now();
    let (next, stop, total) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(Total::default()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let seed = first + index;
                    let report = panic::catch_unwind(AssertUnwindSafe(|| simulate(seed, false)));
                    stop.fetch_or(add(&mut lock(&total), seed, report.ok()), Ordering::Relaxed);
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    report(&total, begun.elapsed(), cores);
    fail(total.broken);
}

/// Whether there were enough bad runs.
fn add(total: &mut Total, seed: u64, report: Option<Report>) -> bool {
    let Some(report) = report else {
        total.bad += 1;
        total.broken.push((seed, "the run panicked".to_owned()));
        return total.bad >= BAD_MAX;
    };
    for (name, count) in report.counts {
        *total.counts.entry(name).or_default() += count;
    }
    total.schedules.insert(report.hash);
    total.simulated += report.simulated;
    total.bad += usize::from(!report.broken.is_empty());
    total.broken.extend(report.broken.into_iter().take(3).map(|sentence| (seed, sentence)));
    total.bad >= BAD_MAX
}

fn report(total: &Total, took: Duration, cores: usize) {
    for (name, count) in &total.counts {
        println!("{count:>10} {name}");
    }
    let of = |name| total.counts.get(name).copied().unwrap_or_default();
    let runs = of("run with troubles") + of("run without");
    let spent =
        cpu_seconds().unwrap_or_else(|| took.as_secs_f64() * f64::from(u32::try_from(cores).unwrap()));
    let each = spent * 1000.0 / runs.max(1) as f64;
    println!(
        "{runs} seeds, {} sends: {} stored, {} not sent, {} rejected, {} unknown; {} schedules, {:.0} simulated hours, \
         {:.1} seconds, {each:.2} ms for a seed on one core",
        of("sends"),
        of("end: stored") + of("end: stored, not OK"),
        of("end: not sent"),
        of("end: rejected"),
        of("end: unknown"),
        total.schedules.len(),
        total.simulated.as_secs_f64() / 3600.0,
        took.as_secs_f64(),
    );
}

/// What this process has used so far, where the system tells: the machine may have other work.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // User and system time in hundredths, behind the program's name in brackets.
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// Runs one seed and tells what happens.
pub(crate) fn replay(seed: u64) {
    let report = simulate(seed, true);
    println!("seed {seed}: hash {:016x}, {:?}", report.hash, report.counts);
    fail(report.broken.into_iter().map(|sentence| (seed, sentence)).collect());
}

fn fail(mut broken: Vec<(u64, String)>) {
    broken.sort();
    let Some((seed, _)) = broken.first() else { return };
    let sentences: Vec<_> =
        broken.iter().map(|(seed, sentence)| format!("seed {seed}: {sentence}")).collect();
    panic!(
        "{}\nreplay it: SEED={seed} cargo test --profile simulate --test simulation -- --nocapture",
        sentences.join("\n")
    );
}
