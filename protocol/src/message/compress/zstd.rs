//! zstd: frames of RFC 8878.

use super::{ROOM_BYTES_MIN, fitted};
use crate::{DecodeError, EncodeError};
use std::ops::RangeInclusive;
use zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd_safe::{CCtx, CParameter, DCtx};

/// Levels that trade strength for speed; zstd's negative ones are left out.
pub(super) const LEVELS: RangeInclusive<u32> = 1..=22;

/// Compresses with memory that it keeps.
pub(super) struct Compressor {
    context: CCtx<'static>,
}

impl Compressor {
    pub(super) fn new() -> Result<Self, EncodeError> {
        Ok(Self { context: CCtx::try_create().ok_or(EncodeError::OutOfMemory)? })
    }

    /// The memory that it holds, which grows with bodies and levels.
    pub(super) fn bytes(&self) -> usize {
        self.context.sizeof()
    }

    /// One frame, which says how long the body is; the same whatever it has compressed before.
    pub(super) fn compress(&mut self, body: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
        let level = i32::try_from(level.clamp(*LEVELS.start(), *LEVELS.end())).unwrap_or_default();
        let mut out = Vec::new();
        out.try_reserve_exact(zstd_safe::compress_bound(body.len())).map_err(|_| EncodeError::OutOfMemory)?;
        // With that much room and a level in range, only memory can be short.
        let compressed = self
            .context
            .set_parameter(CParameter::CompressionLevel(level))
            .and_then(|_| self.context.compress2(&mut out, body));
        compressed.map_err(|_| EncodeError::OutOfMemory)?;
        Ok(fitted(out))
    }
}

/// Decompresses all frames at once into one run of memory: that needs none for the window, which a frame of few bytes
/// may claim to be huge. How long the output gets is tried out, since a frame need not say it, and may lie.
pub(super) fn decompress(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    const TOO_SMALL: usize = error_code(ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall);
    const NO_MEMORY: usize = error_code(ZSTD_ErrorCode::ZSTD_error_memory_allocation);
    if body.is_empty() {
        return Err(DecodeError::Compression);
    }
    let mut context = DCtx::try_create().ok_or(DecodeError::OutOfMemory)?;
    // One byte over the limit is enough to know.
    let room_max = bytes_max.saturating_add(1);
    let mut room = body.len().saturating_mul(4).max(ROOM_BYTES_MIN);
    loop {
        let mut out = Vec::new();
        out.try_reserve_exact(room.min(room_max)).map_err(|_| DecodeError::OutOfMemory)?;
        match context.decompress(&mut out, body) {
            Ok(_) if out.len() > bytes_max => return Err(DecodeError::BodyTooLong { bytes_max }),
            Ok(_) => return Ok(fitted(out)),
            Err(TOO_SMALL) if room >= room_max => return Err(DecodeError::BodyTooLong { bytes_max }),
            // All attempts together cost a third more than the last one.
            Err(TOO_SMALL) => room = room.saturating_mul(4),
            Err(NO_MEMORY) => return Err(DecodeError::OutOfMemory),
            Err(_) => return Err(DecodeError::Compression),
        }
    }
}

/// What a function of zstd returns instead of a size.
const fn error_code(error: ZSTD_ErrorCode) -> usize {
    (error as usize).wrapping_neg()
}

#[cfg(test)]
mod tests;
