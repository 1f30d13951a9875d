//! How a send ends: once, with its room given back and whoever wants to know told.

use std::sync::Arc;

use crate::client::broker::{Done, Landing};
use crate::error::{Error, ErrorKind, Outcome};
use crate::producer::Producer;
use crate::producer::budget::{Ended, Room};
use crate::producer::completion_queue::{CompletionQueue, Entry, Event, What};
use crate::producer::flight::{Ending, Flight, Spare};
use crate::producer::notice;
use crate::producer::result::{Completion, SendResult};
use crate::producer::stats::{How, Record, Tally};
use crate::runtime::{Job, Jobs};

impl Flight {
    pub(super) fn end_with(self: Box<Self>, kind: ErrorKind, text: &str, done: &mut Done<'_>) {
        self.fail_with(Error::new(kind, text), done);
    }

    /// Ends the send by an error, unless an attempt stored the message: then it is a result, whatever became of the
    /// attempts to store it better.
    pub(super) fn fail_with(mut self: Box<Self>, error: Error, done: &mut Done<'_>) {
        self.ending = match self.stored.take() {
            Some(stored) => {
                self.result = SendResult { attempts: self.attempts, ..*stored };
                Ending::Stored
            }
            None => Ending::Failed(
                error.with_outcome(self.fate).with_send(self.result.id.as_str(), self.attempts),
            ),
        };
        self.tell(done);
    }

    /// Gives back its room and tells whoever wants to know how it ended.
    pub(super) fn tell(mut self: Box<Self>, done: &mut Done<'_>) {
        if self.completion.is_told_later() {
            return self.tell_later(done);
        }
        match std::mem::replace(&mut self.completion, Completion::None) {
            Completion::Wait(tell) | Completion::Listen(tell) => {
                let record = self.record(false);
                let outcome = self.take_outcome();
                self.leave(Some(&record));
                // Gone when the caller gave up.
                let _ = tell.send(outcome);
            }
            Completion::Members(members) => self.tell_members(members, done),
            _ => {
                if let Ending::Failed(error) = &self.ending {
                    log::info!("a one-way send was lost: {error}");
                }
                let record = self.record(true);
                self.leave(Some(&record));
            }
        }
    }

    /// A callback or an event follows. The room in flight comes back before, since that may be long in coming.
    #[inline]
    fn tell_later(mut self: Box<Self>, done: &mut Done<'_>) {
        Landed::among(done, |landed| landed.end(&mut self));
        if !matches!(self.completion, Completion::Queue(..)) {
            return done.push(self);
        }
        // The event may lie there for long, and would keep the client.
        self.target = None;
        Landed::among(done, |landed| landed.events.push(self));
    }

    /// A one-way send is written: that is its end.
    pub(super) fn land(mut self: Box<Self>, done: &mut Done<'_>) {
        Landed::among(done, |landed| {
            landed.end(&mut self);
            self.producer.0 = None;
            landed.ended.add_spare(Spare(self));
        });
    }

    fn take_outcome(&mut self) -> Result<SendResult, Error> {
        self.lend_outcome().map(SendResult::take)
    }

    /// The same; a result stays where it lies until it is taken.
    #[inline]
    fn lend_outcome(&mut self) -> Result<&mut SendResult, Error> {
        match std::mem::replace(&mut self.ending, Ending::Open) {
            Ending::Stored => Ok(&mut self.result),
            Ending::Failed(error) => Err(error),
            Ending::Open => Err(Error::new(ErrorKind::Internal, "the send has not ended")),
        }
    }
}

/// What the sends of one producer give back that end together, and those of them whose end is an event.
#[derive(Default)]
pub(crate) struct Landed {
    producer: Option<Arc<Producer>>,
    ended: Ended<Spare>,
    /// Of those whose room in flight comes back.
    tally: Tally,
    #[expect(clippy::vec_box, reason = "the send itself lies in the queue")]
    events: Vec<Box<Flight>>,
    /// Of those, for the time of a step.
    epochs: Vec<u64>,
    entries: Vec<Entry>,
    /// What is to be run because of them.
    jobs: Jobs,
}

impl Landed {
    /// Adds to what `done` has of it.
    #[inline(always)]
    fn among(done: &mut Done<'_>, add: impl FnOnce(&mut Self)) {
        match done.landing() {
            Some(landed) => add(landed),
            // There is but this one type of it.
            None => add(&mut Self::default()),
        }
    }

    /// Where to put what a send of `producer` gives back.
    fn of(&mut self, producer: &Arc<Producer>) -> &mut Ended<Spare> {
        if !self.producer.as_ref().is_some_and(|present| Arc::ptr_eq(present, producer)) {
            self.turn_to(producer);
        }
        &mut self.ended
    }

    /// From now on it is what sends of `producer` give back.
    #[inline(never)]
    fn turn_to(&mut self, producer: &Arc<Producer>) {
        self.settle_now();
        self.producer = Some(Arc::clone(producer));
    }

    /// The room in flight of `flight` comes back, with the memory of its body.
    #[inline]
    fn end(&mut self, flight: &mut Flight) {
        let record = flight.record(matches!(flight.completion, Completion::None));
        let body = flight.unload();
        self.of(&flight.producer).add(&mut flight.room, body);
        self.tally.add(record);
    }

    /// Makes an event of what lay in a queue, and takes what that gives back.
    pub(crate) fn take_event(&mut self, entry: Entry, take: impl FnOnce(Event<'_>)) {
        match entry {
            Entry::Sent(mut flight) => {
                let completion = std::mem::replace(&mut flight.completion, Completion::None);
                let tag = if let Completion::Queue(_, tag) = completion { tag } else { 0 };
                take(Event { tag, what: What::Sent(flight.lend_outcome()) });
                flight.result.ids = None;
                if let Some(producer) = flight.producer.0.take() {
                    let ended = self.of(&producer);
                    ended.add_completion(&mut flight.room);
                    ended.add_spare(Spare(flight));
                }
            }
            Entry::Notice(notice) => {
                let (event, held) = notice.open();
                if let Some((producer, mut room)) = held {
                    self.of(&producer).add_completion(&mut room);
                }
                take(event);
            }
        }
    }

    /// Gives back what there is. First the room in flight: who polls an event may send again. A flush waits for the events
    /// to lie in their queues.
    #[inline(never)]
    pub(crate) fn settle_now(&mut self) {
        let Some(producer) = self.producer.take() else { return };
        if !self.ended.is_empty() {
            // Held until the room is back: see `stats`.
            let mut counts = (!self.tally.is_empty()).then(|| producer.stats.counts());
            if let Some(counts) = &mut counts {
                counts.add_all(&mut self.tally);
            }
            producer.budget.end_all(&mut self.ended);
        }
        if !self.events.is_empty() {
            self.put_events();
            producer.budget.end_told(&mut self.epochs);
        }
    }

    /// Puts the events into their queues, as many at once as go to the same.
    fn put_events(&mut self) {
        let mut present: Option<Arc<CompletionQueue>> = None;
        for mut flight in self.events.drain(..) {
            self.epochs.extend(flight.room.take_epoch());
            let Completion::Queue(queue, _) = &flight.completion else { continue };
            if !present.as_ref().is_some_and(|present| Arc::ptr_eq(present, queue)) {
                let next = Arc::clone(queue);
                if let Some(before) = present.replace(next) {
                    before.push(&mut self.entries, &mut self.jobs);
                }
            }
            self.entries.push(Entry::Sent(flight));
        }
        if let Some(last) = present {
            last.push(&mut self.entries, &mut self.jobs);
        }
    }
}

impl Landing for Landed {
    fn settle(&mut self, jobs: &mut Jobs) {
        self.settle_now();
        jobs.append(&mut self.jobs);
    }
}

/// Also when a panic keeps it from being settled.
impl Drop for Landed {
    fn drop(&mut self) {
        self.settle_now();
    }
}

impl Job for Flight {
    /// On a callback thread: the callback runs, then the completion's room comes back.
    fn run(mut self: Box<Self>) {
        if let Completion::Callback(callback) = std::mem::replace(&mut self.completion, Completion::None) {
            match &self.ending {
                Ending::Stored => callback.call(Ok(&self.result)),
                Ending::Failed(error) => callback.call(Err(error)),
                Ending::Open => {}
            }
        }
        self.leave(None);
    }
}

/// A send that is dropped with its completion unused was lost by a panic: it still ends, once. One whose callback
/// panicked still gives back its room.
impl Drop for Flight {
    fn drop(&mut self) {
        let mut completion = std::mem::replace(&mut self.completion, Completion::None);
        let Some(producer) = self.producer.0.take() else { return };
        if let Completion::Members(members) = &mut completion {
            // Dropped in turn, each of them tells.
            return members.share_fate(self.attempts, self.fate);
        }
        let mut room = std::mem::take(&mut self.room);
        let kind = producer.kind_when_dropped();
        let oneway = matches!(completion, Completion::None);
        // Otherwise it had ended, and only its callback or its event was still to come.
        if let Some(bytes) = room.in_flight() {
            let outcome = if self.attempts > 0 { Outcome::Unknown } else { self.fate };
            let how = How::Failed { kind, outcome, code: None, oneway };
            let record = Record { how, attempts: self.attempts, messages: self.result.count(), bytes };
            let counts = producer.stats.counted(&record);
            producer.budget.end_in_flight(&mut room, Vec::new());
            drop(counts);
        }
        if oneway {
            return producer.budget.end(room, None, Vec::new());
        }
        let instance = producer.instance();
        if let (ErrorKind::Internal, Some(instance)) = (kind, &instance) {
            instance.fail();
        }
        let fate = if self.attempts > 0 { Outcome::Unknown } else { self.fate };
        let error = Error::new(kind, format!("the send to {} was given up", self.result.topic))
            .with_outcome(fate)
            .with_send(self.result.id.as_str(), self.attempts);
        match completion {
            Completion::Wait(tell) | Completion::Listen(tell) => {
                producer.budget.end(room, None, Vec::new());
                let _ = tell.send(Err(error));
            }
            Completion::Queue(queue, tag) => {
                let mut epoch = room.take_epoch().into_iter().collect();
                let event = Event { tag, what: What::Sent(Err(error)) };
                notice::put(&producer, &queue, event, Some(room));
                producer.budget.end_told(&mut epoch);
            }
            completion => {
                let given_up = GivenUp { completion, error, producer, room };
                if let Some(instance) = instance {
                    instance.done().push(Box::new(given_up));
                }
            }
        }
    }
}

/// The end of a send that was dropped.
struct GivenUp {
    completion: Completion,
    error: Error,
    producer: Arc<Producer>,
    room: Room,
}

impl Job for GivenUp {
    fn run(mut self: Box<Self>) {
        if let Completion::Callback(callback) = std::mem::replace(&mut self.completion, Completion::None) {
            callback.call(Err(&self.error));
        }
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.producer.budget.end(std::mem::take(&mut self.room), None, Vec::new());
    }
}
