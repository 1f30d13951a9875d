//! What a caller may ask of a single send.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::producer::{Message, QueueList};
use crate::text::Text;

/// How long a call may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timeout {
    /// `send.timeout.ms`.
    #[default]
    Default,
    /// No limit of the whole; each attempt still has one.
    Forever,
    /// This long; zero does not wait.
    After(Duration),
}

/// Chooses a queue: an index into the list; -1 gives the send up.
#[derive(Clone)]
pub struct Selector(Arc<Select>);

type Select = dyn Fn(&QueueList, &Message) -> i32 + Send + Sync;

impl Selector {
    /// Asks `select`, on the sender's thread.
    pub fn new(select: impl Fn(&QueueList, &Message) -> i32 + Send + Sync + 'static) -> Self {
        Self(Arc::new(select))
    }

    pub(crate) fn select(&self, queues: &QueueList, message: &Message) -> i32 {
        (self.0)(queues, message)
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Selector")
    }
}

/// What a caller may ask of a single send.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Limit of all attempts together.
    pub timeout: Timeout,
    /// Asynchronous and one-way sends wait for room in flight.
    pub block: bool,
    /// One attempt only.
    pub no_retry: bool,
    /// Broker name and queue id.
    pub queue: Option<(Text, i32)>,
    /// Without a queue: asked once for each send.
    pub selector: Option<Selector>,
}

impl SendOptions {
    /// Whether the selector chooses the queue.
    pub(crate) const fn asks_selector(&self) -> bool {
        self.queue.is_none() && self.selector.is_some()
    }
}
