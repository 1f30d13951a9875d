//! What a connection is to write.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use protocol::EncodeError;

use crate::client::body::Body;

/// Slices for one write.
pub(crate) const SLICES_MAX: usize = 64;

/// Bytes to write: heads and small bodies in one buffer, shared bodies as pieces in between.
#[derive(Default)]
pub struct WriteBuf {
    bytes: Vec<u8>,
    /// Each stands before `bytes[at]`.
    pieces: VecDeque<Piece>,
    /// Bytes of `bytes` that were written.
    written: usize,
    /// Everything ever put in, pieces included, since the last [`Self::clear`].
    total: u64,
}

struct Piece {
    at: usize,
    body: Bytes,
}

impl WriteBuf {
    /// Puts one frame in: `head` writes prefix and header, `body` follows.
    pub fn frame(
        &mut self,
        body: &Body,
        head: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let before = self.bytes.len();
        head(&mut self.bytes).inspect_err(|_| self.bytes.truncate(before))?;
        if let Some(body) = body.shared() {
            self.pieces.push_back(Piece { at: self.bytes.len(), body: body.clone() });
            self.total += body.len() as u64;
        } else {
            self.bytes.extend_from_slice(body.as_slice());
        }
        self.total += (self.bytes.len() - before) as u64;
        Ok(())
    }

    /// Whether all was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.written == self.bytes.len()
    }

    /// All bytes put in since the last clear.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
        self.written = 0;
        self.total = 0;
    }

    /// The next bytes to write, as many pieces as fit; how many of `slices` are used.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut from = self.written;
        let mut used = 0;
        let mut out = slices.iter_mut();
        let mut put = |bytes: &'a [u8]| {
            if bytes.is_empty() {
                return true;
            }
            let Some(slot) = out.next() else { return false };
            *slot = IoSlice::new(bytes);
            used += 1;
            true
        };
        for piece in &self.pieces {
            if !put(self.bytes.get(from..piece.at).unwrap_or_default()) || !put(&piece.body) {
                return used;
            }
            from = piece.at;
        }
        put(self.bytes.get(from..).unwrap_or_default());
        used
    }

    /// Counts `count` bytes as written.
    pub(crate) fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                self.written = self.bytes.len().min(self.written + count);
                return;
            };
            let before = piece.at - self.written;
            if count < before {
                self.written += count;
                return;
            }
            self.written = piece.at;
            count -= before;
            let of_piece = count.min(piece.body.len());
            let _ = piece.body.split_to(of_piece);
            count -= of_piece;
            if piece.body.is_empty() {
                self.pieces.pop_front();
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::body::SHARED_BYTES_MIN;

    fn written(buffer: &mut WriteBuf, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !buffer.is_empty() {
            let mut slices = [IoSlice::new(&[]), IoSlice::new(&[]), IoSlice::new(&[])];
            let used = buffer.slices(&mut slices);
            let before = all.len();
            for slice in &slices[..used] {
                let count = slice.len().min(step - (all.len() - before));
                all.extend_from_slice(&slice[..count]);
            }
            let count = all.len() - before;
            assert!(count > 0, "something is left and nothing is offered");
            buffer.advance(count);
        }
        all
    }

    #[test]
    fn bytes_come_out_in_order_whatever_the_socket_takes() {
        let large = Body::from(vec![7; SHARED_BYTES_MIN]);
        let small = Body::from(b"small".to_vec());
        let mut expected = Vec::new();
        for (index, body) in (0_u8..).zip([&small, &large, &large, &small, &large]) {
            expected.extend_from_slice(&[index; 3]);
            expected.extend_from_slice(body.as_slice());
        }
        for step in [1, 2, 3, 7, SHARED_BYTES_MIN - 1, SHARED_BYTES_MIN, SHARED_BYTES_MIN + 4, usize::MAX] {
            let mut buffer = WriteBuf::default();
            for (index, body) in (0_u8..).zip([&small, &large, &large, &small, &large]) {
                let head = |out: &mut Vec<u8>| {
                    out.extend_from_slice(&[index; 3]);
                    Ok(())
                };
                buffer.frame(body, head).unwrap();
            }
            assert_eq!(buffer.total(), expected.len() as u64);
            assert!(written(&mut buffer, step) == expected, "step {step}");
        }
    }
}
