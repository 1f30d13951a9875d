//! Tests of zstd.

use super::super::tests::{noise, text};
use super::{Compressor, decompress};
use crate::{DecodeError, EncodeError};
use zstd_safe::{CCtx, CParameter};

fn compress(body: &[u8], level: u32) -> Result<Vec<u8>, EncodeError> {
    Compressor::new()?.compress(body, level)
}

/// A frame that says less than ours and proves more: no content size, a checksum.
fn streamed(body: &[u8]) -> Vec<u8> {
    let mut context = CCtx::try_create().unwrap();
    context.set_parameter(CParameter::ContentSizeFlag(false)).unwrap();
    context.set_parameter(CParameter::ChecksumFlag(true)).unwrap();
    let mut out = Vec::with_capacity(zstd_safe::compress_bound(body.len()));
    context.compress2(&mut out, body).unwrap();
    out
}

/// Origin: RFC 8878, 3.1.2.
fn skippable(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[0x50 | kind, 0x2A, 0x4D, 0x18], &u32::try_from(bytes.len()).unwrap().to_le_bytes()[..], bytes].concat()
}

#[test]
fn frames_without_a_size_and_with_a_checksum_are_read() {
    for body in [vec![], text(10_000), vec![0; 1 << 20]] {
        let mut packed = streamed(&body);
        assert_eq!(decompress(&packed, body.len()).as_ref(), Ok(&body));
        *packed.last_mut().unwrap() ^= 1;
        assert_eq!(decompress(&packed, body.len()), Err(DecodeError::Compression));
    }
}

#[test]
fn frames_behind_one_another_are_one_body() {
    let parts = [text(5_000), noise(300), vec![]];
    let [a, b, c] = [compress(&parts[0], 3).unwrap(), streamed(&parts[1]), compress(&parts[2], 1).unwrap()];
    let packed = [&skippable(0, b"skipped"), &a, &skippable(15, b""), &b, &c].map(|part| &part[..]).concat();
    assert_eq!(decompress(&packed, 10_000), Ok(parts.concat()));
    assert_eq!(decompress(&packed, 5_299), Err(DecodeError::BodyTooLong { bytes_max: 5_299 }));
}

#[test]
fn what_follows_the_frames_is_refused() {
    for more in [&b"m"[..], b"more", b"more and more"] {
        let packed = [&compress(b"body", 3).unwrap(), more].concat();
        assert_eq!(decompress(&packed, 100), Err(DecodeError::Compression));
    }
}

/// A frame that claims a window of 3.75 TiB, or a content of exbibytes, in a few bytes.
#[test]
fn claims_cost_nothing() {
    // Origin: RFC 8878, 3.1.1: descriptor, window descriptor, one raw block of one byte that is the last.
    let window = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xFF, 0x09, 0x00, 0x00, b'x'];
    assert_eq!(decompress(&window, 1), Err(DecodeError::Compression));
    let window = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x98, 0x09, 0x00, 0x00, b'x'];
    assert_eq!(decompress(&window, 1), Ok(b"x".to_vec()), "512 MiB are allowed, and not made");
    let mut size = vec![0x28, 0xB5, 0x2F, 0xFD, 0xE0];
    size.extend_from_slice(&[0xFE; 8]);
    size.extend_from_slice(&[0x09, 0x00, 0x00, b'x']);
    assert_eq!(decompress(&size, 1 << 20), Err(DecodeError::Compression));
}
