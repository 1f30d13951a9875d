//! Tests of LZ4.

use super::super::tests::{noise, text};
use super::{compress, decompress, descriptor_checksum};
use crate::DecodeError;
use lz4_flex::block;
use twox_hash::XxHash32;

const DAMAGED: Result<Vec<u8>, DecodeError> = Err(DecodeError::Compression);

/// A frame of one's own making: the descriptor's two bytes, what follows them, blocks with their checksums.
struct Frame(Vec<u8>);

impl Frame {
    fn new(flags: u8, sizes: u8, fields: &[u8]) -> Self {
        let descriptor = [&[flags, sizes], fields].concat();
        let checksum = descriptor_checksum(&descriptor);
        Self([&[0x04, 0x22, 0x4D, 0x18], &descriptor[..], &[checksum]].concat())
    }

    fn block(mut self, length: u32, block: &[u8], checksum: bool) -> Self {
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(block);
        if checksum {
            self.0.extend_from_slice(&XxHash32::oneshot(0, block).to_le_bytes());
        }
        self
    }

    fn packed(self, body: &[u8], history: &[u8], checksum: bool) -> Self {
        let block = block::compress_with_dict(body, history);
        self.block(u32::try_from(block.len()).unwrap(), &block, checksum)
    }

    fn stored(self, body: &[u8], checksum: bool) -> Self {
        self.block(u32::try_from(body.len()).unwrap() | 1 << 31, body, checksum)
    }

    fn end(mut self, content: Option<&[u8]>) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 4]);
        if let Some(content) = content {
            self.0.extend_from_slice(&XxHash32::oneshot(0, content).to_le_bytes());
        }
        self.0
    }
}

/// Origin: `LZ4_Frame_format.md` 1.6.4; the checksums are those of the library `lz4` 1.9.
#[test]
fn frames_begin_as_javas_do() {
    for (bytes, sizes, checksum) in
        [(1, 0x40, 0x82), (70_000, 0x50, 0xFB), (300_000, 0x60, 0x51), (5 << 20, 0x70, 0x73)]
    {
        let packed = compress(&vec![0; bytes]).unwrap();
        assert_eq!(packed[..7], [0x04, 0x22, 0x4D, 0x18, 0x60, sizes, checksum]);
        assert_eq!(packed[packed.len() - 4..], [0; 4]);
    }
    assert_eq!(compress(b"").unwrap(), [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]);
}

#[test]
fn a_block_that_does_not_shrink_is_stored() {
    let body = noise(1_000);
    let packed = compress(&body).unwrap();
    assert_eq!(packed.len(), 7 + 4 + 1_000 + 4);
    assert_eq!(packed[7..11], (1_000_u32 | 1 << 31).to_le_bytes());
    assert_eq!(decompress(&packed, 1_000), Ok(body));
}

#[test]
fn every_flag_of_a_frame_is_understood() {
    let body = text(2_000);
    let (first, second) = body.split_at(1_500);
    for flags in (0..16).map(|bits| 0x40 | bits << 2) {
        let checksum = flags & 0x10 != 0;
        let size: &[u8] = if flags & 0x08 != 0 { &2_000_u64.to_le_bytes() } else { &[] };
        let history = if flags & 0x20 != 0 { &[] } else { first };
        let frame =
            Frame::new(flags, 0x40, size).packed(first, &[], checksum).packed(second, history, checksum);
        let packed = frame.end((flags & 0x04 != 0).then_some(&body));
        assert_eq!(decompress(&packed, 2_000).as_ref(), Ok(&body), "{flags:x}");
        for end in 0..packed.len() {
            assert_eq!(decompress(&packed[..end], 2_000), DAMAGED, "{flags:x} cut at {end}");
        }
    }
}

#[test]
fn blocks_refer_back_as_far_as_allowed_and_not_beyond_their_frame() {
    let body = noise(200_000);
    let blocks = || body.chunks(64 << 10);
    let mut frame = Frame::new(0x40, 0x40, &[]);
    for block in blocks() {
        frame = frame.stored(block, false);
    }
    // A last block that repeats what is 64 KiB - 1 back.
    let again = &body[body.len() - 65_535..][..1_000];
    // No literals, 995 bytes from there; five literals.
    let repeated = [&[0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xD3, 0x50], &again[995..]].concat();
    let length = u32::try_from(repeated.len()).unwrap();
    let whole = frame.block(length, &repeated, false).end(None);
    assert!(decompress(&whole, 300_000) == Ok([&body, again].concat()));
    // The same in a frame of its own has nothing to refer to, and neither has one of independent blocks.
    let mut alone = compress(&body).unwrap();
    alone.extend_from_slice(&Frame::new(0x40, 0x40, &[]).block(length, &repeated, false).end(None));
    assert_eq!(decompress(&alone, 300_000), DAMAGED);
    let near = [&[0x0F, 0x64, 0x00, 0xFF, 0xFF, 0xFF, 0xD3, 0x50], &again[995..]].concat();
    for (flags, reads) in [(0x40, true), (0x60, false)] {
        let frame = Frame::new(flags, 0x40, &[]).stored(&body[..60_000], false).block(length, &near, false);
        assert_eq!(decompress(&frame.end(None), 300_000).is_ok(), reads, "{flags:x}");
    }
}

#[test]
fn frames_behind_one_another_are_one_body() {
    let skipped = [0x5F, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let sized = Frame::new(0x68, 0x40, &4_u64.to_le_bytes()).stored(b"four", false).end(None);
    let packed = [&skipped, &compress(b"one ").unwrap()[..], &skipped, &sized].concat();
    assert_eq!(decompress(&packed, 8), Ok(b"one four".to_vec()));
    assert_eq!(decompress(&packed, 7), Err(DecodeError::BodyTooLong { bytes_max: 7 }));
    assert_eq!(decompress(&skipped, 7), Ok(vec![]));
    let behind = [&packed, &b"more"[..]].concat();
    assert_eq!(decompress(&behind, 8), DAMAGED);
}

#[test]
fn each_damage_is_noticed() {
    let body = text(500);
    let good = || Frame::new(0x7C, 0x40, &500_u64.to_le_bytes()).packed(&body, &[], true);
    let packed = good().end(Some(&body));
    assert_eq!(decompress(&packed, 500).as_ref(), Ok(&body));
    for at in 0..packed.len() {
        for bit in 0..8 {
            let mut damaged = packed.clone();
            damaged[at] ^= 1 << bit;
            assert_eq!(decompress(&damaged, 500), DAMAGED, "bit {bit} of byte {at}");
        }
    }
    let size = Frame::new(0x68, 0x40, &501_u64.to_le_bytes()).packed(&body, &[], false).end(None);
    assert_eq!(decompress(&size, 500), DAMAGED);
    assert_eq!(decompress(&good().end(Some(b"other")), 500), DAMAGED);
}

#[test]
fn what_no_frame_may_say_is_refused() {
    // Versions, reserved bits, a dictionary; block sizes.
    for flags in [0x20, 0xA0, 0xE0, 0x62, 0x61] {
        assert_eq!(decompress(&Frame::new(flags, 0x40, &[]).end(None), 9), DAMAGED, "{flags:x}");
    }
    for sizes in [0x00, 0x30, 0x80, 0xC0, 0x41, 0x48] {
        assert_eq!(decompress(&Frame::new(0x60, sizes, &[]).end(None), 9), DAMAGED, "{sizes:x}");
    }
    let longer = vec![0; (64 << 10) + 1];
    assert_eq!(decompress(&Frame::new(0x60, 0x40, &[]).stored(&longer, false).end(None), 100_000), DAMAGED);
    assert_eq!(
        decompress(&Frame::new(0x60, 0x40, &[]).packed(&longer, &[], false).end(None), 100_000),
        DAMAGED
    );
    let fits = Frame::new(0x60, 0x50, &[]).packed(&longer, &[], false).end(None);
    assert_eq!(decompress(&fits, 100_000), Ok(longer));
}
