//! How large a body may be, and what becomes of it.

use std::time::Duration;

use crate::apache::{Apache, Stored, Version};
use crate::content::{COMPRESSED_ZLIB, index_of, noise, words};
use crate::raw::{self, Raw};
use crate::sender::Run;
use crate::{sender, shared, tell, turn, versions};

const WAIT: Duration = Duration::from_secs(10);
const MIB: usize = 1 << 20;
const MOST: usize = 4 * MIB;
/// What is tried to shrink is large.
const FAST: &str = "set=compress.level=1";
const SIZES: [usize; 5] = [1, 4095, 4096, MIB, MOST - 1000];

#[test]
fn bodies_of_every_size_are_read_back() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        let bodies = SIZES.map(|size| size.to_string()).join(",");
        for (codec, compressed) in [("zlib", COMPRESSED_ZLIB), ("lz4", 0x101), ("zstd", 0x201)] {
            let topic = format!("words-{codec}");
            apache.create_topic(&topic, 1);
            let arguments =
                format!("count=5 bodies={bodies} fill=words set=compress.type={codec} timeout=30000");
            let run = sender::run(apache, &topic, &arguments);
            for message in read(apache, &topic, &run) {
                let index = index_of(&message);
                let sys_flag = if SIZES[index] < 4096 { 0 } else { compressed };
                assert_eq!(message.sys_flag, sys_flag, "{version:?}, {codec}, {} bytes", SIZES[index]);
                assert!(message.body == words(SIZES[index]), "{version:?}, {codec}, {} bytes", SIZES[index]);
            }
        }
        apache.create_topic("noise", 1);
        let run = sender::run(apache, "noise", &format!("count=5 bodies={bodies} fill=noise timeout=30000"));
        for message in read(apache, "noise", &run) {
            let index = index_of(&message);
            assert_eq!(message.sys_flag, 0, "noise does not shrink and goes as it is");
            assert!(message.body == noise(index, SIZES[index]), "{version:?}, {} bytes", SIZES[index]);
        }
        tell(version, "bodies", &format!("{SIZES:?} of words and of noise read back"));
    }
}

/// 4.7.0 counts the whole record as it is stored, newer ones the body alone.
#[test]
fn four_mib_that_do_not_shrink_are_stored_by_4_9_7_and_5_5_0_only() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("four-mib", 1);
        let run = sender::run(apache, "four-mib", &format!("bodies={MOST} fill=noise {FAST} timeout=30000"));
        if version == Version::V4_7_0 {
            let told = &run.messages[0];
            assert_eq!((told.status.as_str(), told.attempts), ("ROCKETMQ_ERR_BROKER", 1), "{run:?}");
            let answer = format!("code 13: {}", raw::ILLEGAL_4_7);
            assert!(run.errors[0].ends_with(&answer), "{:?}", run.errors);
            // What shrinks may be as large: brokers see what is left of it.
            let run =
                sender::run(apache, "four-mib", &format!("bodies={MOST} fill=words {FAST} timeout=30000"));
            assert!(read(apache, "four-mib", &run)[0].body == words(MOST));
        } else {
            assert!(read(apache, "four-mib", &run)[0].body == noise(0, MOST), "{version:?}");
        }
        let refused = sender::run(apache, "four-mib", &format!("bodies={} timeout=30000", MOST + 1));
        assert_eq!(refused.messages[0].status, "ROCKETMQ_ERR_MESSAGE_TOO_LARGE", "the library's own limit");
    }
}

#[test]
fn a_body_is_taken_up_to_the_byte() {
    let properties = raw::wire(&[("UNIQ_KEY", &raw::id(1)), ("WAIT", "true")]);
    // What a 4.7.0 broker stores besides body, topic and properties: 91 bytes with addresses of IPv4.
    let record = 91 + "body".len() + properties.len();
    for (version, most, remark) in [
        (Version::V4_7_0, MOST - record, raw::ILLEGAL_4_7),
        (Version::V4_9_7, MOST, raw::ILLEGAL),
        (Version::V5_5_0, MOST, raw::ILLEGAL),
    ] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("body", 1);
        let mut broker = Raw::to_broker(apache, "body");
        let taken = broker.ask(raw::message("body", &properties, &noise(0, most)));
        assert_eq!((taken.code, taken.remark), (0, None), "{version:?}, {most} bytes");
        let refused = broker.ask(raw::message("body", &properties, &noise(0, most + 1)));
        assert_eq!((refused.code, refused.remark.as_deref()), (13, Some(remark)), "{version:?}");
    }
}

/// The library refuses an empty body by itself: no consumer expects one.
#[test]
fn an_empty_body_is_stored_by_4_x_and_an_error_of_5_5_0() {
    for (version, code) in [(Version::V4_7_0, 0), (Version::V4_9_7, 0), (Version::V5_5_0, 1)] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("empty", 1);
        let answer = Raw::to_broker(apache, "empty").ask(raw::message("empty", "", b""));
        assert_eq!(answer.code, code, "{version:?}: {:?}", answer.remark);
    }
}

/// All that were sent, once each.
fn read(apache: &Apache, topic: &str, run: &Run) -> Vec<Stored> {
    assert!(run.messages.iter().all(|told| told.is_ok() && told.attempts == 1), "{run:?}");
    let stored = apache.read(topic, run.messages.len(), WAIT);
    let indices: Vec<_> = stored.iter().map(index_of).collect();
    assert_eq!(indices, Vec::from_iter(0..run.messages.len()), "one queue, in order, once each");
    stored
}
