//! Holds what C was told against what Apache's client reads back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::apache::{Apache, Stored};
use crate::content::{Content, index_of};
use crate::sender::{Run, Told};

/// How sends were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Sync,
    Async,
    /// Asynchronous, with ends that are polled.
    Queue,
    OneWay,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Sync, Self::Async, Self::Queue, Self::OneWay];

    /// Whether the end comes later than the call returns.
    pub(crate) const fn ends_later(self) -> bool {
        matches!(self, Self::Async | Self::Queue)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Queue => "queue",
            Self::OneWay => "oneway",
        }
    }
}

/// Long enough for the brokers' readers to see what was stored.
const WAIT: Duration = Duration::from_secs(30);

/// Every message was accepted, was acknowledged at the first attempt if acknowledged at all, and is there exactly
/// once as it was sent, where C was told; the topic holds nothing else.
pub(crate) fn exactly_once(apache: &Apache, topic: &str, mode: Mode, run: &Run) -> Vec<Stored> {
    all_ended_well(mode, run);
    let stored = apache.read(topic, run.messages.len(), WAIT);
    assert_eq!(stored.len(), run.messages.len(), "messages in {topic}");
    let copies = by_index(topic, &stored);
    let ids: BTreeSet<_> = stored.iter().map(|message| &message.msg_id).collect();
    assert_eq!(ids.len(), stored.len(), "ids are unique");
    for (index, told) in run.messages.iter().enumerate() {
        let found = copies.get(&index).unwrap_or_else(|| panic!("message {index} is missing in {topic}"));
        assert_eq!(found.len(), 1, "copies of message {index}");
        if mode != Mode::OneWay {
            assert_eq!((told.attempts, told.stored), (1, 0), "message {index}: {told:?}");
            assert_eq!(place_told(told), place_stored(found[0]), "message {index}");
        }
    }
    no_gaps(&stored);
    stored
}

/// Every message was acknowledged, and is there as it was sent, where C was told. Further copies, which a retry may
/// leave, are counted.
pub(crate) fn at_least_once(apache: &Apache, topic: &str, mode: Mode, run: &Run) -> (Vec<Stored>, usize) {
    all_ended_well(mode, run);
    // Copies may be seen before the one that was acknowledged.
    let mut stored = Vec::new();
    let mut missing = Vec::new();
    for _ in 0..20 {
        stored = apache.read(topic, run.messages.len(), WAIT);
        let places: HashMap<_, _> =
            stored.iter().map(|message| (place_stored(message), index_of(message))).collect();
        let is_there = |(index, told): &(usize, &Told)| places.get(&place_told(told)) == Some(index);
        missing = run.messages.iter().enumerate().filter(|message| !is_there(message)).collect();
        if missing.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(missing.is_empty(), "{} acknowledged messages are missing: {:?}", missing.len(), missing.first());
    for (index, copies) in by_index(topic, &stored) {
        let told = &run.messages[index];
        assert!(
            copies.iter().all(|copy| copy.msg_id == told.id),
            "all attempts of message {index} have one id"
        );
        assert!(copies.len() <= told.attempts as usize, "message {index}: {} copies, {told:?}", copies.len());
    }
    no_gaps(&stored);
    let copies = stored.len() - run.messages.len();
    (stored, copies)
}

/// No send failed, and each had its one callback if it was to have one.
pub(crate) fn all_ended_well(mode: Mode, run: &Run) {
    let failed: Vec<_> = run.messages.iter().enumerate().filter(|(_, told)| !told.is_ok()).collect();
    let first = (failed.first(), run.errors.first());
    assert!(failed.is_empty(), "{} of {} sends failed: {first:?}", failed.len(), run.messages.len());
    let due = u32::from(mode.ends_later());
    for (index, told) in run.messages.iter().enumerate() {
        assert_eq!(told.callbacks, due, "callbacks of message {index}: {told:?}");
    }
}

/// All copies of each message, every one of them with the content it was sent with.
pub(crate) fn by_index<'a>(topic: &str, stored: &'a [Stored]) -> BTreeMap<usize, Vec<&'a Stored>> {
    let mut copies = BTreeMap::<_, Vec<_>>::new();
    for message in stored {
        let index = index_of(message);
        assert_eq!(Content::read(message), Content::of(index), "message {index}");
        assert_eq!((message.topic.as_str(), message.flag, message.reconsume_times), (topic, 0, 0));
        assert_eq!(message.properties.get("UNIQ_KEY"), Some(&message.msg_id), "the id is the sender's");
        assert!(
            message.born_timestamp <= message.store_timestamp,
            "one clock, born before stored: {message:?}"
        );
        let age_ms = message.born_timestamp - message.id_timestamp;
        // Both come from one look at the clock, but the ids of a process never go back: while a thread is held up between
        // that look and its id, others may be ahead by as much.
        assert!(
            (-100..600_000).contains(&age_ms),
            "an id is made just before the first attempt: {message:?}"
        );
        let address: std::net::IpAddr = message.id_address.parse().expect("Java prints an address");
        let address = match address {
            std::net::IpAddr::V4(v4) => format!("{:08X}", v4.to_bits()),
            std::net::IpAddr::V6(v6) => format!("{:032X}", v6.to_bits()),
        };
        assert!(message.msg_id.starts_with(&address), "{message:?}");
        copies.entry(index).or_default().push(message);
    }
    copies
}

/// Each queue's offsets count from 0: nothing stored was overlooked.
pub(crate) fn no_gaps(stored: &[Stored]) {
    let mut next = HashMap::new();
    for message in stored {
        let next = next.entry((&message.broker, message.queue_id)).or_insert(0);
        assert_eq!(message.queue_offset, *next, "queue {} of {}", message.queue_id, message.broker);
        *next += 1;
    }
}

pub(crate) type Place<'a> = (&'a str, &'a str, &'a str, i64, i64);

pub(crate) fn place_told(told: &Told) -> Place<'_> {
    (&told.id, &told.offset_id, &told.broker, told.queue_id, told.queue_offset)
}

pub(crate) fn place_stored(message: &Stored) -> Place<'_> {
    (&message.msg_id, &message.offset_msg_id, &message.broker, message.queue_id, message.queue_offset)
}
