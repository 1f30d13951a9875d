//! What brokers do with batches: how large they may be, compressed ones, and records with properties of their own.

use std::time::Duration;

use protocol::command::Command;
use protocol::message::compress;

use crate::apache::{Apache, Arrived, Filter, Listener, Stored, Version};
use crate::content::{COMPRESSED_ZLIB, words};
use crate::raw::{self, RECORD_BYTES, Raw};
use crate::{shared, tell, turn};

const WAIT: Duration = Duration::from_secs(10);
const MOST: usize = 4 << 20;
/// Properties of a whole batch, as Java sends them.
const HEADER: &str = "WAIT\x01true\x02";
const ID: (&str, &str) = ("UNIQ_KEY", "0123456789ABCDEF0123456789ABCDEF");

/// 4.7.0 counts what it stores: 91 bytes, topic, body and properties of each record. Newer ones count the batch's body as
/// it is sent.
#[test]
fn a_batch_is_taken_up_to_the_byte() {
    const TOPIC: &str = "batch-size";
    const EXCEEDED_4_7: &str = "java.lang.RuntimeException: message size exceeded, ";
    const EXCEEDED: &str = "java.lang.RuntimeException: message body size exceeded, ";
    for (version, code, remark) in [
        (Version::V4_7_0, 1, EXCEEDED_4_7),
        (Version::V4_9_7, 13, raw::ILLEGAL),
        (Version::V5_5_0, 1, EXCEEDED),
    ] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let mut broker = Raw::to_broker(apache, TOPIC);
        for count in [4, 1000] {
            let stored =
                if version == Version::V4_7_0 { count * (91 + TOPIC.len() - RECORD_BYTES) } else { 0 };
            let most = MOST - stored;
            let taken = broker.ask(raw::batch(TOPIC, HEADER, &records(count, most)));
            assert_eq!((taken.code, &taken.remark), (0, &None), "{version:?}, {count} records");
            let ids = taken.ext("msgId").expect("ids").split(',').count();
            assert_eq!(ids, count, "the answer names every record");
            let refused = broker.ask(raw::batch(TOPIC, HEADER, &records(count, most + 1)));
            let said = refused.remark.clone().unwrap_or_default();
            assert!(
                refused.code == code && said.starts_with(remark),
                "{version:?}, {count} records: {refused:?}"
            );
            tell(version, "batch", &format!("{count} records in {most} bytes, one more: code {code}"));
        }
        let found = apache.read(TOPIC, 1004, WAIT);
        assert_eq!(found.len(), 1004, "{version:?}");
        assert!(found.iter().all(|message| message.body.iter().all(|byte| *byte == b'b')), "{version:?}");
        if version == Version::V4_7_0 {
            let refused = broker.ask(raw::batch(TOPIC, HEADER, &records(4, MOST + 1)));
            assert_eq!((refused.code, refused.remark.as_deref()), (13, Some(raw::ILLEGAL_4_7)));
        }
    }
}

/// The header's sysFlag goes to every record. Brokers look into a batch, so that its body cannot be compressed as a
/// whole; each record's may be, and consumers inflate it as that of any message.
#[test]
fn the_records_of_a_batch_may_be_compressed_each_but_not_together() {
    const TOPIC: &str = "compressed";
    let bodies = [words(2000), words(3000), words(5000)];
    let properties = raw::wire_of(100);
    let compress = |body: &[u8]| compress::deflate(body, 5).expect("zlib");
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let consumer = apache.subscribe(TOPIC, Listener::Orderly, Filter::Tag("*"));
        let mut broker = Raw::to_broker(apache, TOPIC);
        let compressed = |body: &[u8]| raw::batch(TOPIC, HEADER, body).with("f", COMPRESSED_ZLIB);

        let plain: Vec<_> = bodies.iter().flat_map(|body| raw::record(&properties, body)).collect();
        let refused = broker.ask(compressed(&compress(&plain)));
        let said = refused.remark.as_deref().unwrap_or_default();
        let looked_into = said.starts_with("java.lang.ArrayIndexOutOfBoundsException");
        assert!(refused.code == 1 && looked_into, "{version:?}: {refused:?}");

        let each: Vec<_> = bodies.iter().flat_map(|body| raw::record(&properties, &compress(body))).collect();
        let taken = broker.ask(compressed(&each));
        assert_eq!(taken.code, 0, "{version:?}: {:?}", taken.remark);
        let pulled = apache.read(TOPIC, 3, WAIT);
        let pulled: Vec<_> = pulled.iter().map(|Stored { sys_flag, body, .. }| (*sys_flag, body)).collect();
        let pushed = consumer.collect(3, WAIT);
        let pushed: Vec<_> = pushed.iter().map(|Arrived { sys_flag, body, .. }| (*sys_flag, body)).collect();
        let expected: Vec<_> = bodies.iter().map(|body| (COMPRESSED_ZLIB, body)).collect();
        assert!(pulled == expected && pushed == expected, "{version:?}: {pulled:?} {pushed:?}");
    }
}

/// Brokers do not look at the delay or timer of a record.
#[test]
fn a_record_with_a_delay_or_a_timer_is_delivered_at_once() {
    const TOPIC: &str = "records";
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let mut broker = Raw::to_broker(apache, TOPIC);
        let records = [
            raw::record(&raw::wire(&[ID]), b"plain"),
            raw::record(&raw::wire(&[ID, ("DELAY", "4")]), b"thirty seconds"),
            raw::record(&raw::wire(&[ID, ("TIMER_DELAY_MS", "30000")]), b"a timer"),
        ];
        let answer = broker.ask(raw::batch(TOPIC, HEADER, &records.concat()));
        assert_eq!(answer.code, 0, "{version:?}: {:?}", answer.remark);
        let bodies = bodies(apache, TOPIC, 3);
        assert_eq!(bodies, ["plain", "thirty seconds", "a timer"], "{version:?}");
        if version != Version::V5_5_0 {
            // Nor does 4.x look at a timer in the header; see the test that stops a 5.5.0 broker with one.
            let header = raw::wire(&[("WAIT", "true"), ("TIMER_DELAY_MS", "30000")]);
            assert_eq!(broker.ask(raw::batch(TOPIC, &header, &records[0])).code, 0, "{version:?}");
            assert_eq!(self::bodies(apache, TOPIC, 4)[3], "plain", "{version:?}");
        }
    }
}

/// A delay or a transaction in the header of a batch is refused; a timer is not, see
/// `a_timer_in_the_header_of_a_batch_stops_all_timers_of_a_5_5_0_broker`.
#[test]
fn a_batch_with_a_delay_or_a_transaction_is_refused() {
    const TOPIC: &str = "refused";
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let mut broker = Raw::to_broker(apache, TOPIC);
        let record = raw::record("", b"record");
        let delayed = raw::batch(TOPIC, &raw::wire(&[("WAIT", "true"), ("DELAY", "1")]), &record);
        let prepared = raw::batch(TOPIC, HEADER, &record).with("f", 4);
        let remark = if version == Version::V4_7_0 { raw::ILLEGAL_4_7 } else { raw::ILLEGAL };
        for request in [delayed, prepared] {
            let answer = broker.ask(request);
            assert_eq!((answer.code, answer.remark.as_deref()), (13, Some(remark)), "{version:?}");
        }
        // Not the code but the field `m` makes a batch.
        let single: Command = raw::batch(TOPIC, &raw::wire(&[ID]), &record).with("m", false);
        assert_eq!(broker.ask(single).code, 0);
        assert_eq!(bodies(apache, TOPIC, 1), [String::from_utf8_lossy(&record)], "{version:?}");
    }
}

/// So many records that are `bytes` long together.
fn records(count: usize, bytes: usize) -> Vec<u8> {
    let properties = raw::wire(&[("UNIQ_KEY", &raw::id(1)), ("WAIT", "true")]);
    let each = bytes / count;
    let mut records = Vec::new();
    for index in 0..count {
        let len = if index + 1 < count { each } else { bytes - records.len() };
        records.extend(raw::record(&properties, &vec![b'b'; len - RECORD_BYTES - properties.len()]));
    }
    assert_eq!(records.len(), bytes);
    records
}

fn bodies(apache: &Apache, topic: &str, count: usize) -> Vec<String> {
    let text = |message: Stored| String::from_utf8_lossy(&message.body).into_owned();
    apache.read(topic, count, WAIT).into_iter().map(text).collect()
}
