//! What the brokers make of bodies: batches, and compressed ones.
#![expect(clippy::disallowed_methods, reason = "tokio::test blocks on the test's own runtime")]

use crate::support::{Client, TOPIC, core, encode, send, send_body, take};
use mock_cluster::{Core, Fault, Options, Rule};
use protocol::command::Command;
use protocol::header::send::SendMessage;
use protocol::message::compress::{Codec, compress};
use protocol::message::{batch, flags};

const WAIT: &str = "WAIT\x01true\x02";

/// Messages with the ids `m0`, `m1`, … and these bodies.
fn batch_of(bodies: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        let properties = format!("UNIQ_KEY\x01m{index}\x02TAGS\x01T{index}\x02");
        let flag = i32::try_from(index).unwrap() + 10;
        batch::append(&mut out, flag, body, &[&properties, WAIT]).unwrap();
    }
    out
}

fn send_batch(body: &[u8]) -> Vec<u8> {
    send_body(body, |send| (send.batch, send.properties) = (true, &[WAIT]))
}

async fn answer(core: &Core, frame: &[u8]) -> Command {
    Client::connect(core, 0).exchange(frame).await
}

#[tokio::test(start_paused = true)]
async fn each_record_of_a_batch_becomes_a_message() {
    let core = core(Options::default());
    assert_eq!(answer(&core, &send(1)).await.code, 0);
    let reply = answer(&core, &send_batch(&batch_of(&[b"one", b"", b"three"]))).await;
    assert_eq!((reply.code, reply.ext("queueId"), reply.ext("queueOffset")), (0, Some("1"), Some("1")));
    assert_eq!(answer(&core, &send(2)).await.ext("queueOffset"), Some("4"));

    let messages = core.messages(TOPIC);
    assert_eq!(messages.len(), 5);
    let records = &messages[1..4];
    let ids: Vec<_> = records.iter().map(|message| message.offset_id.as_str()).collect();
    assert_eq!(reply.ext("msgId"), Some(ids.join(",").as_str()));
    assert!(ids.iter().all(|id| id.len() == 32) && ids[0] != ids[1] && ids[1] != ids[2]);
    for ((index, body), message) in [&b"one"[..], b"", b"three"].iter().enumerate().zip(records) {
        assert_eq!((&message.body[..], message.batch_index), (*body, Some(index)));
        assert_eq!((message.queue_offset, message.code), (i64::try_from(index).unwrap() + 1, 320));
        assert_eq!((&message.unique_id, &message.tags), (&format!("m{index}"), &format!("T{index}")));
        assert_eq!(
            (message.flag, message.property("WAIT")),
            (i32::try_from(index).unwrap() + 10, Some("true"))
        );
    }
    assert_eq!((messages[0].batch_index, messages[4].batch_index), (None, None));
    let attempt = &core.attempts(TOPIC)[1];
    assert_eq!((attempt.code, attempt.queue_offset, attempt.unique_id.as_str()), (320, Some(1), "m0,m1,m2"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_what_says_so_and_not_what_code_320_carries() {
    let core = core(Options::default());
    let body = batch_of(&[b"one", b"two"]);
    let (_, command) = take(&mut send_batch(&body)).unwrap();
    assert_eq!(command.code, 320);
    assert_eq!(answer(&core, &encode(&command.clone().with("m", "false"))).await.code, 0);
    assert_eq!(core.messages(TOPIC)[0].body, body);
    let single = Command { code: 310, ..command };
    assert_eq!(answer(&core, &encode(&single)).await.ext("queueOffset"), Some("1"));
    assert_eq!(core.message_count(TOPIC), 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_breaks_a_rule_is_refused_whole() {
    let core = core(Options::default());
    let body = batch_of(&[b"one", b"two"]);
    let cut = &body[..body.len() - 1];
    type Change<'a> = fn(&mut SendMessage<'_>);
    let cases: [(i32, &[u8], Change<'_>); 6] = [
        (1, cut, |_| {}),
        (13, &body, |send| send.properties = &["DELAY\x013\x02"]),
        (13, &body, |send| send.sys_flag = flags::TRANSACTION_PREPARED),
        (13, &body, |send| send.topic = "%RETRY%PG"),
        (1, &body, |send| send.queue_id = 4),
        (0, &body, |send| send.properties = &["DELAY\x010\x02"]),
    ];
    for (code, body, change) in cases {
        let frame = send_body(body, |send| {
            send.batch = true;
            change(send);
        });
        let reply = answer(&core, &frame).await;
        assert_eq!((reply.code, reply.remark.is_some()), (code, code != 0), "{:?}", reply.remark);
    }
    assert_eq!(core.total_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn sizes_are_limited_as_the_version_does_it() {
    let records = batch_of(&[&[b'x'; 1000][..]; 4]);
    let stored = records.len() + 4 * (91 + TOPIC.len() - batch::RECORD_BYTES);
    for (version, message_bytes_max, code) in [
        (353, stored, 0),
        (353, stored - 1, 1),
        (353, records.len() - 1, 13),
        (401, stored - 1, 0),
        (401, records.len(), 0),
        (401, records.len() - 1, 13),
    ] {
        let core = core(Options { version, message_bytes_max, ..Options::default() });
        let reply = answer(&core, &send_batch(&records)).await;
        assert_eq!(reply.code, code, "{version} {message_bytes_max} {:?}", reply.remark);
        assert_eq!(core.message_count(TOPIC), if code == 0 { 4 } else { 0 });
    }
    for (version, message_bytes_max, code) in
        [(353, 1000, 13), (399, 1097, 0), (399, 1096, 13), (401, 1000, 0), (401, 999, 13)]
    {
        let core = core(Options { version, message_bytes_max, ..Options::default() });
        assert_eq!(
            answer(&core, &send_body(&[0; 1000], |_| {})).await.code,
            code,
            "{version} {message_bytes_max}"
        );
    }
}

/// So an id of the whole batch hides those of its messages: the last of several properties wins.
#[tokio::test(start_paused = true)]
async fn a_batchs_own_properties_go_to_its_messages_from_5_0_0_on() {
    for (version, id) in [(409, "m0"), (413, "whole")] {
        let core = core(Options { version, ..Options::default() });
        let frame = send_body(&batch_of(&[b"one"]), |send| {
            (send.batch, send.properties) = (true, &["UNIQ_KEY\x01whole\x02"]);
        });
        assert_eq!(answer(&core, &frame).await.code, 0);
        assert_eq!(core.messages(TOPIC)[0].unique_id, id);
        assert_eq!(core.messages(TOPIC)[0].tags, "T0");
    }
    // A record whose last property does not end is ended.
    let core = core(Options { version: 413, ..Options::default() });
    let mut body = Vec::new();
    batch::append(&mut body, 0, b"one", &["TAGS\x01T"]).unwrap();
    assert_eq!(answer(&core, &send_batch(&body)).await.code, 0);
    assert_eq!(core.messages(TOPIC)[0].properties, "TAGS\x01T\x02WAIT\x01true\x02");
}

#[tokio::test(start_paused = true)]
async fn codes_10_11_and_12_store_a_batch_and_say_where() {
    let core = core(Options::default());
    for (rounds, code) in [10, 11, 12].into_iter().enumerate() {
        core.fault(0, Rule::once(Fault::respond(code)).sends());
        let reply = answer(&core, &send_batch(&batch_of(&[b"one", b"two"]))).await;
        assert_eq!(reply.code, code);
        assert_eq!(reply.ext("queueOffset"), Some((2 * rounds).to_string().as_str()));
        assert_eq!(reply.ext("msgId").map(|ids| ids.split(',').count()), Some(2));
    }
    core.fault(0, Rule::once(Fault::respond(14)).sends());
    assert_eq!(answer(&core, &send_batch(&batch_of(&[b"one"]))).await.code, 14);
    assert_eq!(core.message_count(TOPIC), 6);
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_batch_are_counted_though_not_kept() {
    let core = core(Options { keep: false, ..Options::default() });
    let followed = core.follow();
    assert_eq!(answer(&core, &send_batch(&batch_of(&[b"one", b"two"]))).await.code, 0);
    assert_eq!((core.message_count(TOPIC), core.total_count(), core.messages(TOPIC).len()), (2, 2, 0));
    assert_eq!([followed.recv().unwrap(), followed.recv().unwrap()].map(|m| m.queue_offset), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn compressed_bodies_are_unpacked_on_demand() {
    let core = core(Options::default());
    let body = "a long body ".repeat(100).into_bytes();
    let codecs = [Codec::Zlib, Codec::Lz4, Codec::Zstd];
    let packed = codecs.map(|codec| compress(codec, &body, 5).unwrap());
    let [zlib, lz4, zstd] = &packed;
    for (sys_flag, packed, readable) in [
        (0x1, zlib, true),
        (0x301, zlib, true),
        (0x101, lz4, true),
        (0x201, zstd, true),
        (0x101, zlib, false),
        (0x401, zlib, false),
    ] {
        assert_eq!(answer(&core, &send_body(packed, |send| send.sys_flag = sys_flag)).await.code, 0);
        let message = core.messages(TOPIC).pop().unwrap();
        assert_eq!(message.unpacked_body(), readable.then_some(&body[..]), "{sys_flag:x}");
        assert_eq!(message.body, packed);
    }
}
