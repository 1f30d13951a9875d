//! Holds what C was told against what Apache's client reads back.

use std::collections::{HashMap, HashSet};

use crate::clock::wait_for;
use crate::load::{PER_TOPIC, Printed, Told};
use crate::net::NAME_SERVERS;
use crate::reader::{self, Stored};
use crate::servers::NAME_SERVER_PORT;

/// `ROCKETMQ_OUTCOME_UNKNOWN`
const UNKNOWN: i32 = 0;
/// One more than the default of "send.retries".
const ATTEMPTS_MAX: u32 = 3;
/// A blocking call may exceed its limit by so much on a machine that is busy.
const EXCESS_US: i64 = 1_000_000;

/// What is stored of a message: its id and its places.
#[derive(Default)]
struct Copies {
    ids: HashSet<String>,
    places: Vec<(String, i64, i64)>,
}

/// Promises that did not hold; figures go to stdout.
pub(crate) fn broken_promises(printed: &Printed) -> Vec<String> {
    let mut broken = Vec::new();
    the_program(printed, &mut broken);
    the_messages(&printed.told, &mut broken);
    broken
}

/// Calls, callbacks, resources.
fn the_program(printed: &Printed, broken: &mut Vec<String>) {
    for line in printed.odd.iter().take(20) {
        broken.push(format!("the program printed: {line}"));
    }
    let Some((shutdown, [accepted, completed, wrong, late])) = &printed.end else {
        broken.push("the program did not come to its end".to_owned());
        return;
    };
    println!(
        "shutdown {shutdown}; {accepted} asynchronous sends accepted, {completed} completed, {wrong} not as often as \
         due, {late} after the shutdown"
    );
    if shutdown != "ROCKETMQ_OK" || accepted != completed || (*wrong, *late) != (0, 0) {
        broken.push(format!("shutdown and callbacks: {:?}", printed.end));
    }
    for (call, us, limit, status) in &printed.longest {
        println!("longest {call}: {} ms of {} ({status})", us / 1000, limit / 1000);
        if *us > limit + EXCESS_US {
            broken.push(format!("{call} took {us} us of {limit}"));
        }
    }
    let of = |name: &str| printed.resources.iter().find(|(when, ..)| when == name).map(|(_, t, d)| (*t, *d));
    println!("threads and descriptors: {:?}", printed.resources);
    for (first, last) in [("start", "end"), ("before", "after")] {
        let (Some(first), Some(last)) = (of(first), of(last)) else {
            broken.push(format!("resources {first} or {last} were not told"));
            continue;
        };
        if last.0 > first.0 || last.1 > first.1 {
            broken.push(format!("threads and descriptors were {first:?} and are {last:?}"));
        }
    }
}

/// Whatever is acknowledged is stored where C was told; what was not sent is not.
fn the_messages(told: &[Told], broken: &mut Vec<String>) {
    let topics = told.iter().map(|told| told.index / PER_TOPIC).max().map_or(0, |last| last + 1);
    let mut by_topic = vec![Vec::new(); topics];
    for told in told {
        by_topic[told.index / PER_TOPIC].push(told);
    }
    let mut sums = Sums::default();
    for (topic, told) in by_topic.iter().enumerate() {
        the_messages_of(&format!("chaos-{topic}"), told, &mut sums, broken);
    }
    let acknowledged = told.iter().filter(|told| told.is_acknowledged()).count();
    let failed = told.iter().filter(|told| !told.is_ok()).count();
    let one_way = told.iter().filter(|told| told.kind == 'o' && told.is_ok()).count();
    println!(
        "{} sends, {acknowledged} acknowledged, {one_way} one-way, {failed} failed; {} copies of {} messages stored, {} \
         second copies ({} of acknowledged ones); {} one-way ones not stored; of the failed {} of unknown outcome, {} \
         of these stored",
        told.len(),
        sums.copies,
        sums.messages,
        sums.copies - sums.messages,
        sums.second_acknowledged,
        sums.one_way_lost,
        sums.unknown,
        sums.unknown_stored,
    );
    for (status, count) in counts(told) {
        println!("    {count} {status}");
    }
}

#[derive(Default)]
struct Sums {
    copies: usize,
    messages: usize,
    second_acknowledged: usize,
    one_way_lost: usize,
    unknown: usize,
    unknown_stored: usize,
}

fn the_messages_of(topic: &str, told: &[&Told], sums: &mut Sums, broken: &mut Vec<String>) {
    let is_there = |copies: &HashMap<usize, Copies>, told: &Told| {
        copies.get(&told.index).is_some_and(|copies| {
            let place = (told.broker.to_string(), told.queue_id, told.queue_offset);
            copies.ids.contains(&*told.id) && copies.places.contains(&place)
        })
    };
    let mut copies = HashMap::new();
    let acknowledged: Vec<_> = told.iter().filter(|told| told.is_acknowledged()).collect();
    // Readers see a message a little after it is acknowledged.
    wait_for(30, || {
        copies = stored(topic);
        acknowledged.iter().all(|told| is_there(&copies, told))
    });
    let missing: Vec<_> = acknowledged.iter().filter(|told| !is_there(&copies, told)).collect();
    if let Some(first) = missing.first() {
        broken.push(format!("{topic}: {} acknowledged messages are missing: {first:?}", missing.len()));
    }
    sums.messages += copies.len();
    for told in told {
        let places = copies.remove(&told.index).unwrap_or_default();
        let count = places.places.len();
        sums.copies += count;
        if told.is_acknowledged() {
            sums.second_acknowledged += count.saturating_sub(1);
        } else if told.is_ok() {
            sums.one_way_lost += usize::from(count == 0);
        } else if told.outcome == UNKNOWN {
            sums.unknown += 1;
            sums.unknown_stored += usize::from(count > 0);
        } else if count > 0 {
            broken.push(format!("{topic}: not sent, and stored: {told:?} {:?}", places.places));
        }
        // A one-way send is not told how often it was tried.
        let attempts_max = if told.kind == 'o' { ATTEMPTS_MAX } else { told.attempts };
        if count > attempts_max as usize || places.ids.len() > 1 {
            broken.push(format!("{topic}: more copies or ids than attempts: {told:?} {:?}", places.places));
        }
    }
    if let Some(index) = copies.keys().next() {
        broken.push(format!("{topic}: {} messages that nobody sent, as {index}", copies.len()));
    }
}

/// All messages of a topic, by their numbers.
fn stored(topic: &str) -> HashMap<usize, Copies> {
    let name_servers = NAME_SERVERS.map(|node| format!("{}:{NAME_SERVER_PORT}", node.address())).join(";");
    let mut read = None;
    let can_be_read = wait_for(60, || {
        read = reader::read(&name_servers, topic).ok();
        read.is_some()
    });
    assert!(can_be_read, "{topic} can be read");
    let mut copies = HashMap::<usize, Copies>::new();
    for message in read.unwrap_or_default() {
        let Stored { broker, queue_id, queue_offset, msg_id, properties, .. } = message;
        let index = properties["index"].parse().expect("the index is a number");
        let known = copies.entry(index).or_default();
        known.ids.insert(msg_id);
        known.places.push((broker, queue_id, queue_offset));
    }
    copies
}

/// Failed sends by kind, status, outcome; the most frequent first, with the first's own words.
fn counts(told: &[Told]) -> Vec<(String, usize)> {
    let mut counts = HashMap::<_, (usize, &str)>::new();
    for told in told.iter().filter(|told| !told.is_ok()) {
        let what = (told.kind, &told.status, told.outcome, told.attempts);
        counts.entry(what).or_insert((0, &told.why)).0 += 1;
    }
    let mut counts: Vec<_> = counts
        .into_iter()
        .map(|((kind, status, outcome, attempts), (count, why))| {
            (format!("{kind} {status}, outcome {outcome}, {attempts} attempts, as: {why}"), count)
        })
        .collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts
}
