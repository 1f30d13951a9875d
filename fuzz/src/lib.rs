//! What the fuzzers run: functions that show any bytes to a reader and check what must hold whatever they are. The same
//! functions run the committed corpora in `tests/corpora.rs`, which includes this file.

use std::borrow::Cow;

use protocol::HeaderFormat;
use protocol::codes::SendStatus;
use protocol::command::{Command, Head};
use protocol::frame::{self, Frame};
use protocol::header::recall::RecallHandle;
use protocol::header::send::{SendAnswer, SendMessage};
use protocol::header::{heartbeat, unregister};
use protocol::message::compress::{self, Codec};
use protocol::message::{batch, properties};
use protocol::route::RouteData;
use protocol::{DecodeError, json};
use rocketmq_producer::producer::{Config, Producer, keys};

/// A fuzz target: its name, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("frame", frame),
    ("header_json", header_json),
    ("header_binary", header_binary),
    ("route", route),
    ("properties", properties),
    ("config", config),
    ("send_answer", send_answer),
    ("batch", batch),
    ("decompress", decompress),
    ("recall_handle", recall_handle),
];

/// Small, so that limits are met.
const FRAME_BYTES_MAX: usize = 4096;

/// A byte stream is cut into frames, and the same ones wherever it is split.
pub fn frame(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some(found)) = frame::decode(rest, FRAME_BYTES_MAX) {
        assert!(found.len <= rest.len() && found.len <= FRAME_BYTES_MAX);
        assert_eq!(found.len, 8 + found.header.len() + found.body.len());
        let (whole, behind) = rest.split_at(found.len);
        assert_eq!(
            frame::decode(whole, FRAME_BYTES_MAX),
            Ok(Some(found)),
            "what lies behind does not matter"
        );
        for end in [0, 3, 4, 7, 8, whole.len() / 2, whole.len() - 1] {
            let part = whole.get(..end.min(whole.len() - 1)).unwrap_or_default();
            assert_eq!(frame::decode(part, FRAME_BYTES_MAX), Ok(None), "cut at {end}");
        }
        let mut out = Vec::new();
        let start = frame::begin(&mut out, found.format);
        out.extend_from_slice(found.header);
        assert_eq!(frame::end(&mut out, start, found.body.len()), Ok(()));
        out.extend_from_slice(found.body);
        assert_eq!(out, whole, "written as it was read");
        command(&found);
        rest = behind;
    }
    if frame::decode(rest, FRAME_BYTES_MAX) == Ok(None)
        && let Some((length, behind)) = rest.split_first_chunk::<4>()
    {
        let length = u32::from_be_bytes(*length);
        assert!(
            usize::try_from(length).is_ok_and(|length| length > behind.len()),
            "more is asked for than is due"
        );
    }
}

/// A header in JSON.
pub fn header_json(data: &[u8]) {
    let frame = |header| Frame { format: HeaderFormat::Json, header, body: b"body", len: data.len() + 12 };
    command(&frame(data));
    // White space in front has it read the long way, to the same end.
    let spaced = [b" ", data].concat();
    let said = |header| Head::read(&frame(header)).map(|head| (format!("{:?}", shown(&head)), stored(&head)));
    assert_eq!(said(data), said(&spaced));
}

/// All that a head says but the fields of an answer to a send.
fn shown<'a>(head: &Head<'a>) -> impl std::fmt::Debug + use<'a> {
    let Head { code, opaque, flag, version, language, remark, .. } = head.clone();
    (code, opaque, flag, version, language, remark, head.ext().collect::<Vec<_>>())
}

/// Where a message was stored, by an answer that is one to a send.
fn stored(head: &Head<'_>) -> Result<String, String> {
    let answer = SendAnswer::read(head).map_err(|error| error.to_string())?;
    Ok(format!(
        "{} {} {} {}",
        answer.queue_id,
        answer.queue_offset,
        answer.offset_id(),
        answer.transaction_id()
    ))
}

/// A header in RocketMQ's binary form.
pub fn header_binary(data: &[u8]) {
    command(&Frame { format: HeaderFormat::RocketMq, header: data, body: b"body", len: data.len() + 12 });
}

/// Both readers agree, and what was read is read again after it was written, in either form.
fn command(frame: &Frame<'_>) {
    let (head, command) = (Head::read(frame), Command::decode(frame));
    assert_eq!(head.as_ref().err(), command.as_ref().err());
    let (Ok(head), Ok(command)) = (head, command) else { return };
    assert_eq!((head.code, head.opaque, head.flag), (command.code, command.opaque, command.flag));
    assert_eq!(head.remark, command.remark.as_deref().map(Cow::Borrowed));
    assert!(
        head.ext()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .eq(command.ext.iter().cloned())
    );
    // A field is at least `"":0,` or two lengths.
    assert!(command.ext.len() <= frame.header.len() / 4);
    let _ = SendMessage::decode(&command);
    let _ = unregister::decode(&command);
    let _ = heartbeat::parse(frame.header);
    for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
        let mut out = Vec::new();
        // Numbers may not fit the binary form.
        if command.encode(format, &mut out).is_err() {
            assert!(out.is_empty());
            continue;
        }
        let again =
            frame::decode(&out, frame::FRAME_BYTES_MAX).ok().flatten().map(|frame| Command::decode(&frame));
        let Some(Ok(again)) = again else { panic!("{command:?} is written and not read: {again:?}") };
        assert_eq!((again.code, again.opaque, again.flag), (command.code, command.opaque, command.flag));
        assert_eq!(again.body, command.body);
        if format == HeaderFormat::Json {
            assert_eq!((again.ext, again.remark), (command.ext.clone(), command.remark.clone()));
        }
    }
}

/// A name server's answer.
pub fn route(data: &[u8]) {
    let repaired = json::quote_integer_keys(data);
    assert!(repaired.len() <= data.len() * 3);
    let Ok(route) = RouteData::parse(data) else { return };
    let publish = route.publish();
    for queue in &publish.queues {
        assert!(queue.id >= 0 && queue.broker < publish.brokers.len(), "{queue:?}");
    }
    for quote_keys in [false, true] {
        assert_eq!(
            RouteData::parse(&route.encode(quote_keys)).as_ref(),
            Ok(&route),
            "read as it was written"
        );
    }
    let _ = route.for_default_topic(4).publish();
}

/// A message's properties.
pub fn properties(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut again = String::new();
    for (name, value) in properties::iter(&text) {
        assert!(!name.is_empty() && !value.is_empty());
        assert!(properties::get(&text, name).is_some());
        properties::append(&mut again, name, value);
    }
    assert!(properties::iter(&again).eq(properties::iter(&text)), "read as they were written");
}

/// Lines `key=value`: set, and a producer made of them, which does no I/O.
pub fn config(data: &[u8]) {
    let mut config = Config::new();
    for line in String::from_utf8_lossy(data).lines() {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        // A number stands for the key at this place of the table, so that keys need not be guessed.
        let known = key.parse().ok().and_then(|index: usize| keys().get(index));
        let key = known.and_then(|key| key.name.to_str().ok()).unwrap_or(key);
        match config.set(key, Some(value)) {
            Ok(()) => assert_eq!(config.get(key).ok().as_deref(), Some(value.trim())),
            Err(error) => assert!(error.to_string().len() < 2000, "{error}"),
        }
    }
    if let Err(error) = Producer::new(&config) {
        assert!(!error.to_string().is_empty());
    }
}

/// An answer to a send.
pub fn send_answer(data: &[u8]) {
    let Ok(Some(found)) = frame::decode(data, frame::FRAME_BYTES_MAX) else { return };
    let Ok(head) = Head::read(&found) else { return };
    let _ = SendStatus::from_code(head.code);
    if let Ok(answer) = SendAnswer::read(&head) {
        let texts = [answer.offset_id(), answer.transaction_id(), answer.recall_handle(), answer.region()];
        assert!(texts.iter().all(|text| text.len() <= found.header.len() * 3 + "DefaultRegion".len()));
        let _ = (answer.offset_id_bytes(), answer.trace_on());
    }
}

/// The body of a batch.
pub fn batch(data: &[u8]) {
    let (mut again, mut bytes) = (Vec::new(), 0);
    let mut records = batch::records(data);
    for record in records.by_ref().map_while(Result::ok) {
        bytes += batch::RECORD_BYTES + record.body.len();
        // What is not UTF-8 gets longer, perhaps too long.
        if batch::append(&mut again, record.flag, record.body, &[&record.properties]).is_err() {
            return;
        }
    }
    assert!(bytes <= data.len());
    assert!(records.next().is_none(), "nothing comes after an error");
    let read = batch::records(data).map_while(Result::ok);
    assert!(batch::records(&again).map_while(Result::ok).eq(read), "read as it was written");
}

/// How much a body may grow to here.
const BODY_BYTES_MAX: usize = 1 << 16;

/// A compressed body, behind a byte that says how.
pub fn decompress(data: &[u8]) {
    let Some((kind, packed)) = data.split_first() else { return };
    let codec = match kind % 3 {
        0 => Codec::Zlib,
        1 => Codec::Lz4,
        _ => Codec::Zstd,
    };
    let Ok(body) = compress::decompress(codec, packed, BODY_BYTES_MAX) else { return };
    assert!(body.len() <= BODY_BYTES_MAX);
    if let Some(bytes_max) = body.len().checked_sub(1) {
        let less = compress::decompress(codec, packed, bytes_max);
        assert_eq!(less, Err(DecodeError::BodyTooLong { bytes_max }));
    }
    let again = compress::compress(codec, &body, u32::from(*kind / 3));
    let again = again.ok().and_then(|packed| compress::decompress(codec, &packed, body.len()).ok());
    assert!(again.is_some_and(|again| again == body), "read as it was written");
}

/// What a broker gives to take a message back with.
pub fn recall_handle(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match text.parse::<RecallHandle>() {
        Ok(handle) => assert_eq!(handle.to_string().parse(), Ok(handle), "read as it was written"),
        Err(error) => assert!(matches!(error, DecodeError::RecallHandle(_)), "{error}"),
    }
}
