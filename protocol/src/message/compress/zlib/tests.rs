//! Tests of zlib.

use super::{deflate, inflate};
use crate::DecodeError;

/// Bytes that do not compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

#[test]
fn what_was_deflated_inflates_to_the_same() {
    for level in [0, 1, 5, 9, 10, u32::MAX] {
        for body in [vec![], vec![7], vec![0; 5_000], noise(10_000)] {
            let packed = deflate(&body, level).unwrap();
            assert_eq!(inflate(&packed, body.len()), Ok(body));
        }
    }
}

#[test]
fn the_limit_is_exact() {
    let packed = deflate(&noise(5_000), 5).unwrap();
    assert_eq!(inflate(&packed, 5_000).map(|body| body.len()), Ok(5_000));
    assert_eq!(inflate(&packed, 4_999), Err(DecodeError::BodyTooLong { bytes_max: 4_999 }));
    assert_eq!(inflate(&packed, 0), Err(DecodeError::BodyTooLong { bytes_max: 0 }));
    assert_eq!(inflate(&deflate(b"", 5).unwrap(), 0), Ok(vec![]));
    assert_eq!(inflate(&packed, usize::MAX).map(|body| body.len()), Ok(5_000));
}

#[test]
#[cfg_attr(miri, ignore = "16 MiB are slow there")]
fn a_bomb_is_stopped_at_the_limit() {
    let packed = deflate(&vec![0; 16 << 20], 9).unwrap();
    assert!(packed.len() < 20_000);
    assert_eq!(inflate(&packed, 4_096), Err(DecodeError::BodyTooLong { bytes_max: 4_096 }));
}

#[test]
fn a_stream_cut_anywhere_is_refused() {
    let packed = deflate(&noise(300), 5).unwrap();
    for end in 0..packed.len() {
        assert_eq!(inflate(&packed[..end], 10_000), Err(DecodeError::Compression), "{end}");
    }
}

#[test]
fn damage_is_noticed_and_what_follows_the_stream_is_not() {
    let body = noise(300);
    let mut packed = deflate(&body, 5).unwrap();
    packed.extend_from_slice(b"more");
    assert_eq!(inflate(&packed, 300), Ok(body));
    let checksum = packed.len() - 5;
    packed[checksum] ^= 1;
    assert_eq!(inflate(&packed, 300), Err(DecodeError::Compression));
    assert_eq!(inflate(b"no zlib", 300), Err(DecodeError::Compression));
}
