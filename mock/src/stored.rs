//! A message as a broker kept it.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use protocol::frame::HeaderFormat;
use protocol::message::{compress, flags, properties};

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
    /// All properties as they came over the wire.
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
    /// Request code: 310 or 10.
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
    pub(crate) unpacked: OnceLock<Option<Bytes>>,
}

impl Stored {
    /// A property by name; `None` when absent.
    pub fn property(&self, name: &str) -> Option<&str> {
        properties::get(&self.properties, name)
    }

    /// The body as the sender gave it: inflated when sysFlag says so. `None` when it cannot be unpacked; LZ4 and ZSTD
    /// are not known here.
    pub fn unpacked_body(&self) -> Option<&[u8]> {
        self.unpacked.get_or_init(|| self.unpack()).as_deref()
    }

    fn unpack(&self) -> Option<Bytes> {
        if self.sys_flag & flags::COMPRESSED == 0 {
            return Some(self.body.clone());
        }
        match self.sys_flag & flags::COMPRESSION_MASK {
            // Clients before 4.9.4 do not name the kind.
            0 | flags::ZLIB => compress::inflate(&self.body, UNPACKED_BYTES_MAX).ok().map(Bytes::from),
            _ => None,
        }
    }
}
