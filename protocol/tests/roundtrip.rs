//! What is written is read back, whatever it is.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use protocol::HeaderFormat;
use protocol::codes::Language;
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::header::send::SendMessage;
use protocol::message::{compress, properties};
use protocol::route::{BrokerData, QueueData, RouteData};

fn cases(many: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 4 } else { many })
}

/// Text that is hard on encoders: control characters, quotes, and characters that UTF-16 writes as pairs.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\\x00-\\x20\"\\\\/\u{7f}\u{2028}é杭😀𝄞\u{10FFFF}a-c]{0,24}", "[ -~]{0,12}"]
}

fn format() -> impl Strategy<Value = HeaderFormat> {
    prop_oneof![Just(HeaderFormat::Json), Just(HeaderFormat::RocketMq)]
}

fn command() -> impl Strategy<Value = Command> {
    let scalars = (any::<i16>(), 0..14_u8, any::<i16>(), any::<i32>(), any::<i32>());
    let texts = (option::of(text()), btree_map(text(), text(), 0..14), vec(any::<u8>(), 0..40));
    (scalars, texts).prop_map(|((code, language, version, opaque, flag), (remark, ext, body))| Command {
        code: code.into(),
        language: Language::from_byte(language),
        version: version.into(),
        opaque,
        flag,
        remark,
        ext: ext.into_iter().collect(),
        body: body.into(),
    })
}

fn route() -> impl Strategy<Value = RouteData> {
    let queue = (text(), any::<i32>(), -9..65_537_i32, -9..65_537_i32);
    let queue = queue.prop_map(|(broker_name, perm, read_queues, write_queues)| QueueData {
        broker_name,
        read_queues,
        write_queues,
        perm,
    });
    let broker = (text(), text(), btree_map(any::<i64>(), text(), 0..4));
    let broker =
        broker.prop_map(|(cluster, broker_name, addresses)| BrokerData { cluster, broker_name, addresses });
    let parts = (option::of(text()), vec(queue, 0..4), vec(broker, 0..4));
    parts.prop_map(|(order_conf, queues, brokers)| RouteData { order_conf, queues, brokers })
}

/// A property's name or value.
fn property() -> impl Strategy<Value = String> {
    text()
        .prop_map(|text| text.replace(['\u{1}', '\u{2}'], "x"))
        .prop_filter("empty", |text| !text.is_empty())
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn commands(command in command(), format in format()) {
        let mut out = vec![7; 3];
        command.encode(format, &mut out).unwrap();
        out.push(7);
        let frame = frame::decode(&out[3..], FRAME_BYTES_MAX).unwrap().unwrap();
        prop_assert_eq!((frame.format, frame.len), (format, out.len() - 4));
        let read = Command::decode(&frame).unwrap();
        let head = Head::read(&frame).unwrap();
        prop_assert_eq!(head.remark.as_deref(), read.remark.as_deref());
        prop_assert_eq!(head.ext().count(), read.ext.len());
        prop_assert_eq!((head.is_response(), head.is_oneway()), (command.is_response(), command.is_oneway()));
        let mut expected = command.clone();
        if format == HeaderFormat::RocketMq {
            // Empty is null there.
            expected.ext.retain(|(_, value)| !value.is_empty());
            expected.remark = expected.remark.filter(|remark| !remark.is_empty());
        } else {
            let json: serde_json::Value = serde_json::from_slice(frame.header).unwrap();
            for (name, value) in &command.ext {
                prop_assert_eq!(json["extFields"][name].as_str(), Some(value.as_str()));
            }
        }
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn sends(
        texts in (property(), property(), property(), text()),
        numbers in (any::<i32>(), 0..i32::MAX, any::<i32>(), any::<i64>(), any::<i32>(), any::<i32>()),
        switches in (any::<bool>(), any::<bool>(), any::<bool>()),
        pieces in vec(text(), 0..4),
        (format, opaque, body) in (format(), any::<i32>(), vec(any::<u8>(), 0..40)),
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let message = SendMessage {
            group: &texts.0, topic: &texts.1, default_topic: &texts.2, broker_name: &texts.3,
            default_queues: numbers.0, queue_id: numbers.1, sys_flag: numbers.2, born_ms: numbers.3,
            flag: numbers.4, reconsume_times: numbers.5,
            unit_mode: switches.0, batch: switches.1, properties: &pieces, namespace: &texts.3,
        };
        let mut out = Vec::new();
        message.encode(format, opaque, switches.2, body.len(), &mut out).unwrap();
        out.extend_from_slice(&body);
        let command = Command::decode(&frame::decode(&out, out.len()).unwrap().unwrap()).unwrap();
        prop_assert_eq!((command.opaque, command.is_oneway(), &command.body[..]), (opaque, switches.2, &body[..]));
        let read = SendMessage::decode(&command).unwrap();
        prop_assert_eq!((&read.group, &read.topic), (&texts.0, &texts.1));
        prop_assert_eq!((&read.default_topic, &read.broker_name, &read.namespace), (&texts.2, &texts.3, &texts.3));
        prop_assert_eq!((read.default_queues, read.queue_id, read.sys_flag), (numbers.0, numbers.1, numbers.2));
        prop_assert_eq!((read.born_ms, read.flag, read.reconsume_times), (numbers.3, numbers.4, numbers.5));
        prop_assert_eq!((read.unit_mode, read.batch), (switches.0, switches.1));
        prop_assert_eq!(read.properties, pieces.concat());
    }

    #[test]
    fn routes(route in route(), quote_keys in any::<bool>()) {
        let body = route.encode(quote_keys);
        if quote_keys {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
        // An order can be drawn that names too many queues; one that parses is the same.
        match RouteData::parse(&body) {
            Ok(read) => {
                prop_assert_eq!(&read, &route);
                let publish = read.publish();
                prop_assert!(publish.queues.iter().all(|queue| queue.broker < publish.brokers.len() && queue.id >= 0));
            }
            Err(error) => {
                let listed = route.queues.iter().any(|queue| queue.read_queues.max(queue.write_queues) > 65_536);
                prop_assert!(listed || route.order_conf.is_some(), "{}", error);
            }
        }
    }

    #[test]
    fn property_strings(items in vec((property(), property()), 0..8), trailing in any::<bool>()) {
        let mut wire = String::new();
        for (name, value) in &items {
            properties::append(&mut wire, name, value);
        }
        let wire = if trailing { &wire } else { wire.trim_end_matches(properties::ITEM) };
        let read: Vec<_> = properties::iter(wire).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for (name, _) in &items {
            let last = items.iter().rfind(|(known, _)| known == name).map(|(_, value)| value.as_str());
            prop_assert_eq!(properties::get(wire, name), last);
        }
        prop_assert_eq!(read, items);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn bodies(body in prop_oneof![
        vec(any::<u8>(), 0..4_000),
        (any::<u8>(), 0..40_000_usize).prop_map(|(byte, count)| vec![byte; count]),
    ], level in 0..10_u32) {
        let packed = compress::deflate(&body, level).unwrap();
        let inflated = compress::inflate(&packed, body.len()).unwrap();
        prop_assert!(inflated == body);
        if let Some(below) = body.len().checked_sub(1) {
            prop_assert!(compress::inflate(&packed, below).is_err());
        }
    }
}
