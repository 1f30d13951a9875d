//! Frames: how commands lie in a byte stream.
//!
//! ```text
//! 0      4   i32  length of all that follows
//! 4      1   u8   header format: 0 JSON, 1 RocketMQ's binary form
//! 5      3   u24  header length
//! 8      …        header, then body
//! ```
//!
//! Mirrors `RemotingCommand` and `NettyDecoder` of Apache RocketMQ. What the header says is [`crate::command`]'s.

use crate::{DecodeError, EncodeError};

/// The longest frame a RocketMQ server takes (`NettyDecoder`), its 4-byte prefix included.
pub const FRAME_BYTES_MAX: usize = 16_777_216;

/// Length word, format byte and header length.
pub(crate) const PREFIX_BYTES: usize = 8;
const LENGTH_BYTES: usize = 4;
const HEADER_BYTES_MAX: usize = 0x00FF_FFFF;

/// How a header is written. Each frame names its own: an answer may come in another format than its request had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderFormat {
    /// One JSON object. Every peer reads it.
    #[default]
    Json,
    /// RocketMQ's own binary form.
    RocketMq,
}

impl HeaderFormat {
    const fn byte(self) -> u8 {
        match self {
            Self::Json => 0,
            Self::RocketMq => 1,
        }
    }
}

/// One frame, still in the buffer it was read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// How `header` is written.
    pub format: HeaderFormat,
    /// The header's bytes.
    pub header: &'a [u8],
    /// The body's bytes, often none.
    pub body: &'a [u8],
    /// Bytes of the whole frame, its prefix included: what to drop from the buffer afterwards.
    pub len: usize,
}

/// Looks for one frame at the start of `input`. `Ok(None)` asks for more bytes; an error is fatal for the stream,
/// since nobody knows where the next frame would start. Lengths are judged as soon as they are there, so a hostile
/// one costs no memory.
pub fn decode(input: &[u8], bytes_max: usize) -> Result<Option<Frame<'_>>, DecodeError> {
    let Some((length, rest)) = input.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
    let length = i32::from_be_bytes(*length);
    let bytes = usize::try_from(length).ok().filter(|bytes| *bytes >= LENGTH_BYTES);
    let Some(bytes) = bytes else { return Err(DecodeError::FrameLength { length }) };
    let len = bytes.saturating_add(LENGTH_BYTES);
    if len > bytes_max {
        return Err(DecodeError::FrameTooLong { bytes: len, bytes_max });
    }
    let Some((head, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
    let [format, high, middle, low] = *head;
    let format = match format {
        0 => HeaderFormat::Json,
        1 => HeaderFormat::RocketMq,
        other => return Err(DecodeError::HeaderFormat(other)),
    };
    let header_bytes = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    if header_bytes > bytes - LENGTH_BYTES {
        return Err(DecodeError::HeaderLength { bytes: header_bytes });
    }
    let Some((header, body)) =
        rest.get(..bytes - LENGTH_BYTES).and_then(|content| content.split_at_checked(header_bytes))
    else {
        return Ok(None);
    };
    Ok(Some(Frame { format, header, body, len }))
}

/// Starts a frame at the end of `out` and returns where. The header follows, then [`end`].
pub fn begin(out: &mut Vec<u8>, format: HeaderFormat) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, format.byte(), 0, 0, 0]);
    start
}

/// Ends the header that [`begin`] started at `start` and fills in the lengths, `body_len` bytes of body to come
/// included. On an error the begun frame is taken out of `out` again.
pub fn end(out: &mut Vec<u8>, start: usize, body_len: usize) -> Result<(), EncodeError> {
    let header_bytes = out.len().saturating_sub(start).saturating_sub(PREFIX_BYTES);
    let bytes = header_bytes.saturating_add(body_len).saturating_add(LENGTH_BYTES);
    let bytes_max = FRAME_BYTES_MAX;
    let too_long = header_bytes > HEADER_BYTES_MAX || bytes > bytes_max - LENGTH_BYTES;
    let (Ok(bytes), Ok(header_bytes), false) = (u32::try_from(bytes), u32::try_from(header_bytes), too_long)
    else {
        out.truncate(start);
        return Err(EncodeError::FrameTooLong { bytes_max });
    };
    let prefix = out.get_mut(start..).and_then(|frame| frame.first_chunk_mut::<PREFIX_BYTES>());
    if let Some([l0, l1, l2, l3, _, h0, h1, h2]) = prefix {
        [*l0, *l1, *l2, *l3] = bytes.to_be_bytes();
        [_, *h0, *h1, *h2] = header_bytes.to_be_bytes();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
