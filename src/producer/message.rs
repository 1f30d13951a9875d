//! A message to send: topic, tags, keys, properties and body. Setters check characters; what depends on
//! lengths is checked at the send, by `limits`.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use protocol::message::name::{self, NameError};
use protocol::message::properties::{self, names};
use protocol::message::sharding;

use crate::client::body::Body;
use crate::error::{Error, ErrorKind};
use crate::text::{ShortText, Text};

/// What brokers have levels for unless configured; they take higher ones for the last.
const DELAY_LEVEL_MAX: i32 = 18;

/// A message to send. Cloning shares a large body and every text.
#[derive(Clone, Debug)]
pub struct Message {
    topic: ShortText,
    /// Whether a producer without a namespace may send to the topic.
    topic_is_valid: bool,
    /// Of the sharding key, if there is one.
    key_hash: Option<i32>,
    /// The application's own number, which RocketMQ passes on.
    flag: i32,
    /// Whether the broker answers only when the message is stored as configured.
    wait_store: bool,
    /// Whether one of the properties is a timer's.
    timed: bool,
    /// Names are unique, none is empty, no text holds a separator.
    properties: Vec<(Text, Text)>,
    /// The properties in wire form, made by the first send after a change.
    wire: OnceLock<Arc<str>>,
    body: Body,
}

impl Message {
    /// An empty message for `topic`.
    pub fn new(topic: &str) -> Result<Self, Error> {
        let topic_is_valid = check_topic(topic)?;
        Ok(Self {
            topic: ShortText::new(topic),
            topic_is_valid,
            key_hash: None,
            flag: 0,
            wait_store: true,
            timed: false,
            properties: Vec::new(),
            wire: OnceLock::new(),
            body: Body::EMPTY,
        })
    }

    /// As good as new, for `topic`. Keeps the memory that it has.
    pub fn renew(&mut self, topic: &str) -> Result<(), Error> {
        self.set_topic(topic)?;
        self.clear();
        Ok(())
    }

    /// Forgets everything but the topic, which the next message of this memory often has too.
    pub fn clear(&mut self) {
        if !self.properties.is_empty() {
            self.properties.clear();
            self.key_hash = None;
            self.wire = OnceLock::new();
        }
        (self.flag, self.wait_store, self.timed) = (0, true, false);
        self.body.clear();
    }

    /// Bytes of memory that stay with it when it is cleared, about.
    pub fn kept_bytes(&self) -> usize {
        self.body.own_capacity() + self.properties.capacity() * size_of::<(Text, Text)>()
    }

    /// Replaces the topic.
    pub fn set_topic(&mut self, topic: &str) -> Result<(), Error> {
        if self.topic.as_bytes() != topic.as_bytes() {
            self.topic_is_valid = check_topic(topic)?;
            self.topic.set(topic.as_bytes());
        }
        Ok(())
    }

    /// Replaces the tags; `None` removes them.
    pub fn set_tags(&mut self, tags: Option<&str>) -> Result<(), Error> {
        self.put(names::TAGS, tags)
    }

    /// Replaces the keys, which are separated by blanks; `None` removes them.
    pub fn set_keys(&mut self, keys: Option<&str>) -> Result<(), Error> {
        self.put(names::KEYS, keys)
    }

    /// Adds one key behind those that are there.
    pub fn add_key(&mut self, key: &str) -> Result<(), Error> {
        check_value(names::KEYS, key)?;
        let keys = match self.keys().as_str() {
            "" => key.to_owned(),
            present => format!("{present} {key}"),
        };
        self.put(names::KEYS, Some(&keys))
    }

    /// Replaces the sharding key: messages of equal keys go to one queue; `None` removes it.
    pub fn set_sharding_key(&mut self, key: Option<&str>) -> Result<(), Error> {
        self.put(names::SHARDING_KEY, key)
    }

    /// Java's hash of the sharding key, if there is one.
    pub(crate) const fn key_hash(&self) -> Option<i32> {
        self.key_hash
    }

    /// Replaces the body by a copy of `data`.
    pub fn set_body(&mut self, data: &[u8]) -> Result<(), Error> {
        self.body.set(data).map_err(|_| no_memory(data.len()))
    }

    /// Replaces the body by bytes that stay as they are until nothing uses them any more.
    pub fn share_body(&mut self, bytes: Bytes) {
        self.body = bytes.into();
    }

    /// Adds a copy of `data` behind the body. What is there is copied too while a clone or a send shares it.
    pub fn append_body(&mut self, data: &[u8]) -> Result<(), Error> {
        self.body.append(data).map_err(|_| no_memory(data.len()))
    }

    /// Sets a property of the application; `None` removes it. RocketMQ's own names are refused.
    pub fn set_property(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        check_name(name)?;
        self.put(name, value)
    }

    /// Sets many properties of the application at once, in wire form; the last separator may be missing. All or none.
    pub fn set_properties_packed(&mut self, packed: &str) -> Result<(), Error> {
        let mut fresh: Vec<(&str, &str)> = Vec::new();
        // Where each name stands: a text may hold very many.
        let mut places = BTreeMap::new();
        for item in packed.strip_suffix(properties::ITEM).unwrap_or(packed).split(properties::ITEM) {
            if packed.is_empty() {
                break;
            }
            let Some((name, value)) = item.split_once(properties::NAME_VALUE) else {
                let text = format!("the packed property {item:?} has no \\1 between name and value");
                return Err(Error::new(ErrorKind::InvalidProperty, text));
            };
            check_name(name)?;
            check_value(name, value)?;
            match places.get(name).and_then(|place: &usize| fresh.get_mut(*place)) {
                Some(present) => present.1 = value,
                None => {
                    places.insert(name, fresh.len());
                    fresh.push((name, value));
                }
            }
        }
        for (name, present) in &mut self.properties {
            if let Some((_, value)) = places.remove(name.as_str()).and_then(|place| fresh.get(place)) {
                *present = (*value).into();
            }
        }
        let added = fresh.into_iter().filter(|(name, _)| places.contains_key(name));
        self.properties.extend(added.map(|(name, value)| (name.into(), value.into())));
        self.key_hash = self.property(names::SHARDING_KEY).map(|key| sharding::java_hash(key.as_str()));
        self.wire = OnceLock::new();
        Ok(())
    }

    /// Has it delivered after the delay of `level`, 1 to 18; 0 at once. Replaces any other delay.
    pub fn set_delay_level(&mut self, level: i32) -> Result<(), Error> {
        if !(0..=DELAY_LEVEL_MAX).contains(&level) {
            let text = format!("`level` is {level}: it must be from 0 to {DELAY_LEVEL_MAX}");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        self.put_delay(names::DELAY, (level > 0).then_some(level.into()))
    }

    /// Has it delivered after so many milliseconds. Replaces any other delay.
    pub fn set_delay_ms(&mut self, delay_ms: i64) -> Result<(), Error> {
        self.put_delay(names::TIMER_DELAY_MS, Some(positive("delay_ms", delay_ms)?))
    }

    /// Has it delivered at this time, in milliseconds since 1970. Replaces any other delay.
    pub fn set_deliver_at_ms(&mut self, unix_ms: i64) -> Result<(), Error> {
        self.put_delay(names::TIMER_DELIVER_MS, Some(positive("unix_ms", unix_ms)?))
    }

    /// Sets the application's own number, which RocketMQ passes on.
    pub const fn set_flag(&mut self, flag: i32) {
        self.flag = flag;
    }

    /// Sets whether the broker answers only when the message is stored as configured.
    pub const fn set_wait_store(&mut self, wait_store: bool) {
        self.wait_store = wait_store;
    }

    /// The application's own number.
    pub const fn flag(&self) -> i32 {
        self.flag
    }

    /// Whether the broker answers only when the message is stored as configured.
    pub(crate) const fn waits_for_store(&self) -> bool {
        self.wait_store
    }

    /// Whether brokers before 5.0.0 would deliver it at once, although it is to be delivered later.
    pub(crate) const fn is_timed(&self) -> bool {
        self.timed
    }

    /// Whether it is to be delivered later.
    pub(crate) fn is_delayed(&self) -> bool {
        self.timed || self.property(names::DELAY).is_some()
    }

    /// Whether it is for light queues too (`CommitLog` of 5.x, which does that for single messages alone).
    pub(crate) fn has_light_queues(&self) -> bool {
        self.property(names::INNER_MULTI_DISPATCH).is_some()
    }

    /// Whether it asks for what brokers do not do for the messages of a batch.
    pub(crate) fn goes_alone(&self) -> bool {
        self.is_delayed() || self.has_light_queues()
    }

    /// The topic.
    pub const fn topic(&self) -> &ShortText {
        &self.topic
    }

    /// Whether RocketMQ takes the topic as it is.
    pub(crate) const fn topic_is_valid(&self) -> bool {
        self.topic_is_valid
    }

    /// The tags, empty if there are none.
    pub fn tags(&self) -> &Text {
        self.property(names::TAGS).unwrap_or(const { &Text::EMPTY })
    }

    /// The keys, empty if there are none.
    pub fn keys(&self) -> &Text {
        self.property(names::KEYS).unwrap_or(const { &Text::EMPTY })
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.body.as_slice()
    }

    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&Text> {
        self.properties.iter().find(|(n, _)| n.as_str() == name).map(|(_, value)| value)
    }

    /// The property at `index`, tags and keys included, in the order in which they were set.
    pub fn property_at(&self, index: usize) -> Option<(&Text, &Text)> {
        self.properties.get(index).map(|(name, value)| (name, value))
    }

    /// The body, as a send takes it over.
    pub(crate) const fn body_to_send(&self) -> &Body {
        &self.body
    }

    /// The properties in wire form, to be shared; `None` if there are none.
    pub(crate) fn wire_properties(&self) -> Option<&Arc<str>> {
        if self.properties.is_empty() {
            return None;
        }
        Some(self.wire.get_or_init(|| {
            let mut wire = String::new();
            for (name, value) in &self.properties {
                properties::append(&mut wire, name.as_str(), value.as_str());
            }
            wire.into()
        }))
    }

    /// Brokers take one of these at most.
    fn put_delay(&mut self, name: &str, value: Option<i64>) -> Result<(), Error> {
        for other in [names::DELAY, names::TIMER_DELAY_MS, names::TIMER_DELIVER_MS] {
            self.put(other, None)?;
        }
        self.timed = value.is_some() && name != names::DELAY;
        value.map_or(Ok(()), |value| self.put(name, Some(&value.to_string())))
    }

    fn put(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        if let Some(value) = value {
            check_value(name, value)?;
        }
        if name == names::SHARDING_KEY {
            self.key_hash = value.map(sharding::java_hash);
        }
        let Some(value) = value else {
            self.properties.retain(|(n, _)| n.as_str() != name);
            self.wire = OnceLock::new();
            return Ok(());
        };
        match self.properties.iter_mut().find(|(n, _)| n.as_str() == name) {
            Some((_, present)) => *present = value.into(),
            None => self.properties.push((name.into(), value.into())),
        }
        self.wire = OnceLock::new();
        Ok(())
    }
}

fn positive(what: &str, value: i64) -> Result<i64, Error> {
    if value > 0 {
        return Ok(value);
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("`{what}` is {value}: it must be more than 0")))
}

/// Refuses RocketMQ's own names, and those that are none.
fn check_name(name: &str) -> Result<(), Error> {
    check_value("a property's name", name)?;
    if properties::is_reserved(name) {
        let text = format!("the property name {name:?} is RocketMQ's own");
        return Err(Error::new(ErrorKind::InvalidProperty, text));
    }
    Ok(())
}

/// Refuses what would break the wire form or what readers drop: empty or blank text, NUL, \1 and \2.
fn check_value(what: &str, value: &str) -> Result<(), Error> {
    let wrong =
        |why: &str| Err(Error::new(ErrorKind::InvalidProperty, format!("{what}: the text {value:?} {why}")));
    if value.trim().is_empty() {
        return wrong("is empty or blank, which consumers drop");
    }
    if value.contains(['\0', '\u{1}', '\u{2}']) {
        return wrong("holds a NUL, \\1 or \\2, which separate properties on the wire");
    }
    Ok(())
}

/// Whether the topic is right; refused if its characters are not RocketMQ's. Length and reserved names are the send's
/// matter, since a namespace adds to them.
fn check_topic(topic: &str) -> Result<bool, Error> {
    match name::check_topic(topic) {
        Ok(()) => Ok(true),
        Err(NameError::TooLong { .. } | NameError::Reserved) => Ok(false),
        Err(error) => Err(Error::new(ErrorKind::InvalidTopic, format!("the topic {topic:?}: {error}"))),
    }
}

fn no_memory(more: usize) -> Error {
    Error::new(ErrorKind::System, format!("no memory for a body of {more} more bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn topics_are_checked_by_their_characters() {
        for topic in ["", " ", "a b", "a\u{1}b", "杭州", "a/b", "a\0"] {
            assert_eq!(kind(Message::new(topic)), Some(ErrorKind::InvalidTopic), "{topic:?}");
        }
        assert!(Message::new(&"x".repeat(300)).is_ok(), "length is checked at the send");
    }

    #[test]
    fn properties_keep_their_order_and_refuse_separators() {
        let mut m = Message::new("T").unwrap();
        m.set_tags(Some("TagA")).unwrap();
        m.add_key("k1").unwrap();
        m.add_key("k2").unwrap();
        m.set_property("城市", Some("杭州")).unwrap();
        assert_eq!(
            m.wire_properties().map(|wire| &**wire),
            Some("TAGS\u{1}TagA\u{2}KEYS\u{1}k1 k2\u{2}城市\u{1}杭州\u{2}")
        );
        m.set_property("城市", None).unwrap();
        m.set_tags(Some("TagB")).unwrap();
        assert_eq!(m.wire_properties().map(|wire| &**wire), Some("TAGS\u{1}TagB\u{2}KEYS\u{1}k1 k2\u{2}"));
        for bad in ["", "  ", "a\u{1}", "a\u{2}", "a\0"] {
            assert_eq!(kind(m.set_property("p", Some(bad))), Some(ErrorKind::InvalidProperty), "{bad:?}");
            assert_eq!(kind(m.set_property(bad, Some("v"))), Some(ErrorKind::InvalidProperty), "{bad:?}");
            assert_eq!(kind(m.set_tags(Some(bad))), Some(ErrorKind::InvalidProperty), "{bad:?}");
        }
        assert_eq!(kind(m.set_property("UNIQ_KEY", Some("v"))), Some(ErrorKind::InvalidProperty));
    }

    #[test]
    fn the_sharding_key_counts_however_it_was_set() {
        let mut m = Message::new("T").unwrap();
        let hash = Some(sharding::java_hash("key"));
        assert_eq!(m.key_hash(), None);
        m.set_sharding_key(Some("key")).unwrap();
        assert_eq!((m.key_hash(), m.property("__SHARDINGKEY").map(Text::as_str)), (hash, Some("key")));
        m.set_sharding_key(None).unwrap();
        assert_eq!((m.key_hash(), m.property_at(0)), (None, None));
        m.set_property("__SHARDINGKEY", Some("key")).unwrap();
        assert_eq!(m.key_hash(), hash);
        m.set_properties_packed("__SHARDINGKEY\u{1}other\u{2}").unwrap();
        assert_eq!(m.key_hash(), Some(sharding::java_hash("other")));
        assert_eq!(kind(m.set_sharding_key(Some(" "))), Some(ErrorKind::InvalidProperty));
        assert_eq!(m.key_hash(), Some(sharding::java_hash("other")), "a refused one changes nothing");
        m.renew("T").unwrap();
        assert_eq!(m.key_hash(), None);
    }

    #[test]
    fn packed_properties_are_set_all_or_none() {
        let mut m = Message::new("T").unwrap();
        m.set_property("b", Some("old")).unwrap();
        m.set_properties_packed("").unwrap();
        m.set_properties_packed("a\u{1}1\u{2}b\u{1}2\u{2}a\u{1}3\u{2}").unwrap();
        m.set_properties_packed("c\u{1}4").unwrap();
        let all = "b\u{1}2\u{2}a\u{1}3\u{2}c\u{1}4\u{2}";
        assert_eq!(m.wire_properties().map(|wire| &**wire), Some(all));
        for (bad, named) in [
            ("\u{2}", "\"\""),
            ("d", "\"d\""),
            ("d\u{1}", "d: "),
            ("\u{1}v", "name"),
            ("d\u{1}v\u{2}\u{2}e\u{1}v", "\"\""),
            ("d\u{1}v\u{1}w", "d: "),
            ("d\u{1}v\0", "d: "),
            ("d\u{1}v\u{2}TAGS\u{1}v", "\"TAGS\""),
        ] {
            let error = m.set_properties_packed(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidProperty, "{bad:?}");
            assert!(error.to_string().contains(named), "{bad:?}: {error}");
            assert_eq!(m.wire_properties().map(|wire| &**wire), Some(all), "{bad:?}");
        }
        let many: String = (0..100_000).map(|n| format!("{n}\u{1}v\u{2}")).collect();
        m.set_properties_packed(&many).unwrap();
        m.set_properties_packed(&many).unwrap();
        assert_eq!(m.properties.len(), 100_003, "soon, although there are very many");
    }

    #[test]
    fn the_delay_set_last_is_the_one_there_is() {
        let mut m = Message::new("T").unwrap();
        let there = |m: &Message| m.wire_properties().map(|wire| wire.to_string());
        m.set_delay_level(18).unwrap();
        assert_eq!((there(&m).as_deref(), m.is_timed()), (Some("DELAY\u{1}18\u{2}"), false));
        m.set_delay_ms(1).unwrap();
        assert_eq!((there(&m).as_deref(), m.is_timed()), (Some("TIMER_DELAY_MS\u{1}1\u{2}"), true));
        m.set_deliver_at_ms(i64::MAX).unwrap();
        let last = "TIMER_DELIVER_MS\u{1}9223372036854775807\u{2}";
        assert_eq!((there(&m).as_deref(), m.is_timed()), (Some(last), true));
        for level in [-1, 19, i32::MAX] {
            assert_eq!(kind(m.set_delay_level(level)), Some(ErrorKind::InvalidArgument));
        }
        for ms in [0, -1, i64::MIN] {
            assert_eq!(kind(m.set_delay_ms(ms)), Some(ErrorKind::InvalidArgument));
            assert_eq!(kind(m.set_deliver_at_ms(ms)), Some(ErrorKind::InvalidArgument));
        }
        assert_eq!((there(&m).as_deref(), m.is_timed()), (Some(last), true));
        m.set_delay_level(0).unwrap();
        assert_eq!((there(&m), m.is_timed()), (None, false));
        m.set_delay_ms(1).unwrap();
        m.renew("T").unwrap();
        assert_eq!((there(&m), m.is_timed()), (None, false));
    }

    #[test]
    fn a_renewed_message_is_as_good_as_a_new_one() {
        let mut m = Message::new(&"x".repeat(300)).unwrap();
        m.set_tags(Some("TagA")).unwrap();
        m.set_body(b"body").unwrap();
        m.set_flag(7);
        m.set_wait_store(false);
        assert!(m.wire_properties().is_some() && !m.topic_is_valid());
        assert_eq!(kind(m.renew("a b")), Some(ErrorKind::InvalidTopic));
        m.renew("T").unwrap();
        assert_eq!((m.topic().as_str(), m.tags().as_str(), m.body()), ("T", "", &b""[..]));
        assert!(m.wire_properties().is_none() && m.topic_is_valid());
        assert_eq!((m.flag(), m.waits_for_store()), (0, true));
        m.renew("T").unwrap();
        assert!(m.topic_is_valid());
    }
}
