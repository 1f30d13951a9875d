//! What a connection has read and not worked off.

use std::io;

use protocol::frame::FRAME_BYTES_MAX;

const READ_BYTES_MIN: usize = 16 * 1024;
/// Grown to by reads that fill the buffer; larger only for a frame that needs it.
const READ_BYTES_USUAL: usize = 128 * 1024;

/// Bytes read and not yet worked off.
#[derive(Default)]
pub(crate) struct ReadBuf {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReadBuf {
    /// What is there.
    pub(crate) fn filled(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Counts `count` bytes as worked off.
    pub(crate) const fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Room to read into, behind what is there.
    pub(crate) fn room(&mut self) -> io::Result<&mut [u8]> {
        self.make_room()?;
        Ok(self.buffer.get_mut(self.end..).unwrap_or_default())
    }

    /// Counts `count` bytes as read. A read that filled the buffer makes it larger.
    pub(crate) fn filled_by(&mut self, count: usize) -> io::Result<()> {
        self.end += count;
        if self.end == self.buffer.len() && self.buffer.len() < READ_BYTES_USUAL {
            self.grow(self.buffer.len() * 2)?;
        }
        Ok(())
    }

    /// Adds what another read.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let (now, later) = bytes.split_at(bytes.len().min(room.len()));
            room.iter_mut().zip(now).for_each(|(place, byte)| *place = *byte);
            bytes = later;
            self.filled_by(now.len())?;
        }
        Ok(())
    }

    /// Moves a part of a frame to the front, or grows when the frame needs more than there is.
    fn make_room(&mut self) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end < self.buffer.len() {
            return Ok(());
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            return Ok(());
        }
        self.grow((self.buffer.len() * 2).clamp(READ_BYTES_MIN, FRAME_BYTES_MAX))
    }

    fn grow(&mut self, bytes: usize) -> io::Result<()> {
        let more = bytes.saturating_sub(self.buffer.len());
        self.buffer.try_reserve_exact(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        self.buffer.resize(bytes, 0);
        Ok(())
    }
}
