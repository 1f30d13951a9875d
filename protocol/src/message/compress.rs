//! Compression of bodies. zlib is the one kind that every consumer can read; the others need consumers from 4.9.4 on
//! (`CompressorFactory`).
//!
//! What compresses makes room for its output before, what decompresses lets memory grow with the output and stops at the
//! caller's limit: a small body that claims to be huge costs no more than the limit allows.

mod lz4;
mod zlib;
mod zstd;

pub use zlib::{LEVEL_MAX, deflate, inflate};

use super::flags;
use crate::{DecodeError, EncodeError};
use std::fmt;
use std::ops::RangeInclusive;

/// How much room is made at least when the output is full.
const ROOM_BYTES_MIN: usize = 1024;
/// What a compressor keeps of zstd's memory at most.
const KEPT_BYTES_MAX: usize = 2 << 20;

/// How a body is compressed (`CompressionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// One zlib stream.
    Zlib,
    /// An LZ4 frame, the quickest.
    Lz4,
    /// A zstd frame.
    Zstd,
}

impl Codec {
    /// The bits of a message's `sysFlag` that say that the body is compressed, and how.
    #[must_use]
    pub const fn sys_flag(self) -> i32 {
        flags::COMPRESSED
            | match self {
                Self::Zlib => flags::ZLIB,
                Self::Lz4 => flags::LZ4,
                Self::Zstd => flags::ZSTD,
            }
    }

    /// How the body of a message with this `sysFlag` is compressed; `None` if it is not. Clients before 4.9.4 do not name
    /// the kind and mean zlib.
    pub const fn of_sys_flag(sys_flag: i32) -> Result<Option<Self>, DecodeError> {
        if sys_flag & flags::COMPRESSED == 0 {
            return Ok(None);
        }
        match sys_flag & flags::COMPRESSION_MASK {
            0 | flags::ZLIB => Ok(Some(Self::Zlib)),
            flags::LZ4 => Ok(Some(Self::Lz4)),
            flags::ZSTD => Ok(Some(Self::Zstd)),
            _ => Err(DecodeError::Codec(sys_flag)),
        }
    }

    /// The levels from the quickest to the strongest. LZ4 has no levels and takes any.
    #[must_use]
    pub const fn levels(self) -> RangeInclusive<u32> {
        match self {
            Self::Zlib => 0..=LEVEL_MAX,
            Self::Lz4 => 0..=u32::MAX,
            Self::Zstd => zstd::LEVELS,
        }
    }
}

/// Compresses `body`. A `level` out of [`Codec::levels`] counts as the next one in it. The output may be longer than
/// `body`.
pub fn compress(codec: Codec, body: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
    Compressor::default().compress(codec, body, level)
}

/// Compresses one body after the other with memory that it keeps, whose making costs as much as compressing a small body.
#[derive(Default)]
pub struct Compressor {
    zlib: Option<zlib::Deflater>,
    zstd: Option<zstd::Compressor>,
}

impl Compressor {
    /// As [`compress`], to the same bytes.
    pub fn compress(&mut self, codec: Codec, body: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
        match codec {
            Codec::Zlib => {
                let kept = self.zlib.take().filter(|kept| kept.has(level));
                self.zlib.insert(kept.unwrap_or_else(|| zlib::Deflater::new(level))).deflate(body)
            }
            Codec::Lz4 => lz4::compress(body),
            Codec::Zstd => {
                let mut zstd = self.zstd.take().map_or_else(zstd::Compressor::new, Ok)?;
                let compressed = zstd.compress(body, level);
                // High levels and large bodies take many megabytes.
                self.zstd = Some(zstd).filter(|zstd| zstd.bytes() <= KEPT_BYTES_MAX);
                compressed
            }
        }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

/// Decompresses `body` to at most `bytes_max` bytes. LZ4 and zstd take several frames, one behind the other, and nothing
/// else behind them; bytes behind a zlib stream are ignored. Java does the same.
pub fn decompress(codec: Codec, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    match codec {
        Codec::Zlib => inflate(body, bytes_max),
        Codec::Lz4 => lz4::decompress(body, bytes_max),
        Codec::Zstd => zstd::decompress(body, bytes_max),
    }
}

/// The same bytes without the room that was made and not needed, if there is memory for that.
fn fitted(bytes: Vec<u8>) -> Vec<u8> {
    if bytes.capacity() - bytes.len() <= ROOM_BYTES_MIN {
        return bytes;
    }
    let mut fitted = Vec::new();
    if fitted.try_reserve_exact(bytes.len()).is_err() {
        return bytes;
    }
    fitted.extend_from_slice(&bytes);
    fitted
}

#[cfg(test)]
mod tests;
