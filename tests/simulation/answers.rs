//! What brokers and name servers answer, request by request; and what they saw of every send.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::codes::request;
use protocol::command::Command;
use protocol::header::send::{OwnedSend, SendMessage};
use protocol::message::batch;
use protocol::message::properties::{self, names};
use rocketmq_mock::{Arrival, Fault, Node};

use crate::book::{Book, Seen, note};
use crate::dice::Dice;
use crate::world::{Run, lock};

type Draw = fn(&Dice) -> Fault;

/// How an answer may go wrong, and how often.
static FAULTS: &[(u32, (&str, Draw))] = &[
    (10, ("answer: late", |dice| Fault::Delay(dice.ms(1, 3000)))),
    (12, ("answer: may be tried again", |dice| code(dice, &[1, 14, 16, 17, 204, 205]))),
    (6, ("answer: final refusal", |dice| code(dice, &[3, 13, 208, 4711]))),
    (10, ("answer: busy", |dice| code(dice, &[2, 215]))),
    (12, ("answer: stored, not OK", |dice| code(dice, &[10, 11, 12]))),
    (8, ("answer: go away", |dice| code(dice, &[GO_AWAY]))),
    (8, ("answer: none", |dice| Fault::Freeze { store: dice.percent(50) })),
    (8, ("answer: a cut", |dice| Fault::Cut { store: dice.percent(50) })),
    (5, ("answer: half of one", |dice| Fault::CutInAnswer { bytes: dice.below(150) })),
    (3, ("answer: reads no more", |_| Fault::Stall)),
    (4, ("answer: garbage", |dice| Fault::Garbage(dice.bytes(1 + dice.below(60)).into()))),
    (6, ("answer: twice", |_| Fault::AnswerTwice)),
    (6, ("answer: to nobody's question first", |_| Fault::UnknownOpaqueFirst)),
    (
        4,
        ("answer: success without its fields", |dice| Fault::Answer {
            command: Command::response(0, 0),
            store: dice.percent(50),
        }),
    ),
];

/// A server that shuts down says this.
const GO_AWAY: i32 = 1500;

fn code(dice: &Dice, codes: &[i32]) -> Fault {
    let delay = if dice.percent(30) { dice.ms(1, 400) } else { Duration::ZERO };
    Fault::Respond { code: dice.pick(codes), remark: Some("as scripted".to_owned()), delay }
}

/// How the nodes answer.
#[derive(Default)]
pub(crate) struct Mood {
    /// Of a hundred answers so many go wrong.
    chances: BTreeMap<Node, u32>,
    /// Nodes that may have left half a frame on a stream.
    bitten: BTreeSet<Node>,
}

impl Mood {
    pub(crate) fn set(&mut self, node: Node, chance: u32) {
        self.chances.insert(node, chance);
        self.bite(node);
    }

    pub(crate) fn bite(&mut self, node: Node) {
        self.bitten.insert(node);
    }

    /// Every node answers well; those whose connections are spoilt.
    pub(crate) fn heal(&mut self) -> BTreeSet<Node> {
        std::mem::take(self).bitten
    }
}

/// Has every request looked at, and answered as the mood is.
pub(crate) fn direct(run: &Run, dice: Dice) {
    let (book, mood) = (Arc::clone(&run.book), Arc::clone(&run.mood));
    run.core.on_request(move |arrival| {
        let chance = lock(&mood).chances.get(&arrival.node).copied().unwrap_or_default();
        let chosen = dice.percent(chance).then(|| *dice.weighted(FAULTS));
        let fault = chosen.map(|(name, draw)| {
            book.count(name);
            draw(&dice)
        });
        let is_send = matches!(arrival.code, request::SEND_MESSAGE_V2 | request::SEND_BATCH_MESSAGE);
        if is_send {
            see(&book, arrival, fault.as_ref());
        } else {
            note!(
                book,
                "{} on connection {} has a request {}: {:?}",
                arrival.node,
                arrival.connection,
                arrival.code,
                chosen.map(|(name, _)| name)
            );
        }
        fault
    });
}

/// The number that a message carries as its key.
pub(crate) fn number_of(wire_properties: &str) -> Option<usize> {
    properties::get(wire_properties, names::KEYS)?.strip_prefix('s')?.parse().ok()
}

fn see(book: &Book, arrival: &Arrival<'_>, fault: Option<&Fault>) {
    let Node::Broker(broker) = arrival.node else {
        return book.broken("a message was sent to a name server".to_owned());
    };
    let send = match SendMessage::decode(arrival.command) {
        Ok(send) => send,
        Err(error) => return book.broken(format!("a send cannot be read: {error}")),
    };
    let records = if send.batch { &arrival.command.body[..] } else { &[] };
    let records = match batch::records(records).collect::<Result<Vec<_>, _>>() {
        Ok(records) => records,
        Err(error) => return book.broken(format!("a batch cannot be read: {error}")),
    };
    let numbers: Vec<_> = records.iter().map(|record| number_of(&record.properties)).collect();
    if numbers.windows(2).any(|pair| pair[0] != pair[1]) {
        // The library made it of several sends: each of them sees its own record.
        book.count("automatic batch");
        let once = numbers.iter().collect::<BTreeSet<_>>().len() == numbers.len();
        book.check(once, || format!("an automatic batch holds {numbers:?}"));
        for record in records {
            let (own, body) = (record.properties.into_owned(), Bytes::copy_from_slice(record.body));
            see_one(book, arrival, (broker, &send, fault), &own.clone(), (own, body));
        }
        return;
    }
    let own = records.first().map_or(&*send.properties, |record| &record.properties);
    let content = (send.properties.clone(), arrival.command.body.clone());
    see_one(book, arrival, (broker, &send, fault), own, content);
}

/// A send is seen, by its `own` properties; with the content that each of its attempts has.
fn see_one(
    book: &Book,
    arrival: &Arrival<'_>,
    (broker, send, fault): (usize, &OwnedSend, Option<&Fault>),
    own: &str,
    (properties, body): (String, Bytes),
) {
    let Some(number) = number_of(own).filter(|number| *number < book.len()) else { return };
    note!(
        book,
        "broker {broker} on connection {} sees send {number} for queue {}, opaque {}: {fault:?}",
        arrival.connection,
        send.queue_id,
        arrival.opaque
    );
    let go_away = matches!(fault, Some(Fault::Respond { code: GO_AWAY, .. }));
    let seen = Seen {
        broker,
        queue_id: send.queue_id,
        id: properties::get(own, names::UNIQ_KEY).unwrap_or_default().to_owned(),
        properties,
        body,
        sys_flag: send.sys_flag,
    };
    let (topic, same) = book.with(number, |sent| {
        sent.go_aways += u32::from(go_away);
        let first = sent.seen.first().unwrap_or(&seen);
        let same = (&first.id, &first.properties, &first.body, first.sys_flag)
            == (&seen.id, &seen.properties, &seen.body, seen.sys_flag);
        sent.seen.push(seen);
        (sent.topic.clone(), same)
    });
    book.check(same, || format!("two attempts of send {number} carry different bytes"));
    book.check(topic == send.topic, || format!("send {number} went to the topic {}", send.topic));
}
