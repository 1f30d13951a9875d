//! Tests of sends and their answers.

use super::{Prepared, PreparedSend, SendAnswer, SendMessage, Sender};
use crate::codes::Language;
use crate::command::{Command, Head};
use crate::frame::{Frame, HeaderFormat, PREFIX_BYTES, decode};
use crate::message::batch;
use crate::message::id::IdGenerator;
use crate::{DecodeError, EncodeError};
use proptest::prelude::*;
use std::borrow::Cow;

const MESSAGE: SendMessage<'static> = SendMessage {
    group: "PG",
    topic: "T",
    default_topic: "TBW102",
    default_queues: 4,
    queue_id: 3,
    sys_flag: 1,
    born_ms: 1_583_000_000_123,
    flag: -7,
    properties: &[],
    reconsume_times: 0,
    unit_mode: false,
    batch: false,
    broker_name: "",
    namespace: "",
};

const FORMATS: [HeaderFormat; 2] = [HeaderFormat::Json, HeaderFormat::RocketMq];

fn sent(message: &SendMessage<'_>, format: HeaderFormat) -> Command {
    let mut out = Vec::new();
    message.encode(format, 42, false, 4, &mut out).unwrap();
    out.extend_from_slice(b"body");
    Command::decode(&decode(&out, out.len()).unwrap().unwrap()).unwrap()
}

#[test]
fn properties_are_joined_and_left_out_when_there_are_none() {
    for format in FORMATS {
        let command =
            sent(&SendMessage { properties: &["", "a\u{1}b\u{2}", "c\u{1}\"\u{2}"], ..MESSAGE }, format);
        assert_eq!(command.ext("i"), Some("a\u{1}b\u{2}c\u{1}\"\u{2}"));
        for none in [&[][..], &["", ""]] {
            let command = sent(&SendMessage { properties: none, ..MESSAGE }, format);
            assert_eq!((command.ext("i"), command.ext("n")), (None, None));
            assert_eq!(SendMessage::decode(&command).unwrap().properties, "");
        }
    }
}

#[test]
fn a_batch_has_its_own_code_and_says_so() {
    for format in FORMATS {
        let command = sent(
            &SendMessage { batch: true, unit_mode: true, broker_name: "b-0", namespace: "NS", ..MESSAGE },
            format,
        );
        assert_eq!((command.code, command.ext("m"), command.ext("k")), (320, Some("true"), Some("true")));
        assert_eq!(
            (command.opaque, command.language, command.version),
            (42, Language::Rust, crate::codes::VERSION)
        );
        let send = SendMessage::decode(&command).unwrap();
        assert!(send.batch && send.unit_mode);
        assert_eq!((send.broker_name.as_str(), send.namespace.as_str(), send.flag), ("b-0", "NS", -7));
        assert_eq!(command.ext("nsd"), Some("true"));
        assert_eq!(sent(&MESSAGE, format).ext("nsd"), None);
    }
}

#[test]
fn no_negative_queue_is_ever_written() {
    let mut out = b"earlier".to_vec();
    let message = SendMessage { queue_id: -1, ..MESSAGE };
    assert_eq!(message.encode(HeaderFormat::Json, 1, false, 0, &mut out), Err(EncodeError::QueueId(-1)));
    assert_eq!(out, b"earlier");
}

#[test]
fn writing_needs_no_more_room_than_was_made_at_once() {
    let wide = "\u{1}".repeat(1_000);
    let message = SendMessage {
        group: &wide,
        properties: &[&wide, &wide],
        broker_name: &wide,
        namespace: &wide,
        default_queues: i32::MIN,
        queue_id: i32::MAX,
        sys_flag: i32::MIN,
        born_ms: i64::MIN,
        flag: i32::MIN,
        reconsume_times: i32::MIN,
        batch: true,
        ..MESSAGE
    };
    for format in FORMATS {
        for message in [message, SendMessage { group: "g", properties: &[], broker_name: "", ..message }] {
            let mut out = Vec::new();
            let texts =
                [message.group, message.topic, message.default_topic, message.broker_name, message.namespace];
            let texts: usize = texts.iter().chain(message.properties).map(|text| text.len()).sum();
            let room = texts * 6 + super::write::SCALAR_BYTES_MAX + crate::command::FIXED_BYTES_MAX;
            message.encode(format, i32::MIN, true, 0, &mut out).unwrap();
            assert!(out.len() <= room, "{} > {room}", out.len());
        }
    }
}

#[test]
fn a_frame_too_long_leaves_no_trace() {
    for format in FORMATS {
        let mut out = b"earlier".to_vec();
        let body = crate::frame::FRAME_BYTES_MAX - PREFIX_BYTES;
        assert!(MESSAGE.encode(format, 1, false, body, &mut out).is_err());
        assert_eq!(out, b"earlier");
    }
}

#[test]
fn a_send_that_misses_a_required_field_is_refused() {
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let mut command = sent(&MESSAGE, HeaderFormat::Json);
        command.ext.retain(|(known, _)| known != name);
        assert_eq!(SendMessage::decode(&command), Err(DecodeError::Missing(name)));
    }
    for name in ["i", "j", "k", "m", "n"] {
        let mut command = sent(&MESSAGE, HeaderFormat::Json);
        command.ext.retain(|(known, _)| known != name);
        assert!(SendMessage::decode(&command).is_ok(), "{name}");
    }
    for (name, value) in [("e", "x"), ("e", ""), ("e", "2147483648"), ("g", "1.5"), ("j", "x")] {
        let command = sent(&MESSAGE, HeaderFormat::Json).with(name, value);
        assert_eq!(SendMessage::decode(&command), Err(DecodeError::Number(name)));
    }
    assert_eq!(SendMessage::decode(&Command::request(34)), Err(DecodeError::Code(34)));
}

fn read<R>(
    command: &Command,
    format: HeaderFormat,
    f: impl FnOnce(Result<SendAnswer<'_>, DecodeError>) -> R,
) -> R {
    let mut out = Vec::new();
    command.encode(format, &mut out).unwrap();
    let head = Head::read(&decode(&out, out.len()).unwrap().unwrap()).unwrap();
    f(SendAnswer::read(&head))
}

#[test]
fn an_answer_is_read_without_a_copy() {
    let command = Command::response(0, 42)
        .with("msgId", "0A00000100002A9F00000000004109DF")
        .with("queueId", 3)
        .with("queueOffset", i64::MAX)
        .with("transactionId", "tx")
        .with("recallHandle", "djE=")
        .with("batchUniqId", "B1")
        .with("MSG_REGION", "r-1")
        .with("TRACE_ON", false);
    for format in FORMATS {
        read(&command, format, |answer| {
            let answer = answer.unwrap();
            assert_eq!((answer.queue_id, answer.queue_offset, answer.trace_on()), (3, i64::MAX, false));
            let texts = [
                answer.offset_id(),
                answer.transaction_id(),
                answer.recall_handle(),
                answer.batch_unique_id(),
                answer.region(),
            ];
            assert!(texts.iter().all(|text| matches!(text, Cow::Borrowed(_))));
            assert_eq!(texts, ["0A00000100002A9F00000000004109DF", "tx", "djE=", "B1", "r-1"]);
        });
    }
}

#[test]
fn an_answer_must_say_where_the_message_is() {
    let queue_id = Command::response(0, 1).with("queueId", 3);
    let whole = queue_id.clone().with("queueOffset", 0);
    for format in FORMATS {
        read(&whole, format, |answer| {
            let answer = answer.unwrap();
            assert_eq!(
                (&*answer.offset_id(), &*answer.region(), answer.trace_on()),
                ("", "DefaultRegion", true)
            );
            assert_eq!((&*answer.recall_handle(), &*answer.batch_unique_id()), ("", ""));
        });
        // Only `false` turns tracing off.
        let odd = whole.clone().with("TRACE_ON", "yes");
        read(&odd, format, |answer| assert!(answer.unwrap().trace_on()));
        read(&queue_id, format, |answer| assert_eq!(answer.err(), Some(DecodeError::Missing("queueOffset"))));
        read(&Command::response(0, 1), format, |answer| {
            assert_eq!(answer.err(), Some(DecodeError::Missing("queueId")))
        });
        let wide = queue_id.clone().with("queueId", i64::MAX);
        read(&wide, format, |answer| assert_eq!(answer.err(), Some(DecodeError::Number("queueId"))));
        let text = whole.clone().with("queueOffset", "x");
        read(&text, format, |answer| assert_eq!(answer.err(), Some(DecodeError::Number("queueOffset"))));
    }
}

#[test]
fn prepared_pieces_make_the_same_frame() {
    let id = IdGenerator::new("10.0.0.9".parse().unwrap(), 1, 2).next(3);
    let own = "TAGS\u{1}\"T\\\u{1f}\u{2}";
    for (namespace, broker_name, unit_mode, batch) in
        [("", "", false, false), ("NS\"", "b-\u{7}", true, true), ("", "b", true, false)]
    {
        let message = SendMessage {
            group: "P\"G",
            topic: "T\\",
            properties: &["UNIQ_KEY\u{1}", id.as_str(), "\u{2}", "WAIT\u{1}true\u{2}", own],
            broker_name,
            namespace,
            unit_mode,
            batch,
            ..MESSAGE
        };
        let sender = Sender::new("P\"G", MESSAGE.default_topic, MESSAGE.default_queues)
            .with_namespace(namespace)
            .with_properties("WAIT\u{1}true\u{2}")
            .with_unit_mode(unit_mode);
        let broker_name = Prepared::broker_name(broker_name);
        let prepared = PreparedSend {
            sender: &sender,
            topic: &Prepared::topic("T\\"),
            broker_name: Some(&broker_name),
            queue_id: message.queue_id,
            sys_flag: message.sys_flag,
            born_ms: message.born_ms,
            flag: message.flag,
            id: Some(&id),
            properties: own,
            reconsume_times: 0,
            batch,
        };
        for format in FORMATS {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            message.encode(format, 7, false, 0, &mut one).unwrap();
            prepared.encode(format, 7, false, 0, &mut other).unwrap();
            assert_eq!(one, other);
        }
    }
}

/// A batch's header has the properties of the whole: those of the sender, and an id of its own if it is given one.
#[test]
fn a_batch_is_written_from_prepared_pieces() {
    let id = IdGenerator::new("10.0.0.9".parse().unwrap(), 1, 2).next(3);
    let sender = Sender::new("PG", "TBW102", 4).with_properties("WAIT\u{1}true\u{2}");
    let mut body = Vec::new();
    batch::append(&mut body, 7, b"one", &["TAGS\u{1}A\u{2}"]).unwrap();
    batch::append(&mut body, 8, b"two", &[]).unwrap();
    for format in FORMATS {
        for (id, properties) in [
            (None, "WAIT\u{1}true\u{2}".to_owned()),
            (Some(&id), format!("UNIQ_KEY\u{1}{id}\u{2}WAIT\u{1}true\u{2}")),
        ] {
            let send = PreparedSend {
                sender: &sender,
                topic: &Prepared::topic("T"),
                broker_name: None,
                queue_id: 3,
                sys_flag: 0,
                born_ms: 1_583_000_000_123,
                flag: 0,
                id,
                properties: "",
                reconsume_times: 0,
                batch: true,
            };
            let mut out = Vec::new();
            send.encode(format, 42, false, body.len(), &mut out).unwrap();
            out.extend_from_slice(&body);
            let command = Command::decode(&decode(&out, out.len()).unwrap().unwrap()).unwrap();
            let fields = [("f", "0"), ("h", "0"), ("i", &properties), ("m", "true")];
            assert!(fields.iter().all(|(name, value)| command.ext(name) == Some(value)), "{command:?}");
            assert_eq!((command.code, batch::records(&command.body).count()), (320, 2));
        }
    }
}

/// All that a header and an answer say.
fn said(header: &[u8]) -> Result<String, DecodeError> {
    let frame = Frame { format: HeaderFormat::Json, header, body: b"", len: header.len() + PREFIX_BYTES };
    let head = Head::read(&frame)?;
    let fields: Vec<_> = head.ext().collect();
    let answer = SendAnswer::read(&head).map(|answer| {
        let texts = [answer.offset_id(), answer.transaction_id(), answer.recall_handle(), answer.region()];
        assert_eq!(String::from_utf8_lossy(&answer.offset_id_bytes()), texts[0]);
        format!("{} {} {texts:?} {}", answer.queue_id, answer.queue_offset, answer.trace_on())
    });
    let numbers = [head.code, head.opaque, head.flag, head.version];
    Ok(format!("{numbers:?} {:?} {:?} {fields:?} {answer:?}", head.language, head.remark))
}

/// What is read as Java writes it, and what is read the long way because of the space before it.
fn both(header: &[u8]) -> (Result<String, DecodeError>, Result<String, DecodeError>) {
    (said(header), said(&[b" ", header].concat()))
}

#[test]
fn the_short_way_reads_what_the_long_way_reads() {
    let header = |fields: &str, opaque: &str| {
        format!(
            "{{\"code\":0,\"extFields\":{{{fields}}},\"flag\":1,\"language\":\"JAVA\",\"opaque\":{opaque},\
             \"serializeTypeCurrentRPC\":\"JSON\",\"version\":353}}"
        )
    };
    let whole = r#""queueId":"3","TRACE_ON":"false","MSG_REGION":"r","msgId":"0A","queueOffset":"12""#;
    for (fields, opaque) in [
        ("", "1"),
        (whole, "1"),
        (whole, "12345678"),
        (whole, "2147483647"),
        (whole, "2147483648"),
        (whole, "-7"),
        (whole, "007"),
        (whole, "1.5"),
        (whole, "null"),
        (&format!(r#"{whole},"queueId":"4","msgId":"0B""#), "1"),
        (&format!(r#"{whole},"queueId":null,"TRACE_ON":null"#), "1"),
        (&format!(r#"{whole},"queueId":"x","queueId":"4""#), "1"),
        (&format!(r#"{whole},"queueOffset":"","queueOffset":"4""#), "1"),
        (r#""queueId":3,"queueOffset":12,"other":{"a":[1]},"msgId":true"#, "1"),
        (r#""queueId":"99999999999","queueOffset":"9223372036854775807""#, "1"),
        (r#""queueId":"3","queueOffset":"1","msgId":"\u0041","":"""#, "1"),
        (r#""queueId":"3" , "queueOffset" : "1""#, "1"),
        (r#""queueId":"3","queueOffset":"1","#, "1"),
        (r#""queueId":"3","queueOffset":"1","transactionId":"t","recallHandle":"é""#, "1"),
    ] {
        let header = header(fields, opaque);
        let (short, long) = both(header.as_bytes());
        assert_eq!(short, long, "{header}");
        for end in 0..header.len() {
            let (short, long) = both(&header.as_bytes()[..end]);
            assert_eq!(short, long, "{header} up to {end}");
        }
    }
    // The first of several that is no number spoils the answer.
    let spoilt = header(r#""queueId":"x","queueId":"4","queueOffset":"1""#, "1");
    assert!(said(spoilt.as_bytes()).unwrap().contains("Number"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2048 }))]

    #[test]
    fn both_ways_agree_on_damaged_headers(
        fields in "(\"(queueId|queueOffset|msgId|TRACE_ON|x)\":(\"[0-9a]{0,9}\"|[0-9]{0,10}|null),?){0,4}",
        (code, flag, opaque, version) in ("[0-9]{1,9}", "[0-9-]{1,2}", "[0-9]{1,11}", "[0-9]{0,4}"),
        (at, byte) in (any::<prop::sample::Index>(), prop::option::of("[ \\\\\"{},:0-9x]")),
    ) {
        let mut header = format!(
            "{{\"code\":{code},\"extFields\":{{{fields}}},\"flag\":{flag},\"language\":\"JAVA\",\
             \"opaque\":{opaque},\"serializeTypeCurrentRPC\":\"JSON\",\"version\":{version}}}"
        );
        if let Some(byte) = byte {
            let at = at.index(header.len());
            header.replace_range(at..=at, &byte);
        }
        let (short, long) = both(header.as_bytes());
        prop_assert_eq!(short, long, "{}", header);
    }
}
