//! What the application gets back, and how: results, callbacks, queue lists.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::time::Duration;

use protocol::message::id::UniqueId;
use tokio::sync::oneshot;

pub use protocol::codes::SendStatus;

use crate::error::Error;
use crate::producer::completion_queue::CompletionQueue;
use crate::producer::flight::Members;
use crate::text::{ShortText, Text};

/// A stored message, as the broker answered. First what is known when it is sent, then what the answer says: each part
/// is written on another thread.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct SendResult {
    /// The id that the producer gave it; of a batch the first.
    pub(crate) id: UniqueId,
    /// Of a batch all ids, the first too.
    pub(crate) ids: Option<Arc<Vec<UniqueId>>>,
    /// The topic.
    pub topic: ShortText,
    /// Name of the broker.
    pub broker: Text,
    /// Queue on that broker.
    pub queue_id: i32,
    /// How it was stored.
    pub status: SendStatus,
    /// Attempts made, the one that succeeded included.
    pub attempts: u32,
    /// Position in the queue, of a batch the first's, which the others follow; in the system's own topic for delayed
    /// messages.
    pub queue_offset: i64,
    /// From the call until the answer.
    pub latency: Duration,
    /// What takes it back, of a message with a timer; empty otherwise.
    pub recall_handle: Text,
    /// The broker's own id: where it lies; of a batch the first's.
    pub offset_id: ShortText,
    /// The broker's transaction id, empty if it gave none.
    pub transaction_id: ShortText,
}

impl SendResult {
    /// Of a send that begins.
    pub(crate) const fn begun(id: UniqueId) -> Self {
        Self {
            id,
            ids: None,
            topic: ShortText::EMPTY,
            broker: Text::EMPTY,
            queue_id: -1,
            status: SendStatus::Ok,
            attempts: 0,
            queue_offset: -1,
            latency: Duration::ZERO,
            recall_handle: Text::EMPTY,
            offset_id: ShortText::EMPTY,
            transaction_id: ShortText::EMPTY,
        }
    }

    /// Leaves one of a send that begins.
    pub const fn take(&mut self) -> Self {
        std::mem::replace(self, Self::begun(self.id))
    }

    /// Messages that it stands for.
    pub fn count(&self) -> usize {
        self.ids.as_ref().map_or(1, |ids| ids.len())
    }

    /// The unique id of the message at `index`.
    pub fn message_id_at(&self, index: usize) -> Option<&CStr> {
        match &self.ids {
            None => (index == 0).then(|| self.message_id()),
            Some(ids) => ids.get(index).map(UniqueId::as_c_str),
        }
    }

    /// The unique id, the same in all attempts; of a batch the first.
    pub fn message_id(&self) -> &CStr {
        self.id.as_c_str()
    }

    /// The same.
    pub fn message_id_str(&self) -> &str {
        self.id.as_str()
    }
}

/// How a send ended.
pub type End<'a> = Result<&'a SendResult, &'a Error>;

/// What to call when a send has ended: once, on a callback thread.
pub struct Callback(Call);

/// Two pointers of the caller's, handed back and never looked at.
pub type Context = [AtomicPtr<()>; 2];

enum Call {
    Boxed(Box<dyn FnOnce(End<'_>) + Send>),
    /// Allocates nothing.
    Plain(fn(End<'_>, Context), Context),
}

impl Callback {
    /// Calls `function` with the result or the error.
    pub fn new(function: impl FnOnce(End<'_>) + Send + 'static) -> Self {
        Self(Call::Boxed(Box::new(function)))
    }

    /// Calls `function` with the result or the error, and with `context`.
    pub const fn plain(function: fn(End<'_>, Context), context: Context) -> Self {
        Self(Call::Plain(function, context))
    }

    pub(crate) fn call(self, end: End<'_>) {
        match self.0 {
            Call::Boxed(function) => function(end),
            Call::Plain(function, context) => function(end, context),
        }
    }
}

/// How a send ends. Consumed once.
pub(crate) enum Completion {
    /// Somebody waits.
    Wait(oneshot::Sender<Result<SendResult, Error>>),
    /// Somebody waits, and reads the answer himself if nobody else does.
    Listen(oneshot::Sender<Result<SendResult, Error>>),
    /// A callback runs.
    Callback(Callback),
    /// An event with this tag lies in a queue.
    Queue(Arc<CompletionQueue>, u64),
    /// Each of these ends as the send that carries them.
    Members(Members),
    /// Nobody is told.
    None,
}

impl Completion {
    /// Whether a thread waits for it and does nothing else.
    pub(crate) const fn is_awaited(&self) -> bool {
        matches!(self, Self::Wait(_) | Self::Listen(_))
    }

    /// Whether the application is told later, for which there must be room.
    pub(crate) const fn is_told_later(&self) -> bool {
        matches!(self, Self::Callback(_) | Self::Queue(..))
    }
}

/// The writable queues of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueList(pub(crate) Vec<(Text, i32)>);

impl QueueList {
    /// How many.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The queue at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<&(Text, i32)> {
        self.0.get(index)
    }

    /// Name of the broker of the queue at `index`.
    pub fn broker(&self, index: usize) -> Option<&Text> {
        self.0.get(index).map(|(broker, _)| broker)
    }

    /// Number on its broker of the queue at `index`.
    pub fn queue_id(&self, index: usize) -> Option<i32> {
        self.0.get(index).map(|(_, id)| *id)
    }
}
