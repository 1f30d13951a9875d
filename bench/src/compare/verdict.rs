//! What is promised of this library's cost, beside what was measured. A ratio is taken within each round, of rows that
//! were measured one after the other; its median is judged.

use std::fmt::Write;

use super::plan::languages::{
    GO_ASYNC, NODE_ASYNC, NODE_MANY, OURS_ASYNCIO, OURS_GO, OURS_NODE, PYTHON_ASYNC, PYTHON_MANY,
    PYTHON_SYNC, ROCKETMQ_NODEJS, ROCKETMQ_PYTHON,
};
use super::plan::{
    ASYNC_FREE, ASYNC_PINNED, AXES_BASE, CORNER, Client, FLOOR, GO, ONEWAY, OPEN, OURS, SYNC_PINNED,
    SYNC_THREADS, Section, key, peers,
};
use super::report::{GUARD, SIZE};
use super::results::Results;
use super::tables::{exact, in_words, rounded};
use crate::table::Spread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    AtMost,
    AtLeast,
}

/// One promise.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) what: String,
    bound: Bound,
    must: Option<f64>,
    aim: Option<f64>,
    /// What the bounds are multiples of; nothing for ratios.
    unit: &'static str,
    value: Option<Spread>,
    /// What stands beside it.
    pub(crate) remark: String,
}

/// The figures, with the questions that the promises ask.
struct Asked<'a> {
    results: &'a Results,
}

/// All promises.
pub(crate) fn all(results: &Results) -> Vec<Verdict> {
    let asked = Asked { results };
    let mut verdicts = asked.cost();
    verdicts.extend(asked.latency());
    verdicts.extend(asked.growth());
    verdicts.extend(asked.absolute());
    verdicts.extend(asked.languages());
    verdicts
}

impl Asked<'_> {
    fn cost(&self) -> Vec<Verdict> {
        let pinned = self.to_floor(ASYNC_PINNED, "cpu_us");
        let free = self.to_floor(ASYNC_FREE, "cpu_us");
        let lib = self.to(ASYNC_FREE, "librocketmq", "cpu_us");
        vec![
            at_most("async, CPU per message, ours / floor, pinned", 5.0, 3.0, pinned),
            at_most("async, CPU per message, ours / floor, free", 7.0, 4.0, free),
            self.to_best("async, CPU per message", ASYNC_FREE, "cpu_us", (1.0 / 5.0, 1.0 / 12.0)),
            at_most("async, CPU per message, ours / librocketmq", 1.0 / 60.0, 1.0 / 120.0, lib),
            self.to_best("async, messages a second", ASYNC_FREE, "rate", (5.0, 10.0)),
            self.to_best("one-way, CPU per message", ONEWAY, "cpu_us", (1.0 / 8.0, 1.0 / 15.0)),
            self.to_best("sync, 16 threads, CPU per message", SYNC_THREADS, "cpu_us", (1.0 / 2.0, 1.0 / 5.0)),
        ]
    }

    fn latency(&self) -> Vec<Verdict> {
        let sync = self.to_floor(SYNC_PINNED, "p50");
        let mut below = self.to_best("sync, p50, pinned", SYNC_PINNED, "p50", (1.0, 1.0));
        below.must = None;
        vec![
            at_most("sync, p50, ours / floor, pinned", 1.5, 1.2, sync),
            below,
            self.to_best("open loop, p99", OPEN, "p99", (1.0 / 2.0, 1.0 / 4.0)),
            self.figure("time of the caller in send_async, p50", (ASYNC_FREE, "call_p50"), "µs", (1.0, 0.4)),
            self.figure("time of the caller in send_oneway, p50", (ONEWAY, "call_p50"), "µs", (1.0, 0.4)),
        ]
    }

    fn growth(&self) -> Vec<Verdict> {
        let at = |group: &str, client: &str| key(Section::Axes, group, client);
        let [ours, base] = [CORNER, AXES_BASE].map(|group| at(group, OURS.name));
        let [floor, floor_base] = [CORNER, AXES_BASE].map(|group| at(group, FLOOR.name));
        let corner = self.results.ratio_of_ratios((&ours, &base), (&floor, &floor_base), "cpu_us");
        let mut corner = at_most(
            "64 brokers, 10,000 topics, window 4,096 against the base point, CPU per message, growth of ours / of the \
             floor with 64 connections",
            1.6,
            1.3,
            corner,
        );
        let alone = |key: &str, base: &str| self.results.ratio(key, base, "cpu_us");
        if let (Some(ours), Some(floor)) = (alone(&ours, &base), alone(&floor, &floor_base)) {
            corner.remark = format!(
                "ours alone: {}, the floor alone: {}",
                in_words(&ours, factor),
                in_words(&floor, factor)
            );
        }
        let threads = alone(&at("threads 8", OURS.name), &base);
        vec![corner, at_most("8 threads against 1, CPU per message, ours", 1.6, 1.3, threads)]
    }

    fn absolute(&self) -> Vec<Verdict> {
        let in_units = |spread: Option<Spread>, unit: f64| Some(spread?.map(|value| value / unit));
        let counted = |what, figure: &str, must, aim| {
            let value = self.results.spread(&key(Section::Base, GUARD, OURS.name), figure);
            Verdict { unit: "count", must: Some(must), aim, ..at_most(what, must, 0.0, value) }
        };
        let rss = self.results.spread(&key(Section::Base, ASYNC_FREE, OURS.name), "rss_kib");
        let size = self.results.spread(&key(Section::Base, SIZE, OURS.name), "bytes");
        let rss = at_most("memory (RSS) after async at the base point", 8.0, 5.0, in_units(rss, 1024.0));
        let size = at_most("release .so, stripped", 2.0, 1.2, in_units(size, 1024.0 * 1024.0));
        vec![
            counted("socket writes per message, window 256", "socket writes", 0.1, Some(0.03)),
            counted("allocations per message", "allocations with a message each", 2.0, Some(0.01)),
            Verdict { unit: "MiB", ..rss },
            Verdict { unit: "MiB", ..size },
        ]
    }

    fn languages(&self) -> Vec<Verdict> {
        let at = |group: &str, client: &Client| key(Section::Languages, group, client.name);
        let cpu = |what: &str, ours: String, other: String, must| {
            let value = self.results.ratio(&ours, &other, "cpu_us");
            must_only(what, must, value)
        };
        let stall = |what: &str, ours: String| {
            let verdict = must_only(what, 10.0, self.results.spread(&ours, "stall_ms"));
            let own = self.results.spread(&ours, "stall_cpu_ms");
            let remark =
                own.map(|own| format!("of its thread's own time at most {} ms", in_words(&own, rounded)));
            Verdict { unit: "ms", remark: remark.unwrap_or_default(), ..verdict }
        };
        vec![
            cpu(
                "Go, async, CPU per message, ours / rocketmq-client-go",
                at(GO_ASYNC, OURS_GO),
                at(GO_ASYNC, GO),
                1.0 / 5.0,
            ),
            cpu(
                "Node, async, CPU per message, ours / rocketmq-nodejs",
                at(NODE_ASYNC, OURS_NODE),
                at(NODE_ASYNC, ROCKETMQ_NODEJS),
                1.0 / 5.0,
            ),
            cpu(
                "Python, CPU per message, our async / sync of the package rocketmq, which has no async",
                at(PYTHON_ASYNC, OURS_ASYNCIO),
                at(PYTHON_SYNC, ROCKETMQ_PYTHON),
                1.0 / 10.0,
            ),
            stall("Node, window 10,000, longest stall of the event loop", at(NODE_MANY, OURS_NODE)),
            stall("asyncio, window 10,000, longest stall of the event loop", at(PYTHON_MANY, OURS_ASYNCIO)),
        ]
    }

    fn to(&self, group: &str, other: &str, figure: &str) -> Option<Spread> {
        let of = |client: &str| key(Section::Base, group, client);
        self.results.ratio(&of(OURS.name), &of(other), figure)
    }

    fn to_floor(&self, group: &str, figure: &str) -> Option<Spread> {
        self.to(group, FLOOR.name, figure)
    }

    /// Against the peer with the best median; of rates the greatest is the best.
    fn to_best(&self, what: &str, group: &str, figure: &str, (must, aim): (f64, f64)) -> Verdict {
        let greatest = figure == "rate";
        let median =
            |client: &str| Some(self.results.spread(&key(Section::Base, group, client), figure)?.median);
        let medians = peers().filter_map(|peer| Some((median(peer.name)?, peer.name)));
        let medians: Vec<(f64, &str)> = medians.collect();
        let order = |a: &&(f64, &str), b: &&(f64, &str)| a.0.total_cmp(&b.0);
        let best = if greatest { medians.iter().max_by(order) } else { medians.iter().min_by(order) };
        let value = best.and_then(|(_, peer)| self.to(group, peer, figure));
        Verdict {
            bound: if greatest { Bound::AtLeast } else { Bound::AtMost },
            remark: best.map_or_else(String::new, |(_, peer)| format!("the best peer: {peer}")),
            ..at_most(&format!("{what}, ours / best peer"), must, aim, value)
        }
    }

    fn figure(
        &self,
        what: &str,
        (group, figure): (&str, &str),
        unit: &'static str,
        (must, aim): (f64, f64),
    ) -> Verdict {
        let value = self.results.spread(&key(Section::Base, group, OURS.name), figure);
        Verdict { unit, ..at_most(what, must, aim, value) }
    }
}

fn at_most(what: &str, must: f64, aim: f64, value: Option<Spread>) -> Verdict {
    Verdict {
        what: what.to_owned(),
        bound: Bound::AtMost,
        must: Some(must),
        aim: Some(aim),
        unit: "",
        value,
        remark: String::new(),
    }
}

fn must_only(what: &str, must: f64, value: Option<Spread>) -> Verdict {
    Verdict { aim: None, ..at_most(what, must, must, value) }
}

/// A ratio as people say it: 3.1, or 1/8.2.
fn factor(value: f64) -> String {
    if value > 0.0 && value < 0.95 { format!("1/{}", rounded(1.0 / value)) } else { rounded(value) }
}

impl Verdict {
    fn number(&self, value: f64) -> String {
        match self.unit {
            "" => factor(value),
            "count" => rounded(value),
            unit => format!("{} {unit}", rounded(value)),
        }
    }

    fn bound(&self, limit: Option<f64>) -> String {
        let sign = if self.bound == Bound::AtMost { "≤" } else { "≥" };
        limit.map_or_else(|| "–".to_owned(), |limit| format!("{sign} {}", exact(&self.number(limit))))
    }

    pub(crate) fn must(&self) -> String {
        self.bound(self.must)
    }

    pub(crate) fn aim(&self) -> String {
        self.bound(self.aim)
    }

    pub(crate) fn measured(&self) -> String {
        self.value.map_or_else(|| "not measured".to_owned(), |value| in_words(&value, |it| self.number(it)))
    }

    /// What the median deserves.
    pub(crate) fn met(&self) -> &'static str {
        let Some(value) = self.value else { return "–" };
        let within = |limit: Option<f64>| {
            limit.map(|limit| match self.bound {
                Bound::AtMost => value.median <= limit,
                Bound::AtLeast => value.median >= limit,
            })
        };
        match (within(self.must), within(self.aim)) {
            (Some(false), _) => "NOT MET",
            (_, Some(true)) => "aim reached",
            (None, _) => "aim missed",
            (Some(true), _) => "met",
        }
    }
}

/// For a terminal.
pub(crate) fn text(verdicts: &[Verdict]) -> String {
    let mut text = String::from("\nmedian (least–greatest) of the ratios within rounds\n");
    for verdict in verdicts {
        let (must, aim) = (verdict.must(), verdict.aim());
        let (measured, met) = (verdict.measured(), verdict.met());
        // Writing to a string cannot fail.
        let _ = write!(text, "{met:12} {}: {measured}; must {must}, aim {aim}", verdict.what);
        let _ =
            if verdict.remark.is_empty() { writeln!(text) } else { writeln!(text, "; {}", verdict.remark) };
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[(&str, &str, u32, &str, f64)]) -> Results {
        let mut results = Results::default();
        for (group, client, round, figure, value) in lines {
            let figures = [((*figure).to_owned(), value.to_string())];
            results.add((&key(Section::Base, group, client), *round, 1), &figures, None).unwrap();
        }
        results
    }

    fn found(verdicts: &[Verdict], what: &str) -> Verdict {
        verdicts.iter().find(|verdict| verdict.what.starts_with(what)).unwrap().clone()
    }

    #[test]
    fn the_best_peer_is_the_one_with_the_best_median() {
        let results = with(&[
            (ASYNC_FREE, "ours", 1, "cpu_us", 1.0),
            (ASYNC_FREE, "go", 1, "cpu_us", 40.0),
            (ASYNC_FREE, "java-4.9.8", 1, "cpu_us", 8.0),
            (ASYNC_FREE, "floor", 1, "cpu_us", 0.1),
            (ASYNC_FREE, "ours", 1, "rate", 900.0),
            (ASYNC_FREE, "go", 1, "rate", 20.0),
            (ASYNC_FREE, "java-4.9.8", 1, "rate", 200.0),
        ]);
        let verdicts = all(&results);
        let cpu = found(&verdicts, "async, CPU per message, ours / best peer");
        assert_eq!((cpu.measured().as_str(), cpu.met()), ("1/8.00", "met"));
        assert_eq!(cpu.remark, "the best peer: java-4.9.8");
        let rate = found(&verdicts, "async, messages a second");
        assert_eq!((rate.measured().as_str(), rate.met()), ("4.50", "NOT MET"));
        let floor = found(&verdicts, "async, CPU per message, ours / floor, free");
        assert_eq!((floor.must().as_str(), floor.met()), ("≤ 7", "NOT MET"));
    }

    #[test]
    fn an_aim_without_a_must_is_reached_or_missed() {
        let reached = |ours: f64| {
            let results = with(&[
                (SYNC_PINNED, "ours", 1, "p50", ours),
                (SYNC_PINNED, "go", 1, "p50", 90.0),
                (SYNC_PINNED, "floor", 1, "p50", 60.0),
            ]);
            found(&all(&results), "sync, p50, pinned, ours / best peer").met()
        };
        assert_eq!((reached(70.0), reached(95.0)), ("aim reached", "aim missed"));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let verdicts = all(&Results::default());
        assert!(verdicts.iter().all(|verdict| verdict.met() == "–"));
        assert!(text(&verdicts).contains("not measured"));
    }
}
