//! What a broker answers (`SendMessageProcessor`, `ClientManageProcessor`), in the words of 4.7.0.

use protocol::DecodeError;
use protocol::codes::{request, response};
use protocol::command::Command;
use protocol::header::send::{OwnedSend, SendMessage};
use protocol::header::{heartbeat, unregister};
use protocol::message::batch;
use protocol::message::properties::{self, names};

use crate::answer::Answer;
use crate::dispatch::Request;
use crate::fault::is_send;
use crate::log::{Attempt, HeartBeat, Unregistration, What};
use crate::state::State;

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
            request::END_TRANSACTION => self.answer_end_transaction(broker, request, performs),
            code => {
                let what = What::Other { code, oneway: command.is_oneway(), answer: None };
                let answer = match code {
                    request::GET_MAX_OFFSET => self.answer_max_offset(broker, command),
                    request::RECALL_MESSAGE if performs => self.answer_recall(broker, command),
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
        let mut attempt = Attempt {
            broker,
            code: command.code,
            opaque: command.opaque,
            format: request.format,
            oneway: command.is_oneway(),
            topic: send.topic.clone(),
            group: send.group.clone(),
            queue_id: send.queue_id,
            unique_id: unique_ids(&send, &command.body),
            born_ms: send.born_ms,
            sys_flag: send.sys_flag,
            body_bytes: command.body.len(),
            queue_offset: None,
            answer: None,
        };
        let reply = matches!(command.code, request::SEND_REPLY_MESSAGE | request::SEND_REPLY_MESSAGE_V2);
        let answer = if !performs {
            Answer::Nothing
        } else if reply {
            self.not_implemented(command.code)
        } else {
            match self.store(broker, request, &send) {
                Ok(reply) => {
                    attempt.queue_offset = Some(reply.queue_offset);
                    Answer::Send(reply)
                }
                Err(refusal) => Answer::Plain(self.response(refusal.code).with_remark(refusal.remark)),
            }
        };
        (answer, What::Send(attempt))
    }

    fn answer_heart_beat(&mut self, request: &Request<'_>, performs: bool) -> (Answer, What) {
        let (client_id, groups) = match heartbeat::parse(&request.command.body) {
            Ok(heart_beat) => heart_beat,
            Err(error) => return self.unreadable(request.command, &error),
        };
        if let Some(connection) = self.connections.get_mut(&request.connection).filter(|_| performs) {
            connection.clients.insert(client_id.clone());
            connection.groups.extend(groups.iter().cloned());
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
            if let Some(group) = &leaving.group {
                connection.groups.remove(group);
            }
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

/// The client's ids of all that is sent; brokers go by the field `batch`, not by the code.
fn unique_ids(send: &OwnedSend, body: &[u8]) -> String {
    let id = |wire: &str| properties::get(wire, names::UNIQ_KEY).unwrap_or_default().to_owned();
    if !send.batch {
        return id(&send.properties);
    }
    let records = batch::records(body).map_while(Result::ok);
    records.map(|record| id(&record.properties)).collect::<Vec<_>>().join(",")
}
