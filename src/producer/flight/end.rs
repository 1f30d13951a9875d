//! How a send ends: once, with its room given back and whoever wants to know told.

use std::sync::Arc;

use crate::client::broker::{Done, Landing};
use crate::error::{Error, ErrorKind, Outcome};
use crate::producer::Producer;
use crate::producer::budget::{Ended, Room};
use crate::producer::flight::{Ending, Flight, Spare};
use crate::producer::result::{Completion, SendResult};
use crate::runtime::Job;

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
        if self.completion.is_callback() {
            // With the room in flight, since the callback may be long in coming.
            let body = self.unload();
            let Self { producer, room, .. } = &mut *self;
            match Landed::of(producer, done) {
                Some(landed) => landed.add(room, body),
                None => producer.budget.end_in_flight(room, body),
            }
            return done.push(self);
        }
        match std::mem::replace(&mut self.completion, Completion::None) {
            Completion::Wait(tell) => {
                let outcome = self.take_outcome();
                self.leave();
                // Gone when the caller gave up.
                let _ = tell.send(outcome);
            }
            Completion::Members(members) => self.tell_members(members, done),
            _ => {
                if let Ending::Failed(error) = &self.ending {
                    log::info!("a one-way send was lost: {error}");
                }
                self.leave();
            }
        }
    }

    /// A one-way send is written: that is its end.
    pub(super) fn land(mut self: Box<Self>, done: &mut Done<'_>) {
        let body = self.unload();
        match Landed::of(&self.producer, done) {
            Some(landed) => {
                landed.add(&mut self.room, body);
                self.producer.0 = None;
                landed.add_spare(Spare(self));
            }
            None => self.leave(),
        }
    }

    fn take_outcome(&mut self) -> Result<SendResult, Error> {
        match std::mem::replace(&mut self.ending, Ending::Open) {
            Ending::Stored => Ok(self.result.take()),
            Ending::Failed(error) => Err(error),
            Ending::Open => Err(Error::new(ErrorKind::Internal, "the send has not ended")),
        }
    }
}

/// What the sends of one producer give back that end together.
#[derive(Default)]
struct Landed {
    producer: Option<Arc<Producer>>,
    ended: Ended<Spare>,
}

impl Landed {
    /// Where to put what a send of `producer` gives back.
    fn of<'a>(producer: &Arc<Producer>, done: &'a mut Done<'_>) -> Option<&'a mut Ended<Spare>> {
        let landed: &mut Self = done.landing()?;
        if !landed.producer.as_ref().is_some_and(|present| Arc::ptr_eq(present, producer)) {
            landed.settle();
            landed.producer = Some(Arc::clone(producer));
        }
        Some(&mut landed.ended)
    }
}

impl Landing for Landed {
    fn settle(&mut self) {
        if let Some(producer) = self.producer.take()
            && !self.ended.is_empty()
        {
            producer.budget.end_all(&mut self.ended);
        }
    }
}

/// Also when a panic keeps it from being settled.
impl Drop for Landed {
    fn drop(&mut self) {
        self.settle();
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
        self.leave();
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
        if matches!(completion, Completion::None) {
            return producer.budget.end(room, None, Vec::new());
        }
        let kind = producer.kind_when_dropped();
        let instance = producer.instance();
        if let (ErrorKind::Internal, Some(instance)) = (kind, &instance) {
            instance.fail();
        }
        let fate = if self.attempts > 0 { Outcome::Unknown } else { self.fate };
        let error = Error::new(kind, format!("the send to {} was given up", self.result.topic))
            .with_outcome(fate)
            .with_send(self.result.id.as_str(), self.attempts);
        producer.budget.end_in_flight(&mut room, Vec::new());
        match completion {
            Completion::Wait(tell) => {
                producer.budget.end(room, None, Vec::new());
                let _ = tell.send(Err(error));
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
