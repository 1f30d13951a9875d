//! What a producer has counted in the end is what the book says.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;

use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::SendStatus;
use serde_json::Value;

use crate::book::{End, Mode, Sent};
use crate::member::Member;
use crate::world::Run;

static KINDS: LazyLock<Vec<String>> =
    LazyLock::new(|| ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect());

/// As the sources call it.
fn name(kind: ErrorKind) -> &'static str {
    let index = ErrorKind::ALL.iter().position(|known| *known == kind);
    index.map_or("", |index| KINDS[index].as_str())
}

/// What one producer's sends came to, by the book.
#[derive(Default)]
struct Expected<'a> {
    told: Vec<&'a Sent>,
    accepted: u64,
    refused: u64,
    oneways: u64,
    /// Accepted sends of whose end nobody was told.
    untold: u64,
    /// Calls that were given up before they returned: accepted or not.
    unknown: u64,
}

impl<'a> Expected<'a> {
    fn of(member: &Member, sent: &'a [Sent]) -> Self {
        let mut expected = Self::default();
        for sent in sent.iter().filter(|sent| sent.member == member.index) {
            match sent.accepted {
                Some(false) => expected.refused += 1,
                None => expected.unknown += 1,
                Some(true) => {
                    expected.accepted += 1;
                    if sent.mode == Mode::OneWay {
                        expected.oneways += 1;
                    } else if sent.ends.is_empty() {
                        expected.untold += 1;
                    } else {
                        expected.told.push(sent);
                    }
                }
            }
        }
        expected
    }

    fn count(&self, which: impl Fn(&End) -> bool) -> u64 {
        self.told.iter().filter(|sent| which(&sent.ends[0])).count() as u64
    }
}

pub(crate) fn check(run: &Run, sent: &[Sent]) {
    for member in &run.members {
        let text = member.producer.stats_json(name);
        let stats: Value = serde_json::from_str(&text).unwrap();
        let wrong = compare(&Expected::of(member, sent), member, &stats);
        run.book.check(wrong.is_empty(), || {
            format!("producer {} has counted {}, but: {}", member.index, text, wrong.join("; "))
        });
    }
}

fn compare(expected: &Expected<'_>, member: &Member, stats: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let n = |path: &str| {
        stats.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no {path} in {stats}"))
    };
    let mut within = |what: &str, least: u64, more: u64| {
        let found = n(what);
        if !(least..=least + more).contains(&found) {
            wrong.push(format!("{what} is {found}, not {least} and {more} more at most"));
        }
    };
    let probes = member.probes.load(Ordering::Relaxed);
    let loose = expected.untold + expected.unknown;
    within("/sends/ended", expected.accepted + probes, expected.unknown);
    within("/in_flight/sends", 0, 0);
    within("/in_flight/bytes", 0, 0);
    within("/completions/held", 0, 0);
    within("/completions/events_dropped", member.polled.dropped(), 0);
    within("/refused/calls", expected.refused, 0);
    let statuses = [
        ("ok", SendStatus::Ok, probes),
        ("flush_disk_timeout", SendStatus::FlushDiskTimeout, 0),
        ("flush_slave_timeout", SendStatus::FlushSlaveTimeout, 0),
        ("slave_not_available", SendStatus::SlaveNotAvailable, 0),
    ];
    for (name, wanted, more) in statuses {
        let told = expected.count(|end| matches!(end, End::Stored { status, .. } if *status == wanted));
        within(&format!("/sends/stored/{name}"), told + more, loose);
    }
    let lost = n("/sends/failed/oneway");
    within("/sends/written/sends", expected.oneways.saturating_sub(lost), 0);
    for (name, wanted) in
        [("not_sent", Outcome::NotSent), ("rejected", Outcome::Rejected), ("unknown", Outcome::Unknown)]
    {
        let told = expected.count(|end| matches!(end, End::Failed { outcome, .. } if *outcome == wanted));
        within(&format!("/sends/failed/{name}"), told, loose + lost);
    }
    let stored = expected.told.iter().filter(|sent| matches!(sent.ends[0], End::Stored { .. }));
    let messages: usize = stored.map(|sent| sent.bodies.len()).sum();
    let attempts: u32 = expected.told.iter().filter_map(|sent| sent.attempts).sum();
    let many = if loose == 0 { 0 } else { u64::from(u32::MAX) };
    within("/sends/stored/messages", messages as u64 + probes, many);
    let many = if loose + expected.oneways == 0 { 0 } else { u64::from(u32::MAX) };
    within("/sends/attempts", u64::from(attempts) + probes, many);
    wrong.extend(by_status(expected, stats, loose + lost));
    wrong
}

/// Each failure under its own status.
fn by_status(expected: &Expected<'_>, stats: &Value, loose: u64) -> Vec<String> {
    let listed = stats["sends"]["failed"]["by_status"].as_array().unwrap();
    let counted = |name: &str| {
        let found = listed.iter().find(|entry| entry["status"] == name);
        found.map_or(0, |entry| entry["count"].as_u64().unwrap())
    };
    let differs = |kind: &ErrorKind| {
        let told = expected.count(|end| matches!(end, End::Failed { kind: told, .. } if told == kind));
        let found = counted(name(*kind));
        (!(told..=told + loose).contains(&found)).then(|| format!("{kind:?} is {found}, told {told}"))
    };
    ErrorKind::ALL.iter().filter_map(differs).collect()
}
