//! One who waits for the answer to a request that he wrote himself, and reads it himself.

use std::sync::Arc;

use tokio::time::Instant;

use crate::client::broker::{Answer, Broker, Reply};
use crate::client::outbox::{Heard, OwnAnswer};
use crate::client::reconnect::done_for;
use crate::client::world::Ear;
use crate::runtime::lock;

/// Room for an answer; what is longer is the task's.
const ANSWER_BYTES_MAX: usize = 1024;

/// What it takes to listen.
pub(crate) struct Listening {
    pub(crate) broker: Arc<Broker>,
    pub(crate) ear: Arc<dyn Ear>,
    /// Of the request.
    pub(crate) opaque: i32,
    /// When the request ends without an answer.
    pub(crate) until: Option<Instant>,
}

impl Listening {
    /// Blocks until the request has ended on this thread, or its end is the task's.
    pub(crate) fn listen(&self) {
        let broker = &*self.broker;
        loop {
            let is_there = self.ear.wait(self.until);
            let mut room = [0; ANSWER_BYTES_MAX];
            let mut outbox = lock(&broker.outbox);
            let OwnAnswer { request, ahead, head, frame } =
                match outbox.hear(self.opaque, is_there, &mut room) {
                    Heard::Answer(answer) => answer,
                    Heard::Nothing => continue,
                    Heard::Over(waker) => {
                        drop(outbox);
                        if let Some(waker) = waker {
                            waker.wake();
                        }
                        return;
                    }
                };
            let at = broker.world.clock.now();
            let took = at.saturating_duration_since(ahead.at);
            // Under the lock: as long as the task has not taken back what it lent, it counts nothing.
            broker.traffic.add_exchange((ahead.bytes, frame.len), took);
            drop(outbox);
            let mut done = done_for(broker);
            return request.finish(Reply::Answer(&Answer { at, head, frame }), &mut done);
        }
    }
}
