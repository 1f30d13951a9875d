//! What the message with a given number holds: the same as in `sender.c`.

use std::collections::BTreeMap;

use crate::apache::{Arrived, Stored};

const BODY_BYTES_MAX: usize = 1 << 18;

/// What a stored message has to hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) tags: Option<String>,
    pub(crate) keys: Option<String>,
    /// The sender's own, tags and keys included.
    pub(crate) properties: BTreeMap<String, String>,
    /// The compression bits of the system flag.
    pub(crate) sys_flag: i64,
    pub(crate) body: Vec<u8>,
}

impl Content {
    pub(crate) fn of(index: usize) -> Self {
        let bare = index % 11 == 10;
        let tag = if index % 7 == 3 { "標籤" } else { "tag" };
        let tags = (!bare).then(|| format!("{tag}-{}", index % 7));
        let keys = (!bare).then(|| format!("key-{index} schlüssel-{index}"));
        let mut properties = BTreeMap::from([("index".to_owned(), index.to_string())]);
        properties.extend(tags.iter().map(|tags| ("TAGS".to_owned(), tags.clone())));
        properties.extend(keys.iter().map(|keys| ("KEYS".to_owned(), keys.clone())));
        match index % 5 {
            0 => drop(properties.insert("城市".to_owned(), format!("杭州-{index}"))),
            1 => drop(properties.insert("emoji 😀".to_owned(), format!("🚀 {index}"))),
            2 => drop(properties.insert("quo\"te\\back".to_owned(), format!("a\"b\\c/\n\t{index} é"))),
            _ => {}
        }
        // Large bodies of words shrink; large ones of random bytes do not, and stay as they are.
        let sys_flag = if index % 100 == 99 { COMPRESSED_ZLIB } else { 0 };
        Self { tags, keys, properties, sys_flag, body: body(index) }
    }

    /// As it was read back, without what the library, the broker and the reader add.
    pub(crate) fn read(message: &Stored) -> Self {
        Self {
            tags: message.tags.clone(),
            keys: message.keys.clone(),
            properties: senders(&message.properties),
            sys_flag: message.sys_flag,
            body: message.body.clone(),
        }
    }

    /// The same of what a push consumer got.
    pub(crate) fn arrived(message: &Arrived) -> Self {
        Self {
            tags: message.tags.clone(),
            keys: message.keys.clone(),
            properties: senders(&message.properties),
            sys_flag: message.sys_flag,
            body: message.body.clone(),
        }
    }
}

fn senders(properties: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const ADDED: &[&str] = &[
        "UNIQ_KEY",
        "WAIT",
        "CLUSTER",
        "MSG_REGION",
        "TRACE_ON",
        "MIN_OFFSET",
        "MAX_OFFSET",
        "CONSUME_START_TIME",
    ];
    let mut properties = properties.clone();
    properties.retain(|name, _| !ADDED.contains(&name.as_str()));
    properties
}

/// `MessageSysFlag.COMPRESSED_FLAG` and the type ZLIB.
pub(crate) const COMPRESSED_ZLIB: i64 = 1 | 3 << 8;

fn body(index: usize) -> Vec<u8> {
    let len = match index {
        777 => BODY_BYTES_MAX,
        _ if index % 50 == 49 => 4096 + index * 13 % 2048,
        _ => 1 + index * 37 % 256,
    };
    if index % 100 == 99 { words(len) } else { noise(index, len) }
}

/// A body that shrinks.
pub(crate) fn words(len: usize) -> Vec<u8> {
    b"RocketMQ\0".iter().copied().cycle().take(len).collect()
}

/// The body of a message with this number that does not.
pub(crate) fn noise(index: usize, len: usize) -> Vec<u8> {
    let mut random = (u32::try_from(index).expect("a small number") + 1).wrapping_mul(2_654_435_761);
    let step = || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random.to_be_bytes()[0]
    };
    std::iter::repeat_with(step).take(len).collect()
}

/// The number of a message that was read back.
pub(crate) fn index_of(message: &Stored) -> usize {
    message.properties["index"].parse().expect("the index is a number")
}
