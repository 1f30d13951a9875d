//! What many sends have in common, written once in both formats.

use super::SHORT;
use crate::command::{FIELD_BYTES_MAX, binary};
use crate::json::write;
use crate::message::namespace::{NAMESPACE, NAMESPACED};

/// A piece of a send's header that is copied into every send it belongs to: the topic, the name of a broker, or a part
/// of a [`Sender`]. It takes twice the bytes of its texts and some more, in one allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its JSON, then its binary form.
    bytes: Box<[u8]>,
    json_bytes: usize,
}

impl Prepared {
    /// The topic of messages, namespace included.
    #[must_use]
    pub fn topic(topic: &str) -> Self {
        Self::fields(&[(SHORT.topic, topic)])
    }

    /// The name of the broker that messages go to.
    #[must_use]
    pub fn broker_name(name: &str) -> Self {
        Self::fields(&[(SHORT.broker_name, name)])
    }

    /// Whole fields. One without a value is left out.
    fn fields(fields: &[(&str, &str)]) -> Self {
        let fields = || fields.iter().filter(|(_, value)| !value.is_empty());
        // Both forms, unless something has to be escaped.
        let room = fields().map(|(name, value)| 2 * (name.len() + value.len() + FIELD_BYTES_MAX)).sum();
        let mut bytes = Vec::with_capacity(room);
        for (name, value) in fields() {
            write::string(&mut bytes, name);
            bytes.push(b':');
            write::string(&mut bytes, value);
            bytes.push(b',');
        }
        let json_bytes = bytes.len();
        for (name, value) in fields() {
            // Nothing is cut off or left out: the names are short, and a value too long for its length is too long for
            // any frame, which is refused.
            let _ = binary::write_name(&mut bytes, name);
            let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        Self { bytes: bytes.into(), json_bytes }
    }

    /// A piece of a text.
    fn text(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(2 * text.len());
        write::escape(&mut bytes, text);
        let json_bytes = bytes.len();
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes: bytes.into(), json_bytes }
    }

    #[inline]
    pub(super) fn json(&self) -> &[u8] {
        self.bytes.get(..self.json_bytes).unwrap_or_default()
    }

    #[inline]
    pub(super) fn binary(&self) -> &[u8] {
        self.bytes.get(self.json_bytes..).unwrap_or_default()
    }

    /// Bytes of both formats.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// What all sends of a producer have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    pub(super) group: Prepared,
    /// Default topic and its number of queues.
    pub(super) defaults: Prepared,
    pub(super) namespace: Prepared,
    pub(super) properties: Prepared,
    pub(super) unit_mode: bool,
}

impl Sender {
    /// A producer of this group. `default_topic` is the one whose settings a new topic takes over, usually `TBW102`,
    /// `default_queues` how many queues it gets.
    #[must_use]
    pub fn new(group: &str, default_topic: &str, default_queues: i32) -> Self {
        let default_queues = default_queues.to_string();
        Self {
            group: Prepared::fields(&[(SHORT.group, group)]),
            defaults: Prepared::fields(&[
                (SHORT.default_topic, default_topic),
                (SHORT.default_queues, &default_queues),
            ]),
            namespace: Prepared::fields(&[]),
            properties: Prepared::text(""),
            unit_mode: false,
        }
    }

    /// Sets the namespace that leaves names alone, see [`crate::message::namespace`].
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        let is_namespaced = if namespace.is_empty() { "" } else { "true" };
        self.namespace = Prepared::fields(&[(NAMESPACED, is_namespaced), (NAMESPACE, namespace)]);
        self
    }

    /// Sets the properties that every message has, in wire form.
    #[must_use]
    pub fn with_properties(mut self, properties: &str) -> Self {
        self.properties = Prepared::text(properties);
        self
    }

    /// Sets whether the client belongs to a unit.
    #[must_use]
    pub const fn with_unit_mode(mut self, unit_mode: bool) -> Self {
        self.unit_mode = unit_mode;
        self
    }

    pub(super) const fn len(&self) -> usize {
        self.group.len() + self.defaults.len() + self.namespace.len() + self.properties.len()
    }
}
