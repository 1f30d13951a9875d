//! Half messages, how they end, and the broker's question about them (`TransactionalMessageServiceImpl`,
//! `EndTransactionProcessor`), in the words of 4.7.0.
//!
//! Real brokers ask by themselves after a while. Here a test says when: [`Core::ask`](crate::Core::ask).

use std::sync::Arc;

use protocol::codes::{request, response};
use protocol::command::Command;
use protocol::header::send::OwnedSend;
use protocol::message::batch::stored_bytes;
use protocol::message::flags::{TRANSACTION_COMMIT, TRANSACTION_MASK, TRANSACTION_ROLLBACK};
use protocol::message::properties::{self, names};

use crate::answer::{self, Answer, SendReply};
use crate::dispatch::Request;
use crate::log::{End, What};
use crate::node::Node;
use crate::record::Record;
use crate::reply::Unpushed;
use crate::state::{Broker, State};
use crate::stored::Stored;

/// Where half messages wait (`TopicValidator.RMQ_SYS_TRANS_HALF_TOPIC`).
const HALF_TOPIC: &str = "RMQ_SYS_TRANS_HALF_TOPIC";
/// From 5.0.0 on questions name the topic and the broker.
const NAMED_VERSION: i32 = 413;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// Neither committed nor rolled back.
    Open,
    /// Its message is in the topic.
    Committed,
    /// Its message is gone.
    RolledBack,
}

/// A message that is in its topic only when it is committed.
#[derive(Debug)]
pub(crate) struct Half {
    unique_id: String,
    broker: usize,
    /// Until the end; what is missing is its place in the queue.
    message: Option<Box<Stored>>,
    state: Transaction,
    /// Where it lies in the half topic: each question puts it there once more, and each of these places is good for its
    /// end.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    queue_offset: i64,
    commit_offset: i64,
}

/// Whether these properties make a half message.
pub(crate) fn is_half(wire: &str) -> bool {
    properties::get(wire, names::TRANSACTION_PREPARED).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

impl State {
    /// Keeps a message back until its transaction ends.
    pub(crate) fn prepare(&mut self, broker: usize, send: &OwnedSend, message: Stored) -> Option<SendReply> {
        let version = self.options.version;
        let node = self.brokers.get_mut(broker)?;
        let place = append_half(node, &message);
        let reply = SendReply {
            code: response::SUCCESS,
            remark: None,
            version,
            id_prefix: Arc::clone(&node.id_prefix),
            commit_offset: place.commit_offset,
            more_commit_offsets: Vec::new(),
            queue_id: send.queue_id,
            queue_offset: place.queue_offset,
            recall_handle: None,
        };
        self.halves.push(Half {
            unique_id: message.unique_id.clone(),
            broker,
            message: Some(Box::new(message)),
            state: Transaction::Open,
            places: vec![place],
        });
        Some(reply)
    }

    /// What became of the transaction of the message with this id, the last one of several.
    pub(crate) fn transaction(&self, unique_id: &str) -> Option<Transaction> {
        self.halves.iter().rfind(|half| half.unique_id == unique_id).map(|half| half.state)
    }

    pub(crate) fn answer_end_transaction(
        &mut self,
        broker: usize,
        request: &Request<'_>,
        performs: bool,
    ) -> (Answer, What) {
        let command = request.command;
        let number = |name| command.ext(name).and_then(|text| text.parse::<i64>().ok());
        let what = What::End(End {
            unique_id: command.ext("msgId").unwrap_or_default().into(),
            commit_or_rollback: number("commitOrRollback")
                .and_then(|number| number.try_into().ok())
                .unwrap_or(-1),
            from_check: command.ext("fromTransactionCheck") == Some("true"),
            oneway: command.is_oneway(),
            answer: None,
        });
        if !performs {
            return (Answer::Nothing, what);
        }
        let place = number("tranStateTableOffset").zip(number("commitLogOffset"));
        let place = place.map(|(queue_offset, commit_offset)| Place { queue_offset, commit_offset });
        let What::End(End { commit_or_rollback, .. }) = what else { return (Answer::Nothing, what) };
        let failed = match commit_or_rollback {
            // Unknown: brokers say nothing and ask again.
            0 => return (Answer::Nothing, what),
            TRANSACTION_COMMIT | TRANSACTION_ROLLBACK => {
                let group = command.ext("producerGroup").unwrap_or_default();
                self.end(broker, place, group, commit_or_rollback == TRANSACTION_COMMIT).err()
            }
            _ => Some("commitOrRollback field wrong"),
        };
        let answer = match failed {
            None => self.response(response::SUCCESS),
            Some(why) => self.response(response::SYSTEM_ERROR).with_remark(why),
        };
        (Answer::Plain(answer), what)
    }

    /// Ends a transaction. Unlike a real broker, which would store the message twice, this one refuses a second end.
    fn end(
        &mut self,
        broker: usize,
        place: Option<Place>,
        group: &str,
        commits: bool,
    ) -> Result<(), &'static str> {
        const NOT_FOUND: &str = "Find prepared transaction message failed";
        let place = place.ok_or(NOT_FOUND)?;
        let mut halves = self.halves.iter_mut().filter(|half| half.broker == broker);
        let half = halves.find(|half| half.places.iter().any(|own| own.commit_offset == place.commit_offset));
        let half = half.ok_or(NOT_FOUND)?;
        if half.message.as_ref().is_some_and(|message| message.property(names::PRODUCER_GROUP) != Some(group))
        {
            return Err("The producer group wrong");
        }
        if !half.places.contains(&place) {
            return Err("The transaction state table offset wrong");
        }
        let mut message = half.message.take().ok_or(NOT_FOUND)?;
        half.state = if commits { Transaction::Committed } else { Transaction::RolledBack };
        if !commits {
            return Ok(());
        }
        message.properties = without(&message.properties, names::TRANSACTION_PREPARED);
        message.sys_flag = message.sys_flag & !TRANSACTION_MASK | TRANSACTION_COMMIT;
        let node = self.brokers.get_mut(broker).ok_or(NOT_FOUND)?;
        let topic = node.topics.0.get_mut(&message.topic);
        message.queue_offset = topic.and_then(|topic| topic.append(message.queue_id)).ok_or(NOT_FOUND)?;
        message.offset_id = answer::offset_id(&node.id_prefix, node.commit_offset);
        node.commit_offset += record_bytes(&message.topic, &message);
        self.keep(*message);
        Ok(())
    }

    /// Asks a producer of the group what became of its half message. The connection that it came by is the first
    /// choice; a real broker takes any.
    pub(crate) fn ask(&mut self, unique_id: &str) -> Result<(), Unpushed> {
        let half = self.halves.iter_mut().rfind(|half| half.unique_id == unique_id);
        let half = half.ok_or(Unpushed::Unknown)?;
        let message = half.message.as_ref().ok_or(Unpushed::Ended(half.state))?;
        let group = message.property(names::PRODUCER_GROUP).unwrap_or_default();
        let mut open = self
            .connections
            .iter()
            .filter(|(_, open)| open.node == Node::Broker(half.broker) && open.groups.contains(group));
        let link = open.clone().find(|(number, _)| **number == message.connection).or_else(|| open.next());
        let link = Arc::clone(&link.ok_or(Unpushed::NotConnected)?.1.link);
        let node = self.brokers.get_mut(half.broker).ok_or(Unpushed::Unknown)?;
        let place = append_half(node, message);
        half.places.push(place);
        let times = half.places.len().saturating_sub(1);
        let body = question(message, place, times, node.port);
        let offset_id = answer::offset_id(&node.id_prefix, place.commit_offset);
        let mut command = Command::request(request::CHECK_TRANSACTION_STATE)
            .with("commitLogOffset", place.commit_offset)
            .with("msgId", unique_id)
            .with("tranStateTableOffset", place.queue_offset)
            .with("offsetMsgId", offset_id)
            .with("transactionId", unique_id)
            .oneway()
            .with_body(body);
        if self.options.version >= NAMED_VERSION {
            command = command.with("topic", &message.topic).with("bname", &node.name);
        }
        self.push_command(&link, command);
        Ok(())
    }
}

/// Puts a half message behind the others of its broker.
fn append_half(broker: &mut Broker, message: &Stored) -> Place {
    let place = Place { queue_offset: broker.half_offset, commit_offset: broker.commit_offset };
    broker.half_offset += 1;
    broker.commit_offset += record_bytes(HALF_TOPIC, message);
    place
}

fn record_bytes(topic: &str, message: &Stored) -> i64 {
    let bytes = stored_bytes(topic.len(), message.body.len(), message.properties.len());
    i64::try_from(bytes).unwrap_or(0)
}

/// The half message as the question carries it: in its own topic and queue, and told how often it was asked about.
/// There is no clock here but the sender's.
fn question(message: &Stored, place: Place, times: usize, port: u16) -> Vec<u8> {
    let mut wire = without(&message.properties, names::WAIT);
    properties::append(&mut wire, names::REAL_TOPIC, &message.topic);
    properties::append(&mut wire, names::REAL_QUEUE_ID, &message.queue_id.to_string());
    properties::append(&mut wire, names::TRANSACTION_CHECK_TIMES, &times.to_string());
    properties::append(&mut wire, names::WAIT, "false");
    let record = Record {
        topic: &message.topic,
        queue_id: message.queue_id,
        flag: message.flag,
        queue_offset: place.queue_offset,
        commit_offset: place.commit_offset,
        sys_flag: message.sys_flag & !TRANSACTION_MASK,
        born_ms: message.born_ms,
        born_port: 0,
        stored_ms: message.born_ms,
        store_port: port,
        reconsume_times: message.reconsume_times,
        body: &message.body,
        properties: &wire,
    };
    record.encode()
}

/// Properties but one.
fn without(wire: &str, name: &str) -> String {
    let mut left = String::with_capacity(wire.len());
    for (other, value) in properties::iter(wire).filter(|(other, _)| *other != name) {
        properties::append(&mut left, other, value);
    }
    left
}
