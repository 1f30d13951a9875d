//! A message as a broker kept it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use protocol::frame::HeaderFormat;
use protocol::message::compress::{self, Codec};
use protocol::message::properties;

/// Nothing that was sent in one frame unpacks to more than this in a sane test.
const UNPACKED_BYTES_MAX: usize = 256 << 20;

/// A message as a broker kept it, and how it came in.
#[derive(Debug)]
pub struct Stored {
    /// Topic, as sent.
    pub topic: String,
    /// Number of the broker.
    pub broker: usize,
    /// Name of the broker.
    pub broker_name: String,
    /// Queue it was put into.
    pub queue_id: i32,
    /// Place in that queue, from 0.
    pub queue_offset: i64,
    /// Property `UNIQ_KEY`; empty when the sender gave none.
    pub unique_id: String,
    /// Id the broker gave: its address and the commit-log offset.
    pub offset_id: String,
    /// Property `TAGS`; empty when absent.
    pub tags: String,
    /// Property `KEYS`; empty when absent.
    pub keys: String,
    /// All properties as they came over the wire; behind those of a batch's message, from 5.0.0 on, the batch's own.
    pub properties: String,
    /// Body as it came over the wire, perhaps compressed.
    pub body: Bytes,
    /// The user's flag.
    pub flag: i32,
    /// sysFlag as sent.
    pub sys_flag: i32,
    /// Born time as sent, milliseconds since 1970.
    pub born_ms: i64,
    /// Producer group.
    pub group: String,
    /// Reconsume times as sent.
    pub reconsume_times: i32,
    /// Its place in the batch it came in, from 0; `None` when it came alone.
    pub batch_index: Option<usize>,
    /// When it is to be delivered, in milliseconds since 1970, by its delay level or timer; `None` at once. Nothing
    /// happens then: the message is in its queue from the beginning, and whoever looks decides by the time it has.
    /// Relative times count from the born time.
    pub due_ms: Option<i64>,
    /// Request code: 310, 10 or, for a batch, 320.
    pub code: i32,
    /// Opaque of the request.
    pub opaque: i32,
    /// Format of the request's header.
    pub format: HeaderFormat,
    /// Whether no answer was wanted.
    pub oneway: bool,
    /// Number of the connection, counted over the whole cluster from 1.
    pub connection: u64,
    /// When it came in, since the cluster was made.
    pub at: Duration,
    pub(crate) recalled: AtomicBool,
    pub(crate) unpacked: OnceLock<Option<Bytes>>,
}

impl Stored {
    /// A property by name; `None` when absent.
    pub fn property(&self, name: &str) -> Option<&str> {
        properties::get(&self.properties, name)
    }

    /// Whether it was taken back.
    pub fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::Acquire)
    }

    /// Whether it waits for its time, at `now_ms` since 1970.
    pub fn is_pending(&self, now_ms: i64) -> bool {
        !self.is_recalled() && self.due_ms.is_some_and(|due_ms| due_ms > now_ms)
    }

    /// Whether a consumer would have it, at `now_ms` since 1970.
    pub fn is_delivered(&self, now_ms: i64) -> bool {
        !self.is_recalled() && !self.is_pending(now_ms)
    }

    /// The body as the sender gave it: decompressed when sysFlag says so. `None` when it cannot be unpacked.
    pub fn unpacked_body(&self) -> Option<&[u8]> {
        self.unpacked.get_or_init(|| self.unpack()).as_deref()
    }

    fn unpack(&self) -> Option<Bytes> {
        match Codec::of_sys_flag(self.sys_flag).ok()? {
            None => Some(self.body.clone()),
            Some(codec) => compress::decompress(codec, &self.body, UNPACKED_BYTES_MAX).ok().map(Bytes::from),
        }
    }
}
