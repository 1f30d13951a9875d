//! Compressors that senders use one after the other, each with a quarter of a megabyte or more.

use std::sync::Mutex;

use protocol::EncodeError;
use protocol::message::compress::Compressor;

use crate::producer::config::Compression;
use crate::runtime::lock;

/// Kept for the next bodies. More threads than that which compress at once make their own, as each did without.
const KEPT_MAX: usize = 4;

/// The compressors that nobody uses.
#[derive(Default)]
pub(crate) struct Packers(Mutex<Vec<Compressor>>);

impl Packers {
    /// Compresses `body`; nobody waits for anybody.
    pub(crate) fn pack(&self, compression: Compression, body: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let kept = lock(&self.0).pop();
        let mut compressor = kept.unwrap_or_default();
        let packed = compressor.compress(compression.codec, body, compression.level);
        let mut kept = lock(&self.0);
        if kept.len() < KEPT_MAX {
            kept.push(compressor);
        }
        packed
    }

    /// Lets go of all.
    pub(crate) fn clear(&self) {
        let kept = std::mem::take(&mut *lock(&self.0));
        drop(kept);
    }
}
