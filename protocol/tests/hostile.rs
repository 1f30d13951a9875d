//! Whatever comes in, readers answer with a value or an error: no panic, no endless loop, nothing held but a small
//! multiple of the input. That multiple is by construction: frames, heads and answers borrow; a command copies each
//! byte of its frame once and holds a field for at least 5 bytes (`"":0,`), a route an entry for at least 17
//! (`{"brokerName":""}`) and queues only up to a fixed count; nesting is cut at a fixed depth; decompressing stops one
//! byte over the caller's limit, a batch's records borrow.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[expect(dead_code, reason = "only the frames are needed here")]
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::HeaderFormat;
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX, Frame};
use protocol::header::send::{SendAnswer, SendMessage};
use protocol::header::{heartbeat, unregister};
use protocol::message::compress::{self, Codec};
use protocol::message::id::UniqueId;
use protocol::message::{batch, name, properties};
use protocol::route::RouteData;
use protocol::{DecodeError, json};
use std::sync::LazyLock;

static FRAMES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(support::frames);

/// Shows `input` to everything that reads bytes.
fn read_all(input: &[u8]) {
    let mut rest = input;
    while let Ok(Some(frame)) = frame::decode(rest, FRAME_BYTES_MAX) {
        assert!(frame.len >= 8 && frame.len <= rest.len());
        read_frame(&frame);
        rest = &rest[frame.len..];
    }
    for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
        read_frame(&Frame { format, header: input, body: input, len: input.len() * 2 + 8 });
    }
    let _ = heartbeat::parse(input);
    for codec in [Codec::Zlib, Codec::Lz4, Codec::Zstd] {
        let body = compress::decompress(codec, input, 1 << 16);
        assert!(body.map_or(true, |body| body.len() <= 1 << 16));
    }
    // A record is at least its lengths, flag, magic number and checksum.
    assert!(batch::records(input).count() <= input.len() / batch::RECORD_BYTES + 1);
    let _ = RouteData::parse(input).map(|route| route.publish());
    let repaired = json::quote_integer_keys(input);
    assert!(repaired.len() <= input.len() * 3);
    let text = String::from_utf8_lossy(input);
    assert!(properties::iter(&text).all(|(name, value)| !name.is_empty() && !value.is_empty()));
    let _ = (name::check_topic(&text), name::check_group(&text), text.parse::<UniqueId>());
}

fn read_frame(frame: &Frame<'_>) {
    let head = Head::read(frame);
    let command = Command::decode(frame);
    assert_eq!(head.is_ok(), command.is_ok());
    let (Ok(head), Ok(command)) = (head, command) else { return };
    // A field is at least `"":0,` or two lengths.
    assert!(head.ext().count() <= frame.header.len() / 4);
    let _ = SendAnswer::read(&head);
    let _ = SendMessage::decode(&command);
    let _ = unregister::decode(&command);
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Length(prop::sample::Index, i32),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Double(prop::sample::Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(len)] = *byte,
            Self::Flip(at, bit) => bytes[at.index(len)] ^= 1 << (bit % 8),
            Self::Length(at, length) if len >= 4 => {
                let at = at.index(len - 3);
                bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
            Self::Length(..) => {}
            Self::Cut(at) => bytes.truncate(at.index(len)),
            Self::Remove(at) => drop(bytes.remove(at.index(len))),
            Self::Insert(at, more) => {
                let at = at.index(len);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Double(at) => {
                let tail = bytes[at.index(len)..].to_vec();
                bytes.extend_from_slice(&tail);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    let length = prop_oneof![any::<i32>(), -2..40_i32, Just(i32::MAX), Just(i32::MIN)];
    let token = prop_oneof![
        vec(any::<u8>(), 1..6),
        "[{}\\[\\],:\"\\\\0-9a-u-]{1,6}".prop_map(String::into_bytes),
        Just(b"\\ud83d".to_vec()),
    ];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), length).prop_map(|(at, length)| Mutation::Length(at, length)),
        at().prop_map(Mutation::Cut),
        at().prop_map(Mutation::Remove),
        (at(), token).prop_map(|(at, more)| Mutation::Insert(at, more)),
        at().prop_map(Mutation::Double),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 2048 }))]

    #[test]
    fn any_bytes(input in vec(any::<u8>(), 0..300)) {
        read_all(&input);
    }

    #[test]
    fn damaged_frames(which in any::<prop::sample::Index>(), mutations in vec(mutation(), 1..4)) {
        let mut bytes = which.get(&FRAMES).1.clone();
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        read_all(&bytes);
    }

    /// The frame stays whole, so that the damage reaches the header's readers.
    #[test]
    fn damaged_headers_and_bodies(which in any::<prop::sample::Index>(), mutations in vec(mutation(), 1..4)) {
        let bytes = &which.get(&FRAMES).1;
        let frame = frame::decode(bytes, FRAME_BYTES_MAX).unwrap().unwrap();
        let (mut header, mut body) = (frame.header.to_vec(), frame.body.to_vec());
        for mutation in &mutations {
            mutation.apply(&mut header);
            mutation.apply(&mut body);
        }
        read_frame(&Frame { header: &header, body: &body, ..frame });
        read_all(&header);
        read_all(&body);
    }
}

#[test]
fn a_length_of_four_gigabytes_costs_nothing() {
    for first in [[0xFF; 4], [0x7F, 0xFF, 0xFF, 0xFF], [0x01, 0x00, 0x00, 0x00]] {
        assert!(frame::decode(&first, FRAME_BYTES_MAX).is_err());
    }
}

#[test]
fn nesting_is_refused_before_it_hurts() {
    let levels = if cfg!(miri) { 1_000 } else { 1_000_000 };
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let deep = open.repeat(levels);
        let header = format!("{{\"code\":0,\"opaque\":1,\"x\":{deep}");
        let frame =
            Frame { format: HeaderFormat::Json, header: header.as_bytes(), body: b"", len: header.len() + 8 };
        assert_eq!(Head::read(&frame).err(), Some(DecodeError::TooDeep));
        let body = format!("{{\"filterServerTable\":{deep}");
        assert_eq!(RouteData::parse(body.as_bytes()), Err(DecodeError::TooDeep));
        assert_eq!(heartbeat::parse(body.as_bytes()), Err(DecodeError::TooDeep));
    }
}

/// Work grows with the input and not with its square: a megabyte of the least favourable text takes no time.
#[test]
#[cfg_attr(miri, ignore = "megabytes are slow there")]
fn long_input_of_little_meaning_is_read_in_one_pass() {
    for unit in ["{0:", "{1", ",-", "\"", "\\\"", "\"\\", " ", "0", "{\"a\":1,", "1:"] {
        read_all(unit.repeat((1 << 20) / unit.len()).as_bytes());
    }
}

/// A field that is no number spoils its answer, however often it comes, and is looked at once.
#[test]
#[cfg_attr(miri, ignore = "megabytes are slow there")]
fn a_long_field_that_is_no_number_is_looked_at_once() {
    let zeros = "0".repeat(1 << 20);
    let again = ",\"queueId\":\"1\"".repeat(1 << 17);
    let header = format!("{{\"code\":0,\"opaque\":1,\"extFields\":{{\"queueId\":\"{zeros}x\"{again}}}}}");
    let frame =
        Frame { format: HeaderFormat::Json, header: header.as_bytes(), body: b"", len: header.len() + 8 };
    let head = Head::read(&frame).unwrap();
    assert_eq!(SendAnswer::read(&head).err(), Some(DecodeError::Number("queueId")));
}
