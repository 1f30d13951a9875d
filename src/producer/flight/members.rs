//! Sends that go out as one batch: another send carries them, whose end is the end of each.

use std::sync::Arc;

use crate::client::broker::Done;
use crate::error::{ErrorKind, Outcome};
use crate::producer::attempt::Plan;
use crate::producer::budget::Room;
use crate::producer::flight::{Ending, Flight, Held, Place};
use crate::producer::result::{Completion, SendResult};
use crate::text::Text;

/// Accepted sends without their bodies, in the order of the records. Each keeps its room and its completion.
#[expect(clippy::vec_box, reason = "the memory of an ended send is passed on as it is")]
pub(crate) struct Members(pub(crate) Vec<Box<Flight>>);

impl Members {
    /// The attempt that carried them was lost on its way by a panic: what is known of it holds for each of them, when
    /// they are dropped.
    pub(super) fn share_fate(&mut self, attempts: u32, fate: Outcome) {
        for member in &mut self.0 {
            (member.attempts, member.fate) = (attempts, fate);
        }
    }
}

impl Flight {
    /// What carries `members` to `place`, with `records` for a body. It holds no room, since they do.
    pub(crate) fn carrying(
        members: Members,
        records: Vec<u8>,
        place: Place,
        plan: Plan,
    ) -> Option<Box<Self>> {
        let first = members.0.first()?;
        let mut carrier = Self::new(first.result.id, first.accepted);
        carrier.set_topic(&first.result.topic, first.wrapped_topic.clone());
        carrier.parcel.body = records.into();
        carrier.parcel.wait_store = first.parcel.wait_store;
        carrier.parcel.batch = true;
        carrier.parcel.place = place;
        let producer = Arc::clone(&first.producer);
        producer.stats.add_batch(members.0.len());
        carrier.accept(&producer, plan, Room::default(), Completion::Members(members));
        Some(carrier)
    }

    /// Goes alone after all, with the body that it would have had in the batch.
    pub(crate) fn alone(mut self: Box<Self>, body: &[u8], done: &mut Done<'_>) -> Option<Box<Self>> {
        self.parcel.sys_flag = 0;
        if self.parcel.body.set(body).is_ok() {
            return Some(self);
        }
        let text = format!("no memory for the body's {} bytes", body.len());
        self.end_with(ErrorKind::System, &text, done);
        None
    }

    /// Ends it before it was sent.
    pub(crate) fn cancel(self: Box<Self>, done: &mut Done<'_>) {
        let text = format!("the send to {} was cancelled while it waited for others", self.result.topic);
        self.end_with(ErrorKind::Cancelled, &text, done);
    }

    /// Ends its members as it has ended, each with its own place among the records. Not among what every send does.
    #[inline(never)]
    pub(super) fn tell_members(mut self: Box<Self>, mut members: Members, done: &mut Done<'_>) {
        members.share_fate(self.attempts, self.fate);
        match std::mem::replace(&mut self.ending, Ending::Open) {
            Ending::Stored => self.share_result(&mut members),
            Ending::Failed(error) => {
                for member in &mut members.0 {
                    let error = error.clone().with_send(member.result.id.as_str(), error.attempts());
                    member.ending = Ending::Failed(error);
                }
            }
            Ending::Open => {}
        }
        for member in members.0 {
            member.tell(done);
        }
        // Nothing is left that would have to come back.
        self.producer = Held(None);
    }

    /// A broker stores the records of a batch one behind the other in one queue. It answers with the first one's
    /// position and with an id for each, between commas.
    fn share_result(&self, members: &mut Members) {
        let stored: &SendResult = &self.result;
        let at = self.accepted + stored.latency;
        let mut offset_ids = stored.offset_id.as_str().split(',');
        for (index, member) in (0..).zip(&mut members.0) {
            let result = &mut member.result;
            result.broker.become_one_with(&stored.broker);
            result.queue_id = stored.queue_id;
            result.status = stored.status;
            result.attempts = stored.attempts;
            result.queue_offset = stored.queue_offset.saturating_add(index);
            result.latency = at.saturating_duration_since(member.accepted);
            result.offset_id.set(offset_ids.next().unwrap_or_default().as_bytes());
            result.transaction_id.set(stored.transaction_id.as_bytes());
            result.recall_handle = Text::EMPTY;
            member.ending = Ending::Stored;
        }
    }
}
