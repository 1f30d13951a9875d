//! Tests of framing; the vectors are cut at every byte in `tests/vectors.rs`.

use super::{FRAME_BYTES_MAX, Frame, HeaderFormat, begin, decode, end};
use crate::{DecodeError, EncodeError};

const fn prefix(length: u32, format: u8, header: u32) -> [u8; 8] {
    let [a, b, c, d] = length.to_be_bytes();
    let [_, e, f, g] = header.to_be_bytes();
    [a, b, c, d, format, e, f, g]
}

#[test]
fn hostile_lengths_are_refused_from_the_first_four_bytes() {
    for (length, error) in [
        (0, DecodeError::FrameLength { length: 0 }),
        (3, DecodeError::FrameLength { length: 3 }),
        (u32::MAX, DecodeError::FrameLength { length: -1 }),
        (0x8000_0000, DecodeError::FrameLength { length: i32::MIN }),
        (16_777_213, DecodeError::FrameTooLong { bytes: 16_777_217, bytes_max: FRAME_BYTES_MAX }),
        (0x7FFF_FFFF, DecodeError::FrameTooLong { bytes: 0x8000_0003, bytes_max: FRAME_BYTES_MAX }),
    ] {
        assert_eq!(decode(&length.to_be_bytes(), FRAME_BYTES_MAX), Err(error));
    }
    assert_eq!(decode(&16_777_212_u32.to_be_bytes(), FRAME_BYTES_MAX), Ok(None));
    assert_eq!(
        decode(&100_u32.to_be_bytes(), 103),
        Err(DecodeError::FrameTooLong { bytes: 104, bytes_max: 103 })
    );
}

#[test]
fn header_length_and_format_are_refused_from_the_first_eight_bytes() {
    assert_eq!(decode(&prefix(100, 0, 97), 1000), Err(DecodeError::HeaderLength { bytes: 97 }));
    assert_eq!(
        decode(&prefix(4, 1, 0x00FF_FFFF), 1000),
        Err(DecodeError::HeaderLength { bytes: 0x00FF_FFFF })
    );
    assert_eq!(decode(&prefix(100, 2, 0), 1000), Err(DecodeError::HeaderFormat(2)));
    assert_eq!(decode(&prefix(100, 0, 96), 1000), Ok(None));
}

#[test]
fn the_smallest_frame_is_all_prefix() {
    let frame = Frame { format: HeaderFormat::RocketMq, header: &[], body: &[], len: 8 };
    assert_eq!(decode(&prefix(4, 1, 0), 8), Ok(Some(frame)));
}

#[test]
fn lengths_are_filled_in_behind_what_is_there() {
    let mut out = b"earlier".to_vec();
    let start = begin(&mut out, HeaderFormat::RocketMq);
    out.extend_from_slice(b"header");
    end(&mut out, start, 4).unwrap();
    out.extend_from_slice(b"bodyrest");
    let expected = Frame { format: HeaderFormat::RocketMq, header: b"header", body: b"body", len: 18 };
    assert_eq!(decode(&out[7..], 18), Ok(Some(expected)));
}

#[test]
fn what_does_not_fit_leaves_no_trace() {
    let too_long = EncodeError::FrameTooLong { bytes_max: FRAME_BYTES_MAX };
    for (header, body) in [(10, FRAME_BYTES_MAX - 17), (0, usize::MAX)] {
        let mut out = b"earlier".to_vec();
        let start = begin(&mut out, HeaderFormat::Json);
        out.resize(out.len() + header, 0);
        assert_eq!(end(&mut out, start, body), Err(too_long));
        assert_eq!(out, b"earlier");
    }
    let mut out = Vec::new();
    let start = begin(&mut out, HeaderFormat::Json);
    assert_eq!(end(&mut out, start, FRAME_BYTES_MAX - 8), Ok(()));
    assert_eq!(decode(&out, FRAME_BYTES_MAX), Ok(None));
}

#[test]
#[cfg_attr(miri, ignore = "16 MiB are slow there")]
fn a_header_that_needs_more_than_24_bits_is_refused() {
    let mut out = Vec::new();
    let start = begin(&mut out, HeaderFormat::Json);
    out.resize(8 + (1 << 24), 0);
    assert!(end(&mut out, start, 0).is_err());
    assert!(out.is_empty());
}
