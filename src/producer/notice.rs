//! Events that are no sends: the ends of flushes and shutdowns, failures of sends that were lost, log lines.

use std::sync::Arc;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::producer::budget::{Full, Room};
use crate::producer::completion_queue::{CompletionQueue, Entry, Event, Line, What};
use crate::producer::{Producer, State};
use crate::runtime::{self, Jobs};

/// An event on its way, with the room that it holds.
pub(crate) struct Notice {
    event: Event<'static>,
    held: Option<(Arc<Producer>, Room)>,
}

impl Notice {
    pub(super) const fn of_line(tag: u64, line: Line) -> Self {
        Self { event: Event { tag, what: What::Line(line) }, held: None }
    }

    pub(super) fn producer(&self) -> Option<&Producer> {
        self.held.as_ref().map(|(producer, _)| &**producer)
    }

    /// What it tells, and the room that comes back.
    pub(super) fn open(self) -> (Event<'static>, Option<(Arc<Producer>, Room)>) {
        (self.event, self.held)
    }
}

/// An event that is due: told once, also when the task that was to tell it is dropped.
pub(super) struct Due {
    producer: Arc<Producer>,
    queue: Arc<CompletionQueue>,
    tag: u64,
    what: fn(Result<(), Error>) -> What<'static>,
    /// What it tells when it is dropped.
    otherwise: fn(&Producer) -> Result<(), Error>,
    room: Option<Room>,
}

impl Due {
    fn tell(mut self, end: Result<(), Error>) {
        let room = self.room.take();
        self.put((self.what)(end), room);
    }

    fn put(&self, what: What<'static>, room: Option<Room>) {
        put(&self.producer, &self.queue, Event { tag: self.tag, what }, room);
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        if let Some(room) = self.room.take() {
            self.put((self.what)((self.otherwise)(&self.producer)), Some(room));
        }
    }
}

/// Puts an event into a queue, from any thread.
pub(super) fn put(
    producer: &Arc<Producer>,
    queue: &Arc<CompletionQueue>,
    event: Event<'static>,
    room: Option<Room>,
) {
    let held = room.map(|room| (Arc::clone(producer), room));
    let mut jobs = Jobs::new();
    queue.push(&mut vec![Entry::Notice(Box::new(Notice { event, held }))], &mut jobs);
    if jobs.is_empty() {
        return;
    }
    match producer.dispatcher() {
        Some(dispatcher) => dispatcher.hand_over(0, &mut jobs),
        // A producer that never started: the application's function still wants a thread of the library.
        None => match runtime::start() {
            Ok(running) => running.hand_over(0, &mut jobs),
            Err(error) => log::error!("nobody is there to wake the application: {error}"),
        },
    }
}

impl Producer {
    /// As [`Self::flush`], without waiting: its end is an event of `queue`.
    pub fn flush_to(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        (queue, tag): (&Arc<CompletionQueue>, u64),
    ) -> Result<(), Error> {
        self.check_running()?;
        let Some(instance) = self.instance() else { return Err(self.wrong_state()) };
        let room = self.budget.take_completion().map_err(|full: Full| self.no_room(full))?;
        let due = self.due((queue, tag), What::Flushed, room, |producer| {
            Err(Error::new(producer.kind_when_dropped(), "the flush was given up"))
        });
        // Fixed here: sends that are accepted from now on are not waited for.
        let epoch = self.begin_flush();
        let producer = Arc::clone(self);
        instance.world().spawn(async move { due.tell(producer.flushed(deadline, epoch).await) });
        Ok(())
    }

    /// As [`Self::shutdown`], without waiting: its end is an event of `queue`.
    pub fn shutdown_to(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        (queue, tag): (&Arc<CompletionQueue>, u64),
    ) {
        // It holds no room: a shutdown is never refused.
        let due = self.due((queue, tag), What::Closed, Room::default(), Self::closed_so_far);
        let Some(instance) = self.instance() else {
            // It has not started, or it has ended.
            self.abandon();
            return due.tell(Ok(()));
        };
        let producer = Arc::clone(self);
        // Here, so that sends are refused when this returns.
        let closing = self.begin_close(deadline);
        instance.world().spawn(async move { due.tell(producer.closed(closing, deadline).await) });
    }

    /// How a shutdown stands that nobody waits for any more.
    fn closed_so_far(&self) -> Result<(), Error> {
        match self.state() {
            State::Closed => self.closed_how(),
            _ => Err(Error::new(ErrorKind::Timeout, "the shutdown was given up: call again")),
        }
    }

    fn due(
        self: &Arc<Self>,
        (queue, tag): (&Arc<CompletionQueue>, u64),
        what: fn(Result<(), Error>) -> What<'static>,
        room: Room,
        otherwise: fn(&Self) -> Result<(), Error>,
    ) -> Due {
        let (producer, queue) = (Arc::clone(self), Arc::clone(queue));
        Due { producer, queue, tag, what, otherwise, room: Some(room) }
    }
}
