//! How a broker checks and keeps what it is sent, one message or a batch (`SendMessageProcessor`, `CommitLog`), in the
//! words of 4.7.0. What it can do goes by [`Options::version`](crate::Options::version).

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use protocol::codes::response;
use protocol::header::send::OwnedSend;
use protocol::message::batch::{self, stored_bytes};
use protocol::message::flags;
use protocol::message::properties::{self, PROPERTIES_BYTES_MAX, names};

use crate::answer::{self, SendReply};
use crate::dispatch::Request;
use crate::state::State;
use crate::stored::Stored;
use crate::timer;
use crate::topics;
use crate::transaction;

/// From 4.9.4 on the size that is limited is that of the body.
const BODY_LIMIT_VERSION: i32 = 401;
/// From 5.0.0 on a batch's own properties are appended to those of its messages (`MessageExtEncoder`).
const BATCH_PROPERTIES_VERSION: i32 = 413;
const RETRY_PREFIX: &str = "%RETRY%";
const MESSAGE_ILLEGAL: &str = "the message is illegal, maybe msg body or properties length not matched. \
                               msg body length limit 128k, msg properties length limit 32k.";

/// Why a broker does not store a message.
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) remark: String,
}

impl Refusal {
    pub(crate) fn new(code: i32, remark: impl Into<String>) -> Self {
        Self { code, remark: remark.into() }
    }

    fn illegal() -> Self {
        Self::new(response::MESSAGE_ILLEGAL, MESSAGE_ILLEGAL)
    }
}

/// What becomes one message.
struct Part {
    batch_index: Option<usize>,
    flag: i32,
    body: Bytes,
    properties: String,
    due: Option<timer::Due>,
}

impl State {
    /// Checks in the order of `AbstractSendMessageProcessor.msgCheck`, then keeps the message or all messages of a
    /// batch. Where messages are only counted a half message counts at once.
    pub(crate) fn store(
        &mut self,
        broker: usize,
        request: &Request<'_>,
        send: &OwnedSend,
    ) -> Result<SendReply, Refusal> {
        self.check_queue(broker, send)?;
        if send.batch {
            let parts = self.batch(request, send)?;
            return self.append(broker, request, send, parts);
        }
        let part = self.single(request, send)?;
        if self.options.keep && transaction::is_half(&part.properties) {
            let name = self.brokers.get(broker).map(|node| node.name.clone()).unwrap_or_default();
            let message = stored((broker, &name), request, send, part, (-1, String::new()));
            return self.prepare(broker, send, message).ok_or_else(no_such_queue);
        }
        self.append(broker, request, send, vec![part])
    }

    fn check_queue(&mut self, broker: usize, send: &OwnedSend) -> Result<(), Refusal> {
        if let Some(objection) = topics::objection(&send.topic) {
            return Err(Refusal::new(response::SYSTEM_ERROR, objection));
        }
        let Some(node) = self.brokers.get_mut(broker) else {
            return Err(Refusal::new(response::SYSTEM_ERROR, "no such broker"));
        };
        let Some(topic) = node.topics.find_or_create(&send.topic, &send.default_topic, send.default_queues)
        else {
            let remark = format!(
                "topic[{}] not exist, apply first please!\n\
                 See http://rocketmq.apache.org/docs/faq/ for further details.",
                send.topic
            );
            return Err(Refusal::new(response::TOPIC_NOT_EXIST, remark));
        };
        // 4.7.0 takes negative ids literally; nobody means that, so they are refused like those past the end.
        if !(0..topic.queues()).contains(&send.queue_id) {
            let remark = format!(
                "request queueId[{}] is illegal, TopicConfig [topicName={}]",
                send.queue_id, send.topic
            );
            return Err(Refusal::new(response::SYSTEM_ERROR, remark));
        }
        Ok(())
    }

    fn single(&self, request: &Request<'_>, send: &OwnedSend) -> Result<Part, Refusal> {
        let body = &request.command.body;
        let limited = if self.options.version >= BODY_LIMIT_VERSION {
            body.len()
        } else {
            stored_bytes(send.topic.len(), body.len(), send.properties.len())
        };
        if send.properties.len() > PROPERTIES_BYTES_MAX || limited > self.options.message_bytes_max {
            return Err(Refusal::illegal());
        }
        let due = timer::due(&send.properties, send.born_ms, self.options.version)?;
        let properties = send.properties.clone();
        Ok(Part { batch_index: None, flag: send.flag, body: body.clone(), properties, due })
    }

    /// The messages of a batch. Delays and timers among their properties are kept and mean nothing, as in real brokers.
    fn batch(&self, request: &Request<'_>, send: &OwnedSend) -> Result<Vec<Part>, Refusal> {
        if send.topic.starts_with(RETRY_PREFIX) {
            let remark = format!("batch request does not support retry group {}", send.topic);
            return Err(Refusal::new(response::MESSAGE_ILLEGAL, remark));
        }
        let body = &request.command.body;
        let delay_level = timer::delay_level(&send.properties);
        let transaction = send.sys_flag & flags::TRANSACTION_MASK != 0;
        if body.len() > self.options.message_bytes_max || delay_level > 0 || transaction {
            return Err(Refusal::illegal());
        }
        let mut parts = Vec::new();
        let mut stored = 0_usize;
        for (index, record) in batch::records(body).enumerate() {
            let record = record.map_err(|error| Refusal::new(response::SYSTEM_ERROR, error.to_string()))?;
            stored += stored_bytes(send.topic.len(), record.body.len(), record.properties.len());
            let mut properties = record.properties.into_owned();
            if self.options.version >= BATCH_PROPERTIES_VERSION {
                if !properties.is_empty() && !properties.ends_with(properties::ITEM) {
                    properties.push(properties::ITEM);
                }
                properties.push_str(&send.properties);
            }
            let body = body.slice_ref(record.body);
            parts.push(Part { batch_index: Some(index), flag: record.flag, body, properties, due: None });
        }
        if self.options.version < BODY_LIMIT_VERSION && stored > self.options.message_bytes_max {
            return Err(Refusal::new(
                response::SYSTEM_ERROR,
                "java.lang.RuntimeException: message size exceeded",
            ));
        }
        Ok(parts)
    }

    fn append(
        &mut self,
        broker: usize,
        request: &Request<'_>,
        send: &OwnedSend,
        parts: Vec<Part>,
    ) -> Result<SendReply, Refusal> {
        let version = self.options.version;
        let keeps = self.options.keep || !self.followers.is_empty();
        let node = self.brokers.get_mut(broker);
        let topic = node.and_then(|node| {
            Some((
                node.topics.0.get_mut(&send.topic)?,
                node.name.clone(),
                &node.id_prefix,
                &mut node.commit_offset,
            ))
        });
        let Some((topic, broker_name, id_prefix, commit_offset)) = topic else {
            return Err(no_such_queue());
        };
        let mut reply = SendReply {
            code: response::SUCCESS,
            remark: None,
            version,
            id_prefix: Arc::clone(id_prefix),
            commit_offset: *commit_offset,
            more_commit_offsets: Vec::new(),
            queue_id: send.queue_id,
            queue_offset: topic.next_offset(send.queue_id).unwrap_or_default(),
            recall_handle: None,
        };
        let mut kept = Vec::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                reply.more_commit_offsets.push(*commit_offset);
            }
            if let Some(due) = &part.due {
                reply.recall_handle = due.handle(&send.topic, &broker_name, &part.properties, version);
            }
            let queue_offset = topic.append(send.queue_id).unwrap_or_default();
            let record_bytes = stored_bytes(send.topic.len(), part.body.len(), part.properties.len());
            if keeps {
                let offset_id = answer::offset_id(id_prefix, *commit_offset);
                kept.push(stored((broker, &broker_name), request, send, part, (queue_offset, offset_id)));
            }
            *commit_offset += i64::try_from(record_bytes).unwrap_or(0);
        }
        kept.into_iter().for_each(|message| self.keep(message));
        Ok(reply)
    }
}

fn no_such_queue() -> Refusal {
    Refusal::new(response::SYSTEM_ERROR, "no such queue")
}

fn stored(
    (broker, broker_name): (usize, &str),
    request: &Request<'_>,
    send: &OwnedSend,
    part: Part,
    (queue_offset, offset_id): (i64, String),
) -> Stored {
    let property = |name| properties::get(&part.properties, name).unwrap_or_default().to_owned();
    let command = request.command;
    Stored {
        broker,
        broker_name: broker_name.into(),
        queue_id: send.queue_id,
        queue_offset,
        unique_id: property(names::UNIQ_KEY),
        offset_id,
        tags: property(names::TAGS),
        keys: property(names::KEYS),
        body: part.body,
        flag: part.flag,
        sys_flag: send.sys_flag,
        born_ms: send.born_ms,
        reconsume_times: send.reconsume_times,
        batch_index: part.batch_index,
        due_ms: part.due.map(|due| due.ms),
        code: command.code,
        opaque: command.opaque,
        format: request.format,
        oneway: command.is_oneway(),
        connection: request.connection,
        at: request.at,
        topic: send.topic.clone(),
        group: send.group.clone(),
        properties: part.properties,
        recalled: AtomicBool::new(false),
        unpacked: OnceLock::new(),
    }
}
