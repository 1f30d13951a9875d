//! zlib: one stream of RFC 1950, as `java.util.zip.Deflater` makes it.

use super::ROOM_BYTES_MIN;
use crate::{DecodeError, EncodeError};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The strongest level.
pub const LEVEL_MAX: u32 = 9;

/// Compresses `body` into one zlib stream. A `level` above [`LEVEL_MAX`] counts as that.
pub fn deflate(body: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
    Deflater::new(level).deflate(body)
}

/// Compresses at one level. Its memory is a quarter of a megabyte; to make it costs as much as to compress 4 KiB.
pub(super) struct Deflater {
    level: u32,
    state: Compress,
}

impl Deflater {
    pub(super) fn new(level: u32) -> Self {
        let level = level.min(LEVEL_MAX);
        Self { level, state: Compress::new(Compression::new(level), true) }
    }

    /// Whether it is of `level`.
    pub(super) fn has(&self, level: u32) -> bool {
        self.level == level.min(LEVEL_MAX)
    }

    /// One stream, the same whatever it has compressed before.
    pub(super) fn deflate(&mut self, body: &[u8]) -> Result<Vec<u8>, EncodeError> {
        if self.state.total_in() + self.state.total_out() > 0 {
            self.state.reset();
        }
        let mut out = Vec::new();
        let mut rest = body;
        // Bodies worth compressing shrink; one that does not costs a second round.
        let mut room = body.len() / 2;
        loop {
            out.try_reserve(room.max(ROOM_BYTES_MIN)).map_err(|_| EncodeError::OutOfMemory)?;
            let before = self.state.total_in();
            // The only error there is says that a preset dictionary is wanted, which no compressor does.
            let status = self.state.compress_vec(rest, &mut out, FlushCompress::Finish);
            if matches!(status, Ok(Status::StreamEnd) | Err(_)) {
                return Ok(out);
            }
            rest = advance(rest, self.state.total_in() - before);
            room = out.len();
        }
    }
}

/// Decompresses one zlib stream to at most `bytes_max` bytes. Memory grows with the output and stops at the limit, so a
/// small body that claims to be huge costs no more than the limit allows. Bytes behind the stream are ignored, as Java
/// does.
pub fn inflate(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut state = Decompress::new(true);
    let mut out = Vec::new();
    let mut rest = body;
    let mut room = body.len().saturating_mul(4);
    loop {
        // One byte over the limit is enough to know.
        let room_max = bytes_max.saturating_add(1).saturating_sub(out.len());
        let room_now = room.max(ROOM_BYTES_MIN).min(room_max);
        out.try_reserve_exact(room_now).map_err(|_| DecodeError::OutOfMemory)?;
        let (bytes_in, bytes_out) = (state.total_in(), state.total_out());
        let status = state.decompress_vec(rest, &mut out, FlushDecompress::None);
        let status = status.map_err(|_| DecodeError::Compression)?;
        if out.len() > bytes_max {
            return Err(DecodeError::BodyTooLong { bytes_max });
        }
        if status == Status::StreamEnd {
            return Ok(out);
        }
        let stuck = state.total_in() == bytes_in && state.total_out() == bytes_out;
        if stuck && out.len() < out.capacity() {
            // Room and no progress: the stream is cut short.
            return Err(DecodeError::Compression);
        }
        rest = advance(rest, state.total_in() - bytes_in);
        room = out.len();
    }
}

fn advance(rest: &[u8], bytes: u64) -> &[u8] {
    usize::try_from(bytes).ok().and_then(|bytes| rest.get(bytes..)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
