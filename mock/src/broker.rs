//! What a broker answers (`SendMessageProcessor`, `ClientManageProcessor`), in the words of 4.7.0.

use std::sync::{Arc, OnceLock};

use protocol::DecodeError;
use protocol::codes::{request, response};
use protocol::command::Command;
use protocol::header::send::{OwnedSend, SendMessage};
use protocol::header::{heartbeat, unregister};
use protocol::message::properties::{self, names};

use crate::answer::{Answer, SendReply};
use crate::dispatch::Request;
use crate::fault::is_send;
use crate::log::{Attempt, HeartBeat, Unregistration, What};
use crate::state::State;
use crate::stored::Stored;
use crate::topics;

/// What a record of the commit log has besides topic, body and properties, for IPv4 hosts
/// (`CommitLog.calMsgLength`).
pub(crate) const RECORD_BYTES: usize = 91;
const MESSAGE_ILLEGAL: &str = "the message is illegal, maybe msg body or properties length not matched. \
                               msg body length limit 128k, msg properties length limit 32k.";

/// Why a broker does not store a message.
struct Refusal {
    code: i32,
    remark: String,
}

impl Refusal {
    fn new(code: i32, remark: impl Into<String>) -> Self {
        Self { code, remark: remark.into() }
    }
}

impl State {
    pub(crate) fn answer_as_broker(
        &mut self,
        broker: usize,
        request: &Request<'_>,
        performs: bool,
    ) -> (Answer, What) {
        let command = request.command;
        match command.code {
            code if is_send(code) => self.answer_send(broker, request, performs),
            request::HEART_BEAT => self.answer_heart_beat(request, performs),
            request::UNREGISTER_CLIENT => self.answer_unregister(request, performs),
            code => {
                let what = What::Other { code, oneway: command.is_oneway(), answer: None };
                let answer = match code {
                    request::END_TRANSACTION => self.not_implemented(code),
                    request::GET_MAX_OFFSET => self.answer_max_offset(broker, command),
                    _ => self.unsupported(command),
                };
                (answer, what)
            }
        }
    }

    fn answer_send(&mut self, broker: usize, request: &Request<'_>, performs: bool) -> (Answer, What) {
        let command = request.command;
        let send = match SendMessage::decode(command) {
            Ok(send) => send,
            Err(error) => return self.unreadable(command, &error),
        };
        let unique_id = properties::get(&send.properties, names::UNIQ_KEY).unwrap_or_default();
        let mut attempt = Attempt {
            broker,
            code: command.code,
            opaque: command.opaque,
            format: request.format,
            oneway: command.is_oneway(),
            topic: send.topic.clone(),
            group: send.group.clone(),
            queue_id: send.queue_id,
            unique_id: unique_id.into(),
            born_ms: send.born_ms,
            sys_flag: send.sys_flag,
            body_bytes: command.body.len(),
            queue_offset: None,
            answer: None,
        };
        let single = matches!(command.code, request::SEND_MESSAGE | request::SEND_MESSAGE_V2) && !send.batch;
        let answer = if !performs {
            Answer::Nothing
        } else if !single {
            self.not_implemented(command.code)
        } else {
            match self.store(broker, request, send) {
                Ok(reply) => {
                    attempt.queue_offset = Some(reply.queue_offset);
                    Answer::Send(reply)
                }
                Err(refusal) => Answer::Plain(self.response(refusal.code).with_remark(refusal.remark)),
            }
        };
        (answer, What::Send(attempt))
    }

    /// Checks in the order of `AbstractSendMessageProcessor.msgCheck`, then keeps the message.
    fn store(&mut self, broker: usize, request: &Request<'_>, send: OwnedSend) -> Result<SendReply, Refusal> {
        if let Some(objection) = topics::objection(&send.topic) {
            return Err(Refusal::new(response::SYSTEM_ERROR, objection));
        }
        let version = self.options.version;
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
        let body = &request.command.body;
        let record_bytes = RECORD_BYTES + send.topic.len() + body.len() + send.properties.len();
        if send.properties.len() > properties::PROPERTIES_BYTES_MAX
            || record_bytes > self.options.message_bytes_max
        {
            return Err(Refusal::new(response::MESSAGE_ILLEGAL, MESSAGE_ILLEGAL));
        }
        let reply = SendReply {
            code: response::SUCCESS,
            remark: None,
            version,
            id_prefix: Arc::clone(&node.id_prefix),
            commit_offset: node.commit_offset,
            queue_id: send.queue_id,
            queue_offset: topic.append(send.queue_id).unwrap_or_default(),
        };
        node.commit_offset += i64::try_from(record_bytes).unwrap_or(0);
        if self.options.keep || !self.followers.is_empty() {
            let message = stored(broker, &node.name, request, send, &reply);
            self.keep(message);
        }
        Ok(reply)
    }

    fn answer_heart_beat(&mut self, request: &Request<'_>, performs: bool) -> (Answer, What) {
        let (client_id, groups) = match heartbeat::parse(&request.command.body) {
            Ok(heart_beat) => heart_beat,
            Err(error) => return self.unreadable(request.command, &error),
        };
        if let Some(connection) = self.connections.get_mut(&request.connection).filter(|_| performs) {
            connection.clients.insert(client_id.clone());
        }
        let what = What::HeartBeat(HeartBeat { client_id, groups });
        (Answer::Plain(self.response(response::SUCCESS)), what)
    }

    fn answer_unregister(&mut self, request: &Request<'_>, performs: bool) -> (Answer, What) {
        let leaving = match unregister::decode(request.command) {
            Ok(leaving) => leaving,
            Err(error) => return self.unreadable(request.command, &error),
        };
        if let Some(connection) = self.connections.get_mut(&request.connection).filter(|_| performs) {
            connection.clients.remove(&leaving.client_id);
        }
        let what = What::Unregister(Unregistration {
            client_id: leaving.client_id,
            group: leaving.group.unwrap_or_default(),
        });
        (Answer::Plain(self.response(response::SUCCESS)), what)
    }

    /// Like 4.7.0's: 0 for a queue that is not there.
    fn answer_max_offset(&self, broker: usize, command: &Command) -> Answer {
        let topic = command.ext("topic").and_then(|topic| self.brokers.get(broker)?.topics.0.get(topic));
        let queue_id = command.ext("queueId").and_then(|id| id.parse().ok()).unwrap_or(-1);
        let offset = topic.and_then(|topic| topic.next_offset(queue_id)).unwrap_or(0);
        Answer::Plain(self.response(response::SUCCESS).with("offset", offset))
    }

    /// To a request whose fields or body make no sense: code 1, as for any exception in a processor.
    fn unreadable(&self, command: &Command, error: &DecodeError) -> (Answer, What) {
        let answer = self.response(response::SYSTEM_ERROR).with_remark(error.to_string());
        let what = What::Other { code: command.code, oneway: command.is_oneway(), answer: None };
        (Answer::Plain(answer), what)
    }
}

fn stored(
    broker: usize,
    broker_name: &str,
    request: &Request<'_>,
    send: OwnedSend,
    reply: &SendReply,
) -> Stored {
    let property = |name| properties::get(&send.properties, name).unwrap_or_default().to_owned();
    let command = request.command;
    Stored {
        broker,
        broker_name: broker_name.into(),
        queue_id: reply.queue_id,
        queue_offset: reply.queue_offset,
        unique_id: property(names::UNIQ_KEY),
        offset_id: reply.offset_id(),
        tags: property(names::TAGS),
        keys: property(names::KEYS),
        body: command.body.clone(),
        flag: send.flag,
        sys_flag: send.sys_flag,
        born_ms: send.born_ms,
        reconsume_times: send.reconsume_times,
        code: command.code,
        opaque: command.opaque,
        format: request.format,
        oneway: command.is_oneway(),
        connection: request.connection,
        at: request.at,
        topic: send.topic,
        group: send.group,
        properties: send.properties,
        unpacked: OnceLock::new(),
    }
}
