//! A message to send: topic, tags, keys, properties and body. Setters check characters; what depends on
//! lengths is checked at the send, by `limits`.

use std::sync::{Arc, OnceLock};

use protocol::message::name::{self, NameError};
use protocol::message::properties::{self, names};
use protocol::message::sharding;

use crate::client::body::Body;
use crate::error::{Error, ErrorKind};
use crate::text::Text;

/// A message to send. Cloning shares a large body and every text.
#[derive(Clone, Debug)]
pub struct Message {
    topic: Text,
    /// Whether a producer without a namespace may send to the topic.
    topic_is_valid: bool,
    /// Of the sharding key, if there is one.
    key_hash: Option<i32>,
    /// Names are unique, none is empty, no text holds a separator.
    properties: Vec<(Text, Text)>,
    /// The properties in wire form, made by the first send after a change.
    wire: OnceLock<Arc<str>>,
    body: Body,
}

impl Message {
    /// An empty message for `topic`.
    pub fn new(topic: &str) -> Result<Self, Error> {
        let (topic, topic_is_valid) = checked_topic(topic)?;
        Ok(Self {
            topic,
            topic_is_valid,
            key_hash: None,
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
        self.body.clear();
    }

    /// Bytes of memory that stay with it when it is cleared, about.
    pub fn kept_bytes(&self) -> usize {
        self.body.own_capacity() + self.properties.capacity() * size_of::<(Text, Text)>()
    }

    /// Replaces the topic.
    pub fn set_topic(&mut self, topic: &str) -> Result<(), Error> {
        if self.topic.as_str() != topic {
            (self.topic, self.topic_is_valid) = checked_topic(topic)?;
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

    /// Adds a copy of `data` behind the body. What is there is copied too while a clone or a send shares it.
    pub fn append_body(&mut self, data: &[u8]) -> Result<(), Error> {
        self.body.append(data).map_err(|_| no_memory(data.len()))
    }

    /// Sets a property of the application; `None` removes it. RocketMQ's own names are refused.
    pub fn set_property(&mut self, name: &str, value: Option<&str>) -> Result<(), Error> {
        check_value("a property's name", name)?;
        if properties::is_reserved(name) {
            return Err(Error::new(
                ErrorKind::InvalidProperty,
                format!("the property name {name:?} is RocketMQ's own"),
            ));
        }
        self.put(name, value)
    }

    /// The topic.
    pub const fn topic(&self) -> &Text {
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

/// The topic as text if its characters are RocketMQ's, and whether all else is right too. Length and reserved names
/// are the send's matter, since a namespace adds to them.
fn checked_topic(topic: &str) -> Result<(Text, bool), Error> {
    match name::check_topic(topic) {
        Ok(()) => Ok((topic.into(), true)),
        Err(NameError::TooLong { .. } | NameError::Reserved) => Ok((topic.into(), false)),
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
    fn a_renewed_message_is_as_good_as_a_new_one() {
        let mut m = Message::new(&"x".repeat(300)).unwrap();
        m.set_tags(Some("TagA")).unwrap();
        m.set_body(b"body").unwrap();
        assert!(m.wire_properties().is_some() && !m.topic_is_valid());
        assert_eq!(kind(m.renew("a b")), Some(ErrorKind::InvalidTopic));
        m.renew("T").unwrap();
        assert_eq!((m.topic().as_str(), m.tags().as_str(), m.body()), ("T", "", &b""[..]));
        assert!(m.wire_properties().is_none() && m.topic_is_valid());
        m.renew("T").unwrap();
        assert!(m.topic_is_valid());
    }
}
