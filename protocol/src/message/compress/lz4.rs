//! LZ4: frames as `LZ4_Frame_format.md` 1.6.4 describes them, written as lz4-java's `LZ4FrameOutputStream` does.
//!
//! The frames are ours, the blocks in them the library's: its own frames make their room without asking, and a host
//! must not be aborted because there was none.

use super::fitted;
use crate::{DecodeError, EncodeError};
use lz4_flex::block;
use lz4_flex::block::DecompressError;
use twox_hash::XxHash32;

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];

/// Bits of the first byte of a frame's descriptor.
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION: u8 = 0b0100_0000;
const INDEPENDENT_BLOCKS: u8 = 0b0010_0000;
const BLOCK_CHECKSUMS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECKSUM: u8 = 0b0000_0100;
/// Reserved, and the id of a dictionary, which no RocketMQ client has.
const REFUSED: u8 = 0b0000_0011;

/// Bit of a block's length: the block is not compressed.
const STORED: u32 = 1 << 31;

/// How far back a block may refer.
const HISTORY_BYTES: usize = 64 << 10;

/// The most that a byte of a block stands for.
const EXPANSION_MAX: usize = 255;

/// Compresses `body` into one frame.
pub(super) fn compress(body: &[u8]) -> Result<Vec<u8>, EncodeError> {
    // The smallest that holds the body: readers make room for a whole block.
    let code = (4..7).find(|code| block_bytes(*code) >= body.len()).unwrap_or(7);
    let mut out = Vec::new();
    let descriptor = [VERSION | INDEPENDENT_BLOCKS, code << 4];
    push(&mut out, &MAGIC)?;
    push(&mut out, &descriptor)?;
    push(&mut out, &[descriptor_checksum(&descriptor)])?;
    for block in body.chunks(block_bytes(code)) {
        append_block(&mut out, block)?;
    }
    push(&mut out, &[0; 4])?;
    Ok(fitted(out))
}

/// Appends one block, as it is if it does not shrink.
fn append_block(out: &mut Vec<u8>, block: &[u8]) -> Result<(), EncodeError> {
    let start = out.len();
    let data = start + size_of::<u32>();
    let room = size_of::<u32>() + block::get_maximum_output_size(block.len());
    out.try_reserve(room).map_err(|_| EncodeError::OutOfMemory)?;
    out.resize(start + room, 0);
    let compressed = block::compress_into(block, out.get_mut(data..).unwrap_or_default());
    let length = match compressed {
        Ok(bytes) if bytes < block.len() => {
            out.truncate(data + bytes);
            word(bytes)
        }
        _ => {
            out.truncate(data);
            out.extend_from_slice(block);
            word(block.len()) | STORED
        }
    };
    if let Some(slot) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *slot = length.to_le_bytes();
    }
    Ok(())
}

/// The length of a block, which 4 MiB are the most of.
fn word(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or_default()
}

fn push(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
    out.try_reserve(bytes.len()).map_err(|_| EncodeError::OutOfMemory)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Decompresses all frames.
pub(super) fn decompress(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader { rest: body, out: Vec::new(), bytes_max };
    loop {
        match reader.take()? {
            MAGIC => reader.frame()?,
            // What readers skip.
            [0x50..=0x5F, 0x2A, 0x4D, 0x18] => {
                let bytes = u32::from_le_bytes(reader.take()?);
                reader.take_bytes(usize::try_from(bytes).unwrap_or(usize::MAX))?;
            }
            _ => return Err(DecodeError::Compression),
        }
        if reader.rest.is_empty() {
            return Ok(fitted(reader.out));
        }
    }
}

/// The body that is read, and what came out of it.
struct Reader<'a> {
    rest: &'a [u8],
    out: Vec<u8>,
    bytes_max: usize,
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Compression)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn take_bytes(&mut self, bytes: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(DecodeError::Compression)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Checks the four bytes that come next.
    fn check(&mut self, content: &[u8]) -> Result<(), DecodeError> {
        let sum = u32::from_le_bytes(self.take()?);
        if sum == XxHash32::oneshot(0, content) { Ok(()) } else { Err(DecodeError::Compression) }
    }

    /// Reads a frame behind its magic number.
    fn frame(&mut self) -> Result<(), DecodeError> {
        let descriptor = self.rest;
        let [flags, sizes] = self.take()?;
        let content_bytes =
            if flags & CONTENT_SIZE == 0 { None } else { Some(u64::from_le_bytes(self.take()?)) };
        let descriptor = descriptor.get(..descriptor.len() - self.rest.len()).unwrap_or_default();
        let [checksum] = self.take()?;
        let known = flags & VERSION_MASK == VERSION
            && flags & REFUSED == 0
            && matches!(sizes, 0x40 | 0x50 | 0x60 | 0x70);
        if !known || checksum != descriptor_checksum(descriptor) {
            return Err(DecodeError::Compression);
        }
        let start = self.out.len();
        while let length @ 1.. = u32::from_le_bytes(self.take()?) {
            let bytes = usize::try_from(length & !STORED).unwrap_or(usize::MAX);
            if bytes > block_bytes(sizes >> 4) {
                return Err(DecodeError::Compression);
            }
            let block = self.take_bytes(bytes)?;
            if flags & BLOCK_CHECKSUMS != 0 {
                self.check(block)?;
            }
            if length & STORED != 0 {
                self.store(block)?;
            } else {
                let history = if flags & INDEPENDENT_BLOCKS == 0 { start } else { self.out.len() };
                self.unpack(block, history, block_bytes(sizes >> 4))?;
            }
        }
        let content = std::mem::take(&mut self.out);
        let of_frame = content.get(start..).unwrap_or_default();
        let complete = content_bytes.is_none_or(|bytes| u64::try_from(of_frame.len()) == Ok(bytes));
        if flags & CONTENT_CHECKSUM != 0 {
            self.check(of_frame)?;
        }
        self.out = content;
        if complete { Ok(()) } else { Err(DecodeError::Compression) }
    }

    /// Appends a block as it is.
    fn store(&mut self, block: &[u8]) -> Result<(), DecodeError> {
        if block.len() > self.bytes_max - self.out.len() {
            return Err(DecodeError::BodyTooLong { bytes_max: self.bytes_max });
        }
        self.out.try_reserve(block.len()).map_err(|_| DecodeError::OutOfMemory)?;
        self.out.extend_from_slice(block);
        Ok(())
    }

    /// Appends what is in a block, which may refer to the output from `history` on.
    fn unpack(&mut self, block: &[u8], history: usize, bytes_max: usize) -> Result<(), DecodeError> {
        let start = self.out.len();
        let wanted = block.len().saturating_mul(EXPANSION_MAX).min(bytes_max);
        // One byte over the limit is enough to know.
        let room = wanted.min((self.bytes_max - start).saturating_add(1));
        self.out.try_reserve(room).map_err(|_| DecodeError::OutOfMemory)?;
        self.out.resize(start + room, 0);
        let (before, fresh) = self.out.split_at_mut(start);
        let history = before.get(history.max(start.saturating_sub(HISTORY_BYTES))..).unwrap_or_default();
        let unpacked = match block::decompress_into_with_dict(block, fresh, history) {
            Ok(bytes) => bytes,
            Err(DecompressError::OutputTooSmall { .. }) if room < wanted => room,
            Err(_) => return Err(DecodeError::Compression),
        };
        if unpacked > self.bytes_max - start {
            return Err(DecodeError::BodyTooLong { bytes_max: self.bytes_max });
        }
        self.out.truncate(start + unpacked);
        Ok(())
    }
}

/// The most that a block holds, by the code for it, from 4 to 7.
const fn block_bytes(code: u8) -> usize {
    1 << (8 + 2 * code)
}

fn descriptor_checksum(descriptor: &[u8]) -> u8 {
    let [_, _, checksum, _] = XxHash32::oneshot(0, descriptor).to_be_bytes();
    checksum
}

#[cfg(test)]
mod tests;
