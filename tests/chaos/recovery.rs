//! What a fault costs the client, and when it is over for it.

use crate::clock::{Micros, SECOND, seconds};
use crate::fault::Fault;
use crate::load::{RATES, Told};
use crate::net::BROKERS;

/// A fault that has happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened {
    pub(crate) fault: Fault,
    pub(crate) began: Micros,
    pub(crate) ended: Micros,
    /// When the next one began, or the load ended.
    pub(crate) next: Micros,
    /// Whether all was normal again before that.
    pub(crate) recovered: bool,
    /// Connections that the client began meanwhile.
    pub(crate) connects: u64,
}

/// Sends are judged together that began in the same half second.
const BIN: Micros = SECOND / 2;
/// A send that takes longer is not normal.
const SLOW: Micros = SECOND / 2;
/// So many normal bins in a row end the trouble.
const NORMAL_BINS: usize = 4;

/// Whether the last seconds were normal, and every broker took its part in them. `told` is in the order of ends, as
/// it comes.
pub(crate) fn is_normal(told: &[Told], now: Micros) -> bool {
    let last = told.iter().rev().take_while(|told| told.ended > now - 2 * SECOND);
    let last: Vec<_> = last.filter(|told| told.kind != 'o').collect();
    let good = last.iter().filter(|told| is_good(told)).count();
    let each = BROKERS.iter().all(|broker| {
        let name = broker.to_string();
        last.iter().filter(|told| *told.broker == *name).count() * 5 > last.len()
    });
    each && good * 100 >= last.len() * 99 && good * 10 >= nominal(2 * SECOND) * 7
}

fn is_good(told: &Told) -> bool {
    told.is_ok() && told.latency() < SLOW
}

/// How many sends are to be answered in a time.
fn nominal(time: Micros) -> usize {
    (RATES[0] + RATES[1]) * usize::try_from(time / 1000).expect("a time") / 1000
}

/// The figures of a fault, for people.
pub(crate) fn describe(happened: &Happened, sorted: &[Told]) -> String {
    let Happened { fault, began, ended, next, recovered, connects } = *happened;
    let from = if fault.leaves_a_broker() { began } else { ended };
    let window: Vec<_> = between(sorted, began, next).collect();
    let failed = window.iter().filter(|told| !told.is_ok()).count();
    let again = window.iter().filter(|told| told.is_ok() && told.attempts > 1).count();
    let longest = window.iter().map(|told| told.latency()).max().unwrap_or_default();
    let first = window.iter().filter(|told| told.is_acknowledged() && told.began >= from);
    let first = first.map(|told| told.ended).min();
    let bins = bins(sorted, began, next);
    let after = bins.iter().filter(|(at, _)| *at + BIN > from).collect::<Vec<_>>();
    let normal = after.windows(NORMAL_BINS).find(|bins| bins.iter().all(|(_, normal)| *normal));
    let trouble = bins.iter().rev().find(|(_, normal)| !normal).map(|(at, _)| at + BIN);
    let back = BROKERS.map(|broker| {
        let name = broker.to_string();
        let answers = between(sorted, ended, next).filter(|told| *told.broker == *name);
        since(answers.map(|told| told.ended).min(), ended)
    });
    let mut times: Vec<_> =
        between(sorted, ended, next.min(ended + 60 * SECOND)).map(|told| told.latency()).collect();
    times.sort_unstable();
    format!(
        "{fault}; all done after {} s{}\n        \
         {} sends, {failed} failed, {again} tried again, longest {} s, {connects} connections begun\n        \
         from the {}: first success {}, normal {}; trouble until {} after the beginning; \
         first answers after the end: broker-a {}, broker-b {}\n        \
         sends begun after the end ({} s): p50 {} ms, p99 {} ms, longest {} ms",
        seconds(ended - began),
        if recovered { "" } else { " - NOT NORMAL AGAIN" },
        window.len(),
        seconds(longest),
        if fault.leaves_a_broker() { "beginning" } else { "end" },
        since(first, from),
        since(normal.map(|bins| bins[0].0.max(from)), from),
        since(trouble.or(Some(began)), began),
        back[0],
        back[1],
        seconds(next.min(ended + 60 * SECOND) - ended),
        milliseconds(quantile(&times, 50)),
        milliseconds(quantile(&times, 99)),
        milliseconds(quantile(&times, 100)),
    )
}

/// Sends to be answered that began then; `sorted` is in the order of beginnings.
fn between(sorted: &[Told], from: Micros, to: Micros) -> impl Iterator<Item = &Told> {
    let start = sorted.partition_point(|told| told.began < from);
    let end = sorted.partition_point(|told| told.began < to);
    sorted[start..end.max(start)].iter().filter(|told| told.kind != 'o')
}

/// Each whole bin's start, and whether it is normal.
fn bins(sorted: &[Told], from: Micros, to: Micros) -> Vec<(Micros, bool)> {
    let mut bins = Vec::new();
    let mut at = from;
    while at + BIN <= to {
        let (mut count, mut good) = (0, 0);
        for told in between(sorted, at, at + BIN) {
            count += 1;
            good += usize::from(is_good(told));
        }
        bins.push((at, good * 100 >= count * 99 && good * 10 >= nominal(BIN) * 7));
        at += BIN;
    }
    bins
}

fn since(time: Option<Micros>, start: Micros) -> String {
    time.map_or_else(|| "never".to_owned(), |time| format!("{} s", seconds(time - start)))
}

pub(crate) fn quantile(sorted: &[Micros], percent: usize) -> Micros {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

pub(crate) fn milliseconds(time: Micros) -> String {
    format!("{}.{}", time / 1000, time % 1000 / 100)
}
