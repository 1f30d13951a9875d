//! The topics one broker has, and the next offset of each of their queues.

use std::collections::BTreeMap;

/// The key topic that new topics inherit from (`MixAll.AUTO_CREATE_TOPIC_KEY_TOPIC`).
pub(crate) const DEFAULT_TOPIC: &str = "TBW102";
/// Bits of a topic's permission (`PermName`).
const PERM_INHERIT: i32 = 1;
pub(crate) const PERM_READ_WRITE: i32 = 6;
/// More queues than any test needs; keeps a hostile request from asking for a huge table.
const QUEUES_MAX: i32 = 65_536;

/// One topic on one broker.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) perm: i32,
    /// Next offset by queue id; its length is the number of queues, for reading and writing alike.
    offsets: Vec<i64>,
}

impl Topic {
    pub(crate) fn new(queues: i32, perm: i32) -> Self {
        let queues = usize::try_from(queues.min(QUEUES_MAX)).unwrap_or(0);
        Self { perm, offsets: vec![0; queues] }
    }

    pub(crate) fn queues(&self) -> i32 {
        i32::try_from(self.offsets.len()).unwrap_or(QUEUES_MAX)
    }

    /// The offset of a new message in this queue, `None` when there is no such queue.
    pub(crate) fn append(&mut self, queue_id: i32) -> Option<i64> {
        let next = self.offsets.get_mut(usize::try_from(queue_id).ok()?)?;
        let offset = *next;
        *next += 1;
        Some(offset)
    }

    /// The offset that the next message in this queue gets.
    pub(crate) fn next_offset(&self, queue_id: i32) -> Option<i64> {
        self.offsets.get(usize::try_from(queue_id).ok()?).copied()
    }

    pub(crate) fn resize(&mut self, queues: i32) {
        self.offsets.resize(usize::try_from(queues.min(QUEUES_MAX)).unwrap_or(0), 0);
    }

    /// Messages in all queues.
    pub(crate) fn stored(&self) -> i64 {
        self.offsets.iter().sum()
    }
}

/// All topics of one broker (`TopicConfigManager`).
#[derive(Debug, Default)]
pub(crate) struct Topics(pub(crate) BTreeMap<String, Topic>);

impl Topics {
    /// With the key topic, if topics are to appear by themselves.
    pub(crate) fn new(auto_create: bool, default_queues: i32) -> Self {
        let mut topics = Self::default();
        if auto_create {
            let key_topic = Topic::new(default_queues, PERM_READ_WRITE | PERM_INHERIT);
            topics.0.insert(DEFAULT_TOPIC.into(), key_topic);
        }
        topics
    }

    /// The topic itself, or a new one modelled on `default_topic` (`createTopicInSendMessageMethod`).
    pub(crate) fn find_or_create(
        &mut self,
        topic: &str,
        default_topic: &str,
        queues: i32,
    ) -> Option<&mut Topic> {
        if !self.0.contains_key(topic) {
            let model = self.0.get(default_topic)?;
            if model.perm & PERM_INHERIT == 0 {
                return None;
            }
            let created = Topic::new(queues.min(model.queues()), model.perm & !PERM_INHERIT);
            self.0.insert(topic.into(), created);
        }
        self.0.get_mut(topic)
    }
}

/// Why a topic name is refused, in the words of 4.7.0's `TopicValidator`.
pub fn objection(topic: &str) -> Option<&'static str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'%' | b'|' | b'_' | b'-');
    if topic.trim().is_empty() {
        return Some("The specified topic is blank.");
    }
    if !topic.bytes().all(legal) {
        return Some("The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$");
    }
    if topic.len() > 127 {
        return Some("The specified topic is longer than topic max length.");
    }
    (topic == DEFAULT_TOPIC).then_some("The specified topic is conflict with AUTO_CREATE_TOPIC_KEY_TOPIC.")
}
