//! Tests of what all codecs have in common.

use super::{Codec, Compressor, KEPT_BYTES_MAX, ROOM_BYTES_MIN, compress, decompress, deflate, fitted, zstd};
use crate::{DecodeError, message::flags};

pub(super) const CODECS: [Codec; 3] = [Codec::Zlib, Codec::Lz4, Codec::Zstd];

/// Bytes that do not compress.
pub(super) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// Bytes that compress to about a third.
pub(super) fn text(bytes: usize) -> Vec<u8> {
    let number = noise(bytes).into_iter().flat_map(|byte| format!("\"value\":{byte},").into_bytes());
    number.take(bytes).collect()
}

#[test]
fn what_was_compressed_decompresses_to_the_same() {
    for codec in CODECS {
        for level in [0, 1, 5, 9, 10, 22, 23, u32::MAX] {
            for body in [vec![], vec![7], vec![0; 5_000], noise(10_000), text(70_000)] {
                let packed = compress(codec, &body, level).unwrap();
                assert_eq!(decompress(codec, &packed, body.len()), Ok(body), "{codec:?} {level}");
            }
        }
    }
}

#[test]
fn bodies_of_several_blocks_come_back_whole() {
    for codec in CODECS {
        for bytes in [(64 << 10) - 1, (64 << 10) + 1, (256 << 10) + 1, (4 << 20) + 3] {
            let body = if cfg!(miri) { text(bytes / 64) } else { text(bytes) };
            let packed = compress(codec, &body, 1).unwrap();
            assert!(packed.len() < body.len() * 2 / 3, "{codec:?} {bytes} {}", packed.len());
            assert!(decompress(codec, &packed, body.len()) == Ok(body), "{codec:?} {bytes}");
        }
    }
}

#[test]
fn a_stronger_level_takes_less() {
    let body = text(60_000);
    for codec in [Codec::Zlib, Codec::Zstd] {
        let (start, end) = codec.levels().into_inner();
        let sizes =
            [start.max(1), (start + end) / 2, end].map(|level| compress(codec, &body, level).unwrap().len());
        assert!(sizes.is_sorted_by(|weaker, stronger| weaker > stronger), "{codec:?} {sizes:?}");
        let [below, above] = [0, u32::MAX].map(|level| compress(codec, &body, level).unwrap());
        assert_eq!(below, compress(codec, &body, start).unwrap());
        assert_eq!(above, compress(codec, &body, end).unwrap());
    }
    let [any, other] = [0, u32::MAX].map(|level| compress(Codec::Lz4, &body, level));
    assert_eq!(any, other);
    let levels = CODECS.map(|codec| codec.levels().into_inner());
    assert_eq!(levels, [(0, 9), (0, u32::MAX), (1, 22)]);
}

#[test]
fn the_limit_is_exact() {
    for codec in CODECS {
        for body in [noise(5_000), vec![0; 5_000], text(100_000)] {
            let packed = compress(codec, &body, 5).unwrap();
            let bytes = body.len();
            for (bytes_max, fits) in
                [(bytes, true), (usize::MAX, true), (bytes - 1, false), (1, false), (0, false)]
            {
                let expected = if fits { Ok(bytes) } else { Err(DecodeError::BodyTooLong { bytes_max }) };
                assert_eq!(
                    decompress(codec, &packed, bytes_max).map(|body| body.len()),
                    expected,
                    "{codec:?}"
                );
            }
        }
        assert_eq!(decompress(codec, &compress(codec, b"", 5).unwrap(), 0), Ok(vec![]), "{codec:?}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "16 MiB are slow there")]
fn a_bomb_is_stopped_at_the_limit() {
    for codec in CODECS {
        let packed = compress(codec, &vec![0; 16 << 20], 9).unwrap();
        assert!(packed.len() < 70_000, "{codec:?} {}", packed.len());
        for bytes_max in [4_096, (4 << 20) + 1, (16 << 20) - 1] {
            let stopped = decompress(codec, &packed, bytes_max);
            assert_eq!(stopped, Err(DecodeError::BodyTooLong { bytes_max }), "{codec:?}");
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    for codec in CODECS {
        for body in [noise(300), text(300), vec![0; 70_000]] {
            let packed = compress(codec, &body, 5).unwrap();
            for end in 0..packed.len() {
                let cut = decompress(codec, &packed[..end], 100_000);
                assert_eq!(cut, Err(DecodeError::Compression), "{codec:?} cut at {end} of {}", packed.len());
            }
        }
    }
}

#[test]
fn no_room_is_kept_that_nothing_fills() {
    for codec in [Codec::Lz4, Codec::Zstd] {
        let packed = compress(codec, &vec![0; 100_000], 5).unwrap();
        assert!(packed.capacity() <= packed.len() + ROOM_BYTES_MIN, "{codec:?} {}", packed.capacity());
        let body = decompress(codec, &packed, 1 << 20).unwrap();
        assert!(body.capacity() <= body.len() + ROOM_BYTES_MIN, "{codec:?} {}", body.capacity());
    }
    let loose = Vec::from_iter([1; 10]);
    assert_eq!(fitted(loose).capacity(), 10);
}

/// Origin: `MessageSysFlag` and `CompressionType` of 4.9.4 and later.
#[test]
fn sys_flags_say_how_a_body_is_compressed() {
    assert_eq!(CODECS.map(Codec::sys_flag), [0x301, 0x101, 0x201]);
    for codec in CODECS {
        assert_eq!(Codec::of_sys_flag(codec.sys_flag() | flags::TRANSACTION_PREPARED), Ok(Some(codec)));
    }
    // Clients before 4.9.4 do not name the kind.
    assert_eq!(Codec::of_sys_flag(0x1), Ok(Some(Codec::Zlib)));
    for plain in [0, 0x4, 0x100, 0x300, 0x700] {
        assert_eq!(Codec::of_sys_flag(plain), Ok(None));
    }
    for kind in 4..8 {
        assert_eq!(Codec::of_sys_flag(kind << 8 | 1), Err(DecodeError::Codec(kind << 8 | 1)));
    }
}

#[test]
fn one_codec_does_not_read_another() {
    for codec in CODECS {
        let packed = compress(codec, b"a body", 5).unwrap();
        for other in CODECS.into_iter().filter(|other| *other != codec) {
            assert_eq!(decompress(other, &packed, 100), Err(DecodeError::Compression), "{codec:?} {other:?}");
        }
    }
    assert_eq!(compress(Codec::Zlib, b"a body", 5), deflate(b"a body", 5));
}

#[test]
fn a_compressor_that_is_kept_makes_the_same_bytes_as_a_new_one() {
    let mut kept = Compressor::default();
    for bytes in [0, 1, 4_096, 70_000, 4_096, 300_000] {
        for body in [text(bytes), noise(bytes)] {
            for codec in CODECS {
                for level in [5, 1, 5, 9, 5] {
                    let packed = kept.compress(codec, &body, level).unwrap();
                    assert!(packed == compress(codec, &body, level).unwrap(), "{codec:?} {level} {bytes}");
                }
            }
        }
    }
}

#[test]
fn a_compressor_keeps_no_more_than_two_megabytes_of_zstd() {
    let mut kept = Compressor::default();
    let bytes = |kept: &Compressor| kept.zstd.as_ref().map(zstd::Compressor::bytes);
    kept.compress(Codec::Zstd, &text(4_096), 3).unwrap();
    assert!(bytes(&kept).is_some_and(|bytes| bytes <= KEPT_BYTES_MAX), "{:?}", bytes(&kept));
    kept.compress(Codec::Zstd, &text(4 << 20), 19).unwrap();
    assert_eq!(bytes(&kept), None);
}
