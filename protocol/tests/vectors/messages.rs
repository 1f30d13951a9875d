//! Bodies and handles of messages: batches, compressed bodies, what takes a message back.

use super::support::{Vector, unhex};
use super::{answer, ext_of, round_trip, send, send_decoded};
use protocol::command::Head;
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::header::recall::{self, RecallHandle};
use protocol::header::send::SendAnswer;
use protocol::message::compress::{self, Codec};
use protocol::message::{batch, flags, properties};
use std::collections::BTreeMap;

/// Reads the records of a batch's body and writes the same ones again.
fn rebatched(body: &[u8]) -> usize {
    let mut written = Vec::new();
    for record in batch::records(body) {
        let record = record.unwrap();
        batch::append(&mut written, record.flag, record.body, &[&record.properties]).unwrap();
    }
    assert_eq!(written, body);
    batch::records(body).count()
}

pub(super) fn batch_body(vector: &Vector) {
    let body = vector.bytes("hex");
    let expected = vector.input()["messages"].as_array().unwrap();
    assert_eq!(rebatched(&body), expected.len());
    for (record, expected) in batch::records(&body).map(Result::unwrap).zip(expected) {
        assert_eq!(i64::from(record.flag), expected["flag"].as_i64().unwrap());
        assert_eq!(record.body, unhex(expected["bodyHex"].as_str().unwrap()));
        let properties: BTreeMap<_, _> = properties::iter(&record.properties).collect();
        let expected = expected["properties"].as_object().unwrap().iter();
        let expected: BTreeMap<_, _> = expected.map(|(k, v)| (k.as_str(), v.as_str().unwrap())).collect();
        assert_eq!(properties, expected);
    }
}

pub(super) fn send_batch(vector: &Vector) {
    send(vector);
    let (command, send) = send_decoded(vector);
    assert_eq!((command.code, send.batch), (320, true));
    assert_eq!(send.properties, "WAIT\u{1}true\u{2}");
    assert_eq!(rebatched(&command.body), 2);
    let waits = batch::records(&command.body).map(|record| {
        let properties = record.unwrap().properties;
        properties::get(&properties, properties::names::WAIT).map(str::to_owned)
    });
    assert!(waits.eq([Some("true".to_owned()), Some("true".to_owned())]));
}

pub(super) fn batch_answer(vector: &Vector) {
    answer(vector);
    let bytes = vector.bytes("hex");
    let head = Head::read(&frame::decode(&bytes, FRAME_BYTES_MAX).unwrap().unwrap()).unwrap();
    let answer = SendAnswer::read(&head).unwrap();
    let ids = answer.offset_id();
    assert_eq!(ids.split(',').map(str::len).collect::<Vec<_>>(), [32, 32]);
}

pub(super) fn recall_request(vector: &Vector) {
    let original = round_trip(&vector.name, &vector.bytes("hex"));
    let read = recall::decode(&original).unwrap();
    assert_eq!((read.group.as_deref(), read.topic.as_str()), (Some("PG_TEST"), "TopicTest"));
    let broker_name = read.handle.parse::<RecallHandle>().unwrap().broker_name;
    let written = recall::request("PG_TEST", &read.topic, &read.handle, &broker_name);
    assert_eq!((written.code, ext_of(&written)), (original.code, ext_of(&original)));
}

pub(super) fn recall_handle(vector: &Vector) {
    let input = vector.input();
    let handle: RecallHandle = vector.text("handle").parse().unwrap();
    let parts = [&handle.topic, &handle.broker_name, &handle.deliver_ms.to_string(), &handle.unique_id];
    let expected =
        ["topic", "brokerName", "timestamp", "messageId"].map(|name| input[name].as_str().unwrap());
    assert_eq!(parts, expected);
    assert_eq!(handle.to_string(), vector.text("handle"));
}

pub(super) fn zlib(vector: &Vector) {
    let packed = vector.bytes("hex");
    for field in ["sysFlag4_7_0", "sysFlag5_x"] {
        check_compressed(vector, &packed, field);
    }
}

pub(super) fn compressed(vector: &Vector) {
    check_compressed(vector, &vector.bytes("hex"), "sysFlag");
}

/// What Java has compressed is read, and what we compress is read back; only what comes out is normative.
fn check_compressed(vector: &Vector, packed: &[u8], sys_flag: &str) {
    let expected = vec![0x52; vector.input()["rawLength"].as_u64().unwrap().try_into().unwrap()];
    let sys_flag = vector.fields[sys_flag].as_i64().unwrap().try_into().unwrap();
    let codec = Codec::of_sys_flag(sys_flag).unwrap().unwrap();
    assert!(sys_flag == codec.sys_flag() || sys_flag == flags::COMPRESSED);
    assert_eq!(compress::decompress(codec, packed, expected.len()).as_ref(), Ok(&expected));
    let ours = compress::compress(codec, &expected, 5).unwrap();
    assert!(ours.len() <= packed.len() + 8, "{} {}", vector.name, ours.len());
    assert_eq!(compress::decompress(codec, &ours, expected.len()), Ok(expected));
}

pub(super) fn send_compressed(vector: &Vector) {
    send(vector);
    let (command, send) = send_decoded(vector);
    assert_eq!(send.sys_flag, flags::COMPRESSED);
    assert_eq!(compress::inflate(&command.body, 5000), Ok(vec![0; 5000]));
}
