//! Keys that change what a request holds.

use protocol::HeaderFormat;
use protocol::codes::request;
use protocol::command::Command;
use rocketmq_mock::{Attempt, Options};
use rocketmq_producer::producer::{Message, SendOptions};

use crate::record::Record;
use crate::world::{message, send, simulate_one};

/// The request that sends `message`, and how the cluster saw it.
fn sent(key: &'static str, value: Option<&'static str>, message: Message) -> (Command, Attempt) {
    sent_with(&[], key, value, message)
}

/// The same with other settings too.
fn sent_with(
    others: &'static [(&'static str, &'static str)],
    key: &'static str,
    value: Option<&'static str>,
    message: Message,
) -> (Command, Attempt) {
    let mut found = None;
    let out = &mut found;
    simulate_one(|sim| async move {
        let record = Record::of(&sim);
        let p = sim.start(&super::settings(others, key, value)).await;
        let result = send(&p, &message, &SendOptions::default()).await.unwrap();
        let topics = [result.topic.as_str().to_owned(), format!("NS%{}", result.topic)];
        let attempt = topics.iter().flat_map(|topic| sim.core.attempts(topic)).next();
        *out = record.with_code(request::SEND_MESSAGE_V2).pop().zip(attempt);
    });
    found.unwrap()
}

/// A field of the request, by its short name.
fn field(key: &'static str, value: Option<&'static str>, name: &str) -> Option<String> {
    sent(key, value, message("T")).0.ext(name).map(str::to_owned)
}

pub(super) fn sends_are_marked_as_of_a_unit(key: &'static str) {
    let marks = [None, Some("false"), Some("true")].map(|value| field(key, value, "k").unwrap());
    assert_eq!(marks, ["false", "false", "true"]);
}

pub(super) fn names_have_the_namespace_in_front(key: &'static str) {
    assert_eq!([field(key, None, "b"), field(key, None, "a")], [Some("T".into()), Some("G".into())]);
    let wrapped = [field(key, Some("NS"), "b"), field(key, Some("NS"), "a")];
    assert_eq!(wrapped, [Some("NS%T".into()), Some("NS%G".into())]);
}

pub(super) fn requests_say_the_namespace(key: &'static str) {
    assert_eq!([field(key, None, "nsd"), field(key, None, "ns")], [None, None]);
    let said = [field(key, Some("NS"), "nsd"), field(key, Some("NS"), "ns"), field(key, Some("NS"), "b")];
    assert_eq!(said, [Some("true".into()), Some("NS".into()), Some("T".into())]);
}

/// The flag and the size of a body of this many bytes of words on the wire.
fn compressed(key: &'static str, value: Option<&'static str>, bytes: usize) -> (i32, usize) {
    with_settings(&[], key, value, bytes)
}

fn with_settings(
    others: &'static [(&'static str, &'static str)],
    key: &'static str,
    value: Option<&'static str>,
    bytes: usize,
) -> (i32, usize) {
    let mut large = message("T");
    let words =
        (0..).flat_map(|number: u32| format!("{} words and {number} more; ", number % 7).into_bytes());
    large.set_body(&words.take(bytes).collect::<Vec<_>>()).unwrap();
    let attempt = sent_with(others, key, value, large).1;
    (attempt.sys_flag, attempt.body_bytes)
}

pub(super) fn bodies_from_this_size_on_are_compressed(key: &'static str) {
    for (value, least) in [(None, 4096), (Some("300"), 300)] {
        assert_eq!(compressed(key, value, least - 1), (0, least - 1));
        let (flag, bytes) = compressed(key, value, least);
        assert!(flag == 0x301 && bytes < least, "{bytes}");
    }
}

pub(super) fn bodies_are_compressed_in_this_way(key: &'static str) {
    let ways = [None, Some("zlib"), Some("lz4"), Some("zstd"), Some("none")];
    let sent = ways.map(|value| compressed(key, value, 5000));
    assert_eq!(sent.map(|(flag, _)| flag), [0x301, 0x301, 0x101, 0x201, 0]);
    assert!(sent.iter().all(|(flag, bytes)| (*flag != 0) == (*bytes < 5000)), "{sent:?}");
}

pub(super) fn bodies_are_compressed_so_hard(key: &'static str) {
    let [none, fast, default, small] =
        [Some("0"), Some("1"), None, Some("9")].map(|value| compressed(key, value, 100_000));
    assert_eq!(none, (0, 100_000));
    assert!(fast.1 > default.1 && default.1 != small.1, "{fast:?} {default:?} {small:?}");
    assert_eq!(compressed(key, Some("5"), 100_000), default);
    assert_eq!(compressed(key, Some("auto"), 100_000), default);
    let zstd = |level: &'static str| with_settings(&[("compress.type", "zstd")], key, Some(level), 100_000).1;
    let [fast, default, usual, small] = ["1", "auto", "3", "19"].map(zstd);
    assert!(fast != default && default == usual && small < default, "{fast} {default} {usual} {small}");
}

pub(super) fn new_topics_follow_this_pattern(key: &'static str) {
    assert_eq!(field(key, None, "c").unwrap(), "TBW102");
    assert_eq!(field(key, Some("TBW102"), "c").unwrap(), "TBW102");
    crate::world::simulate(Options::default(), |sim| async move {
        sim.core.add_topic("Pattern", 2);
        // Readable, writable, and a pattern.
        sim.core.set_perm(0, "Pattern", 7);
        let record = Record::of(&sim);
        let p = sim.start(&[(key, "Pattern")]).await;
        send(&p, &message("New"), &SendOptions::default()).await.unwrap();
        assert_eq!(record.with_code(request::SEND_MESSAGE_V2)[0].ext("c"), Some("Pattern"));
        assert_eq!((sim.core.look_ups("Pattern"), sim.core.look_ups("TBW102")), (1, 0));
    });
}

pub(super) fn new_topics_have_so_many_queues(key: &'static str) {
    for (value, queues) in [(None, 4), (Some("2"), 2)] {
        simulate_one(|sim| async move {
            let p = sim.start(&super::settings(&[], key, value)).await;
            send(&p, &message("New"), &SendOptions::default()).await.unwrap();
            assert_eq!(sim.core.queue_count(0, "New"), queues);
        });
    }
}

pub(super) fn headers_are_written_in_this_form(key: &'static str) {
    let formats = [None, Some("json"), Some("rocketmq")].map(|value| sent(key, value, message("T")).1.format);
    assert_eq!(formats, [HeaderFormat::Json, HeaderFormat::Json, HeaderFormat::RocketMq]);
}
