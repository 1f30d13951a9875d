//! Batches: many messages of one topic in one request, all of them stored or none. What may go into one, and how it is
//! put together; on its way it is a send as any other.

use std::borrow::Cow;
use std::sync::Arc;

use protocol::EncodeError;
use protocol::message::batch;
use protocol::message::id::UniqueId;
use protocol::message::name::RETRY_PREFIX;
use tokio::time::Instant;

use crate::client::instance::Instance;
use crate::error::{Error, ErrorKind};
use crate::producer::Producer;
use crate::producer::config::Settings;
use crate::producer::flight::Flight;
use crate::producer::limits;
use crate::producer::message::Message;
use crate::producer::namespace::Namespace;
use crate::producer::options::SendOptions;
use crate::producer::result::{Callback, Completion, SendResult};

/// What one send carries.
#[derive(Clone, Copy)]
pub enum Cargo<'a> {
    /// As it is, or compressed.
    One(&'a Message),
    /// From [`Producer::batch`].
    Batch(Batch<'a>),
}

/// Messages that may go into one request.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    first: &'a Message,
    /// The first too.
    messages: &'a [&'a Message],
    /// Of their records.
    bytes: usize,
    /// What these take in the log of a 4.7.0 broker.
    stored_bytes: usize,
    /// Of the sharding key that those have in common which have one.
    key_hash: Option<i32>,
    /// Whether it chooses the queue.
    keys_matter: bool,
    /// Of the topic as brokers know it, and of each id.
    added_bytes: (usize, usize),
}

impl<'a> Cargo<'a> {
    /// The message that stands for all: its topic is theirs.
    pub(crate) const fn first(&self) -> &'a Message {
        match self {
            Self::One(message) => message,
            Self::Batch(batch) => batch.first,
        }
    }

    /// What it takes in flight.
    pub(crate) fn body_bytes(&self) -> usize {
        match self {
            Self::One(message) => message.body().len(),
            Self::Batch(batch) => batch.bytes,
        }
    }

    pub(crate) const fn key_hash(&self) -> Option<i32> {
        match self {
            Self::One(message) => message.key_hash(),
            Self::Batch(batch) => batch.key_hash,
        }
    }
}

impl Producer {
    /// Sends all `messages` in one request and waits for the broker's answer, and for room in flight before.
    pub async fn send_batch(
        self: &Arc<Self>,
        messages: &[&Message],
        options: &SendOptions,
        deadline: Option<Instant>,
    ) -> Result<SendResult, Error> {
        let cargo = self.batch(messages, options)?;
        self.send_cargo(cargo, options, deadline).await
    }

    /// The same as [`Self::send_async`] does it.
    pub async fn send_batch_async(
        self: &Arc<Self>,
        messages: &[&Message],
        options: &SendOptions,
        deadline: Option<Instant>,
        callback: Callback,
    ) -> Result<(), Error> {
        let cargo = self.batch(messages, options)?;
        self.submit(cargo, options, (deadline, options.block), Completion::Callback(callback)).await.map(drop)
    }

    /// `messages` as one send, if they may go together. One alone goes as it would without a batch.
    pub fn batch<'a>(&self, messages: &'a [&'a Message], options: &SendOptions) -> Result<Cargo<'a>, Error> {
        self.try_batch(messages, options).map_err(|error| self.refused(error))
    }

    fn try_batch<'a>(&self, messages: &'a [&'a Message], options: &SendOptions) -> Result<Cargo<'a>, Error> {
        self.check_running()?;
        let Some(first) = messages.first().copied() else {
            return Err(Error::new(ErrorKind::InvalidArgument, "the batch has no message: `count` is 0"));
        };
        let Some(instance) = self.instance() else { return Err(self.wrong_state()) };
        let topic_bytes = self.settings.on_the_wire(first.topic().as_str()).len();
        let mut batch = Batch {
            first,
            messages,
            bytes: 0,
            stored_bytes: 0,
            key_hash: None,
            keys_matter: options.queue.is_none() && options.selector.is_none(),
            added_bytes: (topic_bytes, self.ids(&instance).id_bytes()),
        };
        for (index, message) in messages.iter().enumerate() {
            let refused = match limits::check(message, &self.settings) {
                Ok(()) => batch.add(message, &self.settings),
                Err(error) => Some((error.kind(), error.to_string().into())),
            };
            if let Some((kind, why)) = refused {
                return Err(Error::new(kind, format!("message {index}: {why}")));
            }
        }
        Ok(if messages.len() > 1 { Cargo::Batch(batch) } else { Cargo::One(first) })
    }

    /// Puts the records and the ids of a batch into its send, once for all attempts. Not among what every send does.
    #[inline(never)]
    pub(super) fn load_batch(
        &self,
        flight: &mut Flight,
        batch: &Batch<'_>,
        instance: &Instance,
        wall_ms: i64,
    ) -> Result<(), Error> {
        // Sizes and lengths were checked: nothing else can be wrong.
        let no_memory = || Error::new(ErrorKind::System, "no memory for the batch");
        let (mut ids, mut records) = (Vec::new(), flight.parcel().body.empty());
        let room = ids.try_reserve_exact(batch.messages.len());
        room.and_then(|()| records.try_reserve_exact(batch.bytes)).map_err(|_| no_memory())?;
        let mut id = flight.id();
        for message in batch.messages {
            if !ids.is_empty() {
                id = self.next_id(instance, wall_ms);
            }
            append_record(&mut records, message, &id, self.settings.namespace.as_ref())
                .map_err(|_| no_memory())?;
            ids.push(id);
        }
        flight.set_batch(records.into(), ids);
        Ok(())
    }
}

impl Batch<'_> {
    /// Counts one of the messages; why it cannot be in one request with those before.
    fn add(&mut self, message: &Message, settings: &Settings) -> Option<(ErrorKind, Cow<'static, str>)> {
        let (topic, other) = (message.topic(), self.first.topic());
        let invalid = |why| Some((ErrorKind::InvalidArgument, why));
        if topic.as_bytes() != other.as_bytes()
            && settings.on_the_wire(topic.as_str()) != settings.on_the_wire(other.as_str())
        {
            return invalid(format!("its topic is {topic}, that of message 0 is {other}").into());
        }
        if topic.as_bytes().starts_with(RETRY_PREFIX.as_bytes()) {
            let why = "brokers take no batch for the topic of a consumer group";
            return Some((ErrorKind::InvalidTopic, why.into()));
        }
        if message.is_delayed() {
            let why = "it is to be delivered later, and brokers deliver what comes in a batch at once";
            return invalid(why.into());
        }
        if message.has_light_queues() {
            return invalid("it is for light queues too, where brokers put no message of a batch".into());
        }
        if message.waits_for_store() != self.first.waits_for_store() {
            let why = "its wait_store is not that of message 0, and the broker answers for all at once";
            return invalid(why.into());
        }
        if let (Some(hash), true) = (message.key_hash(), self.keys_matter)
            && *self.key_hash.get_or_insert(hash) != hash
        {
            let why = "its sharding key is not that of messages before it, and a batch goes to one queue";
            return invalid(why.into());
        }
        let (topic_bytes, id_bytes) = self.added_bytes;
        let body = message.body().len();
        let properties = property_bytes(message, id_bytes, settings.namespace.as_ref());
        self.bytes += batch::record_bytes(body, properties);
        self.stored_bytes += batch::stored_bytes(topic_bytes, body, properties);
        let why = self.too_large(settings)?;
        Some((ErrorKind::MessageTooLarge, why.into()))
    }

    /// Why it is more than a broker takes at once. 4.7.0 counts what it stores, newer ones what is sent, which is less.
    fn too_large(&self, settings: &Settings) -> Option<String> {
        let stored = (self.stored_bytes, "as it is stored, message.max.bytes", settings.body_bytes_max);
        let sent = (self.bytes, "as it is sent, inflight.max.bytes", settings.in_flight_bytes_max);
        let mut limits = [stored, sent].into_iter().filter(|_| self.messages.len() > 1);
        let (bytes, what, most) = limits.find(|(bytes, _, most)| bytes > most)?;
        Some(format!("with it the batch has {bytes} bytes {what} allows {most}"))
    }
}

/// The first of the ids that a broker answers to a batch, with commas between.
pub(crate) fn first_id(ids: &[u8]) -> &[u8] {
    ids.split(|byte| *byte == b',').next().unwrap_or_default()
}

/// What a message of a batch adds to its own properties, in pieces of the wire form: all that a message alone has in its
/// header, in the same order.
fn property_pieces<'a>(message: &'a Message, id: &'a str, namespace: Option<&'a Namespace>) -> [&'a str; 5] {
    [
        "UNIQ_KEY\u{1}",
        id,
        if message.waits_for_store() { "\u{2}WAIT\u{1}true\u{2}" } else { "\u{2}WAIT\u{1}false\u{2}" },
        namespace.map_or("", Namespace::property),
        message.wire_properties().map_or("", |wire| wire),
    ]
}

/// Appends `message` as a record of a batch, with `id` as its unique id. On an error `out` is as before.
pub(crate) fn append_record(
    out: &mut Vec<u8>,
    message: &Message,
    id: &UniqueId,
    namespace: Option<&Namespace>,
) -> Result<(), EncodeError> {
    let properties = property_pieces(message, id.as_str(), namespace);
    batch::append(out, message.flag(), message.body(), &properties)
}

/// Bytes of the properties of such a record, for ids of so many characters.
pub(crate) fn property_bytes(message: &Message, id_bytes: usize, namespace: Option<&Namespace>) -> usize {
    property_pieces(message, "", namespace)
        .iter()
        .fold(id_bytes, |sum, piece| sum.saturating_add(piece.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_what_the_header_of_a_message_alone_has() {
        let id: UniqueId = "0A000009".repeat(4).parse().unwrap();
        let space = Namespace::new("NS".to_owned());
        let mut m = Message::new("T").unwrap();
        m.set_body(b"body").unwrap();
        m.set_flag(-7);
        let mut body = Vec::new();
        append_record(&mut body, &m, &id, None).unwrap();
        assert_eq!(body.len(), batch::record_bytes(4, property_bytes(&m, 32, None)));
        m.set_wait_store(false);
        m.set_tags(Some("TagA")).unwrap();
        append_record(&mut body, &m, &id, Some(&space)).unwrap();
        let records: Vec<_> = batch::records(&body).collect::<Result<_, _>>().unwrap();
        assert!(records.iter().all(|record| (record.flag, record.body) == (-7, &b"body"[..])));
        let properties: Vec<_> = records.iter().map(|record| &*record.properties).collect();
        let rest = "\u{2}WAIT\u{1}false\u{2}INSTANCE_ID\u{1}NS\u{2}TAGS\u{1}TagA\u{2}";
        let expected =
            [format!("UNIQ_KEY\u{1}{id}\u{2}WAIT\u{1}true\u{2}"), format!("UNIQ_KEY\u{1}{id}{rest}")];
        assert_eq!(properties, expected);
        assert_eq!(property_bytes(&m, 32, Some(&space)), properties[1].len());
    }
}
