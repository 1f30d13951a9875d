//! Sends that wait for one another, and how they go.

use std::sync::Arc;

use protocol::message::batch::records;
use tokio::time::Instant;

use crate::client::broker::Broker;
use crate::client::instance::Instance;
use crate::client::layout::Layout;
use crate::producer::attempt::Plan;
use crate::producer::flight::{Flight, Members, Place};
use crate::producer::send::{Loaded, launch};
use crate::producer::{Moment, Producer, select};

/// Where a send goes, as far as that is known when it is accepted.
pub(super) struct Lane {
    /// The queue of a key, if the route is known.
    pub(super) place: Place,
    pub(super) keyed: bool,
    /// With a key whose queue is known: what keys are shared out over.
    order: Option<Arc<Layout>>,
}

impl Lane {
    pub(super) fn of(flight: &Flight, instance: &Instance, now: Instant) -> Self {
        let place = flight.place();
        let Place::Key(hash) = *place else {
            return Self { place: place.clone(), keyed: false, order: None };
        };
        let route = instance.routes().get(flight.topic_on_the_wire().as_bytes());
        let queue = route.and_then(|route| {
            let (broker, id) = select::of_key(&route, hash, now)?;
            Some((Place::Queue(broker, id), Some(Arc::clone(route.order(now)))))
        });
        let (place, order) = queue.unwrap_or((Place::Key(hash), None));
        Self { place, keyed: true, order }
    }
}

/// What the members of a group have in common beside topic and queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    wait_store: bool,
    attempts_max: u32,
    patience: u32,
}

impl Kind {
    pub(super) fn of(loaded: &Loaded, now: Instant) -> Self {
        let left = loaded.plan.deadline.map(|deadline| deadline.saturating_duration_since(now).as_millis());
        Self {
            wait_store: loaded.flight.waits_for_store(),
            attempts_max: loaded.plan.attempts_max,
            patience: left.map_or(u32::MAX, |ms| patience(u32::try_from(ms).unwrap_or(u32::MAX))),
        }
    }
}

/// The same for all whose time differs by less than an eighth or so: the time of a batch is that of the least patient
/// member, and the others must not lose much by it.
fn patience(ms: u32) -> u32 {
    let ms = ms.max(8);
    let octave = ms.ilog2();
    (octave << 3) | ((ms >> (octave - 3)) & 7)
}

/// Sends to one topic that go out together.
pub(super) struct Group {
    place: Place,
    kind: Kind,
    /// Whether some are there by their keys.
    keyed: bool,
    order: Option<Arc<Layout>>,
    /// When it goes out, at the latest.
    pub(super) due: Instant,
    /// The earliest of its members.
    deadline: Option<Instant>,
    /// As brokers store it.
    pub(super) bytes: usize,
    /// The body of the batch: one record for each member.
    pub(super) records: Vec<u8>,
    pub(super) members: Members,
}

impl Group {
    pub(super) const fn new(place: Place, kind: Kind, due: Instant) -> Self {
        Self {
            place,
            kind,
            keyed: false,
            order: None,
            due,
            deadline: None,
            bytes: 0,
            records: Vec::new(),
            members: Members(Vec::new()),
        }
    }

    /// Whether it is the one for sends of `kind` to `lane`: of those to any queue there is one for each kind, so that they
    /// do not push each other out. For one queue there is one at a time.
    pub(super) fn is_of(&self, lane: &Lane, kind: Option<Kind>) -> bool {
        match (&self.place, &lane.place) {
            (Place::Any, Place::Any) => kind == Some(self.kind),
            (Place::Queue(broker, id), Place::Queue(other, other_id)) => id == other_id && broker == other,
            (Place::Key(hash), Place::Key(other)) => hash == other,
            _ => false,
        }
    }

    /// Whether one more goes out with it.
    pub(super) fn takes(&self, kind: Kind, bytes: usize, bytes_max: usize) -> bool {
        self.kind == kind && self.bytes.saturating_add(bytes) <= bytes_max
    }

    /// Whether its keys were shared out over other queues than `lane`'s: equal keys may be in both.
    pub(super) fn has_other_order(&self, lane: &Lane) -> bool {
        self.keyed && !is_same(self.order.as_ref(), lane.order.as_ref())
    }

    /// Adds the send whose record was added.
    pub(super) fn add(
        &mut self,
        loaded: Loaded,
        producer: &Arc<Producer>,
        (lane, due): (Lane, Instant),
        bytes: usize,
    ) {
        if lane.keyed {
            (self.keyed, self.order) = (true, lane.order);
        }
        self.due = self.due.min(due);
        self.deadline = self.deadline.into_iter().chain(loaded.plan.deadline).min();
        self.bytes += bytes;
        self.members.0.push(loaded.accepted(producer));
    }

    /// Goes out: as one, unless it is only one, or its keys belong to other queues by now.
    pub(super) fn go(self, out: &mut Out<'_>) {
        if self.members.0.len() > 1 && !self.has_moved(out) {
            let plan = Plan { deadline: self.deadline, attempts_max: self.kind.attempts_max };
            if let Some(carrier) = Flight::carrying(self.members, self.records, self.place, plan) {
                out.launch(carrier);
            }
            return;
        }
        for (member, record) in self.members.0.into_iter().zip(records(&self.records)) {
            let body = record.as_ref().map_or(&[][..], |record| record.body);
            let alone = member.alone(body, &mut out.instance.done());
            if let Some(member) = alone {
                out.launch(member);
            }
        }
    }

    fn has_moved(&self, out: &Out<'_>) -> bool {
        let (Some(order), Some(first)) = (&self.order, self.members.0.first()) else { return false };
        let route = out.instance.routes().get(first.topic_on_the_wire().as_bytes());
        !is_same(Some(order), route.as_ref().map(|route| route.order(out.moment.now)))
    }
}

fn is_same(one: Option<&Arc<Layout>>, other: Option<&Arc<Layout>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// What sends begin with.
pub(super) struct Out<'a> {
    pub(super) producer: &'a Arc<Producer>,
    pub(super) instance: &'a Arc<Instance>,
    pub(super) moment: Moment,
    /// Where one was submitted that waits for senders to slow down.
    pub(super) crowded: Option<Arc<Broker>>,
}

impl Out<'_> {
    pub(super) fn launch(&mut self, flight: Box<Flight>) {
        let crowded = launch(flight, self.instance, self.moment, false).crowded;
        if crowded.is_some() {
            self.crowded = crowded;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::patience;

    #[test]
    fn who_shares_a_batch_loses_at_most_an_eighth_of_its_time() {
        let mut first = 8;
        for ms in 8..200_000_u32 {
            if patience(ms) != patience(first) {
                assert!(patience(ms) > patience(first));
                first = ms;
            }
            assert!((ms - first) * 8 < ms, "{first} and {ms}");
        }
        assert_eq!((patience(0), patience(8)), (patience(8), patience(8)));
        assert!(patience(u32::MAX) < u32::MAX);
    }
}
