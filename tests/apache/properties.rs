//! How large all properties of a message may be together, and what is refused.

use std::time::Duration;

use protocol::command::Command;

use crate::apache::{Options, Version};
use crate::content::Content;
use crate::raw::{self, Raw};
use crate::{sender, shared, start, tell, turn};

const WAIT: Duration = Duration::from_secs(10);
/// What [`raw::wire_of`] has besides the value of `p`: UNIQ_KEY, WAIT, a name and separators.
const OTHERS: usize = 42 + 10 + 3;

/// Brokers keep the length in a signed 16-bit number, of what they store: 4.9.7 drops `WAIT=true` and the last
/// separator and adds `CLUSTER`, 5.5.0 adds `CLUSTER`, `MSG_REGION` and `TRACE_ON`. The cluster's name counts.
#[test]
fn properties_are_taken_up_to_the_byte_that_the_broker_can_still_store() {
    for (version, most, remark) in [
        (Version::V4_7_0, 32_767, raw::ILLEGAL_4_7),
        (Version::V4_9_7, 32_755, raw::ILLEGAL),
        (Version::V5_5_0, 32_705, raw::ILLEGAL),
    ] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("properties", 1);
        let mut broker = Raw::to_broker(apache, "properties");
        let taken = broker.ask(raw::message("properties", &raw::wire_of(most), b"all"));
        assert_eq!((taken.code, taken.remark), (0, None), "{version:?}, {most} bytes");
        let refused = broker.ask(raw::message("properties", &raw::wire_of(most + 1), b"one too many"));
        assert_eq!((refused.code, refused.remark.as_deref()), (13, Some(remark)), "{version:?}");

        let stored = apache.read("properties", 1, WAIT);
        assert_eq!(stored.len(), 1, "{version:?}");
        let added =
            raw::wire_of(most).len() - "p\x01\x02".len() - raw::wire(&[("UNIQ_KEY", &raw::id(7))]).len();
        let value = added - raw::wire(&[("WAIT", "true")]).len();
        assert_eq!(stored[0].properties["p"], "v".repeat(value), "{version:?}");
        assert_eq!(stored[0].msg_id, raw::id(7));
    }
}

/// The library refuses more than 31 KiB, its own UNIQ_KEY and WAIT included, so that no broker has to.
#[test]
fn the_largest_properties_that_the_library_sends_are_stored_by_every_version() {
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("padded", 4);
        let pad = LIBRARY_MOST - wire_len(&Content::of(0)) - "pad\x01\x02".len();
        let run = sender::run(apache, "padded", &format!("pad={pad} timeout=30000"));
        assert!(run.messages[0].is_ok(), "{:?}", run.errors);
        let stored = apache.read("padded", 1, WAIT);
        assert_eq!(stored[0].properties["pad"], "v".repeat(pad), "{version:?}");

        let refused = sender::run(apache, "padded", &format!("pad={} timeout=30000", pad + 1));
        assert_eq!(refused.messages[0].status, "ROCKETMQ_ERR_MESSAGE_TOO_LARGE", "{version:?}");
        tell(version, "properties of the library", &format!("{LIBRARY_MOST} bytes"));
    }
}

/// A record's length is taken as it is; 4.9.7 adds 32 bytes, `CLUSTER` and a second `WAIT`.
#[test]
fn properties_of_a_record_are_read_back_as_far_as_the_broker_leaves_room() {
    const TOPIC: &str = "record-properties";
    for (version, most) in [(Version::V4_7_0, 32_767), (Version::V4_9_7, 32_735), (Version::V5_5_0, 32_767)] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let mut broker = Raw::to_broker(apache, TOPIC);
        assert_eq!(broker.ask(two_records(TOPIC, most)).code, 0, "{version:?}");
        let stored = apache.read(TOPIC, 2, WAIT);
        assert_eq!(stored.len(), 2, "{version:?}");
        assert_eq!(stored[0].properties["p"].len(), most - OTHERS, "{version:?}");
    }
}

/// One byte more, and 4.9.7 stores a length that is negative when read. It loses its place in the log: consumers of
/// whatever topic never see what was acknowledged next, until the log has grown by about as much as the record has.
/// The library keeps a message's properties far below.
#[test]
#[ignore = "part of `make test-apache`"]
fn a_4_9_7_broker_takes_a_record_that_hides_what_is_stored_behind_it() {
    let apache = start(Version::V4_9_7, Options::default());
    let _turn = turn();
    for topic in ["record", "bystander", "filler"] {
        apache.create_topic(topic, 1);
    }
    let mut broker = Raw::to_broker(&apache, "record");
    assert_eq!(broker.ask(two_records("record", 32_736)).code, 0, "it is taken");
    for _ in 0..10 {
        assert_eq!(broker.ask(raw::message("bystander", &raw::wire_of(100), b"bystander")).code, 0);
    }
    let mut fillers = 0;
    while apache.read("filler", 1, Duration::from_secs(1)).is_empty() {
        assert!(fillers < 20, "the broker does not find its place again");
        assert_eq!(broker.ask(raw::message("filler", &raw::wire_of(100), &[b'f'; 32_768])).code, 0);
        fillers += 1;
    }
    assert_eq!(apache.read("record", 0, Duration::ZERO), [], "neither of the two records");
    assert_eq!(apache.read("bystander", 0, Duration::ZERO), [], "none of ten acknowledged messages");
    tell(Version::V4_9_7, "a record too long", &format!("seen again after {fillers} messages of 32 KiB"));
}

fn two_records(topic: &str, bytes: usize) -> Command {
    let records = [raw::record(&raw::wire_of(bytes), b"large"), raw::record(&raw::wire_of(100), b"small")];
    raw::batch(topic, "WAIT\x01true\x02", &records.concat())
}

/// 31 KiB less what every send may add.
const LIBRARY_MOST: usize = 31 * 1024 - 96;

pub(crate) fn wire_len(content: &Content) -> usize {
    content.properties.iter().map(|(name, value)| name.len() + value.len() + 2).sum()
}
