//! What must hold when a run is over: nothing is left open, and what every send was told is true.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rocketmq_mock::{Node, Stored, What};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::SendStatus;

use crate::answers::number_of;
use crate::book::{End, Mode, Sent};
use crate::counted;
use crate::world::Run;

/// How long frames on their way, callbacks and closing connections may take in the end.
const DRAIN: Duration = Duration::from_secs(120);

/// A stored message, with its place among all that was stored.
type Copy = (usize, Arc<Stored>);

/// The stored copies of every send: of a batch the first message of each copy.
type Copies = BTreeMap<usize, Vec<Copy>>;

pub(crate) async fn check(run: &Run) {
    drained(run).await;
    let mut copies = copies(run);
    let sent = run.book.take_sent();
    let mut ids = BTreeMap::new();
    for (number, sent) in sent.iter().enumerate() {
        let members = copies.get(&number).cloned().unwrap_or_default();
        if let Some(sentence) = together(number, sent, &members, &mut ids) {
            run.book.broken(format!("send {number} {sentence}"));
        }
        if let Some(stored) = copies.get_mut(&number) {
            stored.retain(|(_, message)| sent.bodies.len() == 1 || message.batch_index == Some(0));
        }
        let stored = copies.get(&number).map_or(&[][..], Vec::as_slice);
        count(run, sent, stored);
        let sentences = [
            ended(sent),
            truth(sent, stored),
            attempts(sent, stored),
            to_the_queue(run, sent),
            to_one_queue(sent),
            one_id(number, sent, &mut ids),
            reason(run, sent),
        ];
        for sentence in sentences.into_iter().flatten() {
            run.book.broken(format!("send {number} {sentence}"));
        }
    }
    counted::check(run, &sent);
    in_order(run, &sent, &copies);
    in_turn(run, &sent, &copies);
    for event in run.core.events() {
        if let What::Broken(why) = event.what {
            run.book.broken(format!("{} was sent bytes that make no sense: {why}", event.node));
        }
    }
}

/// Connections and tasks end when every producer is closed.
async fn drained(run: &Run) {
    tokio::time::sleep(DRAIN).await;
    for node in (0..run.brokers).map(Node::Broker).chain([Node::NameServer]) {
        let open = run.core.open_connections(node);
        run.book.check(open == 0, || format!("{open} connections to {node} stay open"));
    }
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    run.book.check(tasks == 0, || format!("{tasks} tasks never end"));
}

fn copies(run: &Run) -> Copies {
    let mut copies = Copies::new();
    for (place, message) in run.core.all_messages().into_iter().enumerate() {
        if let Some(number) = number_of(&message.properties) {
            copies.entry(number).or_default().push((place, message));
        }
    }
    copies
}

fn ended(sent: &Sent) -> Option<String> {
    let expected = match (sent.accepted, sent.mode) {
        _ if sent.given_up => return None,
        (Some(false), _) | (Some(true), Mode::OneWay) => 0,
        (Some(true), _) => 1,
        (None, _) => return Some("never returned".to_owned()),
    };
    let ends = sent.ends.len();
    (ends != expected).then(|| format!("ended {ends} times, not {expected}"))
}

/// What the caller was told agrees with the store.
fn truth(sent: &Sent, stored: &[(usize, Arc<Stored>)]) -> Option<String> {
    if sent.accepted == Some(false) && !(stored.is_empty() && sent.seen.is_empty()) {
        return Some("was refused and sent all the same".to_owned());
    }
    let told = sent.ends.first()?;
    match told {
        End::Stored { broker, queue_id, offset, .. } => {
            let found = stored.iter().any(|(_, message)| {
                (&message.broker_name, message.queue_id, message.queue_offset) == (broker, *queue_id, *offset)
                    && Some(&message.unique_id) == sent.id.as_ref()
                    && message.topic == sent.topic
            });
            (!found).then(|| format!("is not where it was said to be stored: {told:?}"))
        }
        End::Failed { outcome: Outcome::NotSent, .. } => {
            // Whoever says "go away" has not looked at it.
            let seen = u32::try_from(sent.seen.len()).unwrap();
            (seen > sent.go_aways).then(|| format!("reached a broker and was told {told:?}"))
        }
        End::Failed { outcome: Outcome::Rejected, .. } => {
            (!stored.is_empty()).then(|| format!("is stored and was told {told:?}"))
        }
        End::Failed { outcome: Outcome::Unknown, .. } => None,
    }
}

/// All messages of a copy lie one behind the other in one queue, whole, with ids that they have in every copy and that
/// no other message has.
fn together(
    number: usize,
    sent: &Sent,
    stored: &[Copy],
    ids: &mut BTreeMap<String, usize>,
) -> Option<String> {
    let count = sent.bodies.len();
    let mut told = sent.ids.clone();
    for copy in stored.chunks(count) {
        let (place, first) = &copy[0];
        if told.is_empty() {
            told = copy.iter().map(|(_, message)| message.unique_id.clone()).collect();
        }
        for (index, body) in sent.bodies.iter().enumerate() {
            let Some((at, message)) = copy.get(index) else {
                return Some(format!("is stored without its message {index}"));
            };
            let offset = first.queue_offset + i64::try_from(index).unwrap();
            let lies = (message.broker, message.queue_id, message.queue_offset, *at);
            if lies != (first.broker, first.queue_id, offset, place + index) {
                return Some(format!("is stored with its message {index} apart from the others"));
            }
            // One alone may have come with others, in any place among them.
            if (count > 1 && message.batch_index != Some(index))
                || Some(&message.unique_id) != told.get(index)
            {
                return Some(format!("is stored with another message as its message {index}"));
            }
            if message.unpacked_body() != Some(body) {
                return Some(format!("is stored with another body as its message {index}"));
            }
        }
    }
    // The first one's is looked at for every send.
    let other = told.into_iter().skip(1).find_map(|id| ids.insert(id, number));
    other.map(|other| format!("has an id of send {other}"))
}

fn attempts(sent: &Sent, stored: &[(usize, Arc<Stored>)]) -> Option<String> {
    let seen = u32::try_from(sent.seen.len()).unwrap();
    // The result of a message that was stored badly, sent again and not stored better is that of its own attempt.
    let badly = matches!(sent.ends.first(), Some(End::Stored { status, .. }) if *status != SendStatus::Ok);
    let told = sent.attempts.filter(|_| !badly).unwrap_or(sent.attempts_max);
    if told > sent.attempts_max || seen > told + sent.go_aways {
        return Some(format!("made {told} attempts, brokers saw {seen}, {} are allowed", sent.attempts_max));
    }
    if sent.at_most_once && stored.len() > 1 {
        return Some(format!("is stored {} times, it may be once at most", stored.len()));
    }
    None
}

fn to_the_queue(run: &Run, sent: &Sent) -> Option<String> {
    let (broker, id) = sent.queue.as_ref()?;
    let wrong =
        sent.seen.iter().find(|seen| run.core.broker_name(seen.broker) != *broker || seen.queue_id != *id)?;
    Some(format!("for queue {id} of {broker} went to queue {} of broker {}", wrong.queue_id, wrong.broker))
}

/// A key's send goes on where it began.
fn to_one_queue(sent: &Sent) -> Option<String> {
    sent.key.as_ref()?;
    let mut places = sent.seen.iter().map(|seen| (seen.broker, seen.queue_id));
    let first = places.next()?;
    let other = places.find(|place| *place != first)?;
    Some(format!(
        "went to queue {} of broker {} and to queue {} of broker {}",
        first.1, first.0, other.1, other.0
    ))
}

/// Errors that only one thing leads to.
fn reason(run: &Run, sent: &Sent) -> Option<String> {
    let Some(End::Failed { kind, .. }) = sent.ends.first() else { return None };
    let member = &run.members[sent.member];
    let fair = match kind {
        ErrorKind::Internal => run.book.has_exploded(member.group),
        ErrorKind::Closed => member.ending.load(Ordering::Relaxed),
        ErrorKind::Cancelled => member.purged.load(Ordering::Relaxed),
        _ => true,
    };
    (!fair).then(|| format!("ended with {kind:?} for no reason"))
}

fn one_id(number: usize, sent: &Sent, ids: &mut BTreeMap<String, usize>) -> Option<String> {
    let seen = sent.seen.first().map(|seen| &seen.id);
    if let (Some(seen), Some(told)) = (seen, &sent.id)
        && seen != told
    {
        return Some("was told another id than the broker".to_owned());
    }
    let other = ids.insert(seen.or(sent.id.as_ref())?.clone(), number)?;
    Some(format!("has the id of send {other}"))
}

/// Whatever was sent after the answer to another is stored behind it.
fn in_order(run: &Run, sent: &[Sent], copies: &Copies) {
    let mut last: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (number, sent) in sent.iter().enumerate() {
        let Some(sequence) = sent.sequence else { continue };
        let stored = copies.get(&number).map_or(&[][..], Vec::as_slice);
        if let (Some((first, _)), Some((before, place))) = (stored.first(), last.get(&sequence)) {
            run.book.check(first > place, || {
                format!("send {number} is stored before send {before}, whose answer it waited for")
            });
        }
        if let Some(End::Stored { offset, .. }) = sent.ends.first()
            && let Some((place, _)) = stored.iter().find(|(_, message)| message.queue_offset == *offset)
        {
            last.insert(sequence, (number, *place));
        }
    }
}

/// Where nothing goes wrong, messages lie in a queue, and those of a key lie, as they were handed over. (Those that wait
/// for room may be overtaken.)
fn in_turn(run: &Run, sent: &[Sent], copies: &Copies) {
    let mut last = BTreeMap::new();
    for (number, sent) in sent.iter().enumerate() {
        let waits = sent.block || sent.mode == Mode::Sync || sent.given_up;
        let Some(stored) = copies.get(&number) else { continue };
        if run.troubled || waits || (sent.queue.is_none() && sent.key.is_none()) {
            continue;
        }
        let (lane, place) = ((&sent.queue, &sent.key), stored[0].0);
        if let Some((before, earlier)) = last.insert((sent.member, &sent.topic, lane), (number, place)) {
            run.book.check(place > earlier, || format!("send {number} is stored before send {before}"));
        }
    }
}

fn count(run: &Run, sent: &Sent, stored: &[(usize, Arc<Stored>)]) {
    run.book.count("sends");
    match sent.ends.first() {
        Some(End::Stored { status: SendStatus::Ok, .. }) => run.book.count("end: stored"),
        Some(End::Stored { .. }) => run.book.count("end: stored, not OK"),
        Some(End::Failed { kind, outcome, .. }) => {
            run.book.count(match outcome {
                Outcome::NotSent => "end: not sent",
                Outcome::Rejected => "end: rejected",
                Outcome::Unknown => "end: unknown",
            });
            run.book.count(kind_name(*kind));
        }
        None if sent.accepted == Some(false) => run.book.count("end: refused at once"),
        None if sent.mode == Mode::OneWay => {
            run.book.count(if stored.is_empty() { "end: one-way, lost" } else { "end: one-way, stored" });
        }
        None => run.book.count("end: given up"),
    }
    if sent.attempts.is_some_and(|attempts| attempts > 1) {
        run.book.count("more than one attempt");
    }
    if stored.len() > 1 {
        run.book.count("stored more than once");
    }
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Internal => "error: internal",
        ErrorKind::Closed => "error: closed",
        ErrorKind::Cancelled => "error: cancelled",
        ErrorKind::Timeout => "error: timeout",
        ErrorKind::NoNamesrv => "error: no name server",
        ErrorKind::Connect => "error: connect",
        ErrorKind::ConnectionLost => "error: connection lost",
        ErrorKind::Protocol => "error: protocol",
        ErrorKind::Resolve => "error: resolve",
        ErrorKind::TopicNotFound => "error: topic not found",
        ErrorKind::NoWritableQueue => "error: no writable queue",
        ErrorKind::NoPermission => "error: no permission",
        ErrorKind::BrokerBusy => "error: broker busy",
        ErrorKind::Broker => "error: broker",
        _ => "error: another",
    }
}
