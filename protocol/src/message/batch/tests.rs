//! Tests of batch bodies.

use super::{Record, append, record_bytes, records, stored_bytes};
use crate::message::properties::PROPERTIES_BYTES_MAX;
use crate::{DecodeError, EncodeError};
use proptest::collection::vec;
use proptest::prelude::*;
use std::borrow::Cow;

fn batch() -> Vec<u8> {
    let mut out = Vec::new();
    append(&mut out, 7, b"body", &["a\u{1}1\u{2}", "", "b\u{1}2\u{2}"]).unwrap();
    append(&mut out, -1, b"", &[]).unwrap();
    append(&mut out, 0, &[0; 300], &["c\u{1}é\u{2}"]).unwrap();
    out
}

#[test]
fn pieces_of_properties_are_joined() {
    let batch = batch();
    let read: Vec<_> = records(&batch).map(Result::unwrap).collect();
    assert_eq!(read[0], Record { flag: 7, body: b"body", properties: "a\u{1}1\u{2}b\u{1}2\u{2}".into() });
    assert_eq!(read[1], Record { flag: -1, body: b"", properties: "".into() });
    assert_eq!((read[2].body.len(), &*read[2].properties), (300, "c\u{1}é\u{2}"));
    assert!(read.iter().all(|record| matches!(record.properties, Cow::Borrowed(_))));
}

#[test]
fn a_records_size_is_known_before_it_is_written() {
    let mut out = b"earlier".to_vec();
    append(&mut out, 1, b"body", &["a\u{1}1\u{2}"]).unwrap();
    assert_eq!(out.len(), 7 + record_bytes(4, 4));
    assert_eq!(out[7..11], 30_i32.to_be_bytes());
    assert_eq!(record_bytes(usize::MAX, 1), usize::MAX);
}

/// Origin: a live 4.7.0 broker refused 4,000 records of 1,000 bytes, 4,088,000 bytes of body, by a limit of 4 MiB.
#[test]
fn a_stored_message_takes_91_bytes_more_than_its_texts() {
    assert_eq!(stored_bytes(0, 0, 0), 91);
    let property_bytes = (4_088_000 / 4_000) - record_bytes(1_000, 0);
    assert!(4_000 * stored_bytes("RefTopic".len(), 1_000, property_bytes) > 4 << 20);
    assert_eq!(stored_bytes(1, usize::MAX, 1), usize::MAX);
}

#[test]
fn properties_end_at_what_15_bits_hold() {
    let longest = "p".repeat(PROPERTIES_BYTES_MAX);
    let mut out = Vec::new();
    append(&mut out, 0, b"", &[&longest]).unwrap();
    assert_eq!(records(&out).next().unwrap().unwrap().properties, longest);
    let mut out = b"earlier".to_vec();
    let refused = append(&mut out, 0, b"", &[&longest, "p"]);
    assert_eq!(refused, Err(EncodeError::PropertiesTooLong { bytes: 32_768 }));
    assert_eq!(out, b"earlier");
}

#[test]
fn a_batch_cut_anywhere_but_between_records_is_refused() {
    let batch = batch();
    let mut ends = vec![0];
    for record in records(&batch).map(Result::unwrap) {
        ends.push(ends.last().unwrap() + record_bytes(record.body.len(), record.properties.len()));
    }
    assert_eq!(ends.last(), Some(&batch.len()));
    for end in 0..batch.len() {
        let read: Vec<_> = records(&batch[..end]).take(9).collect();
        let whole = ends.iter().filter(|at| **at <= end).count() - 1;
        assert_eq!(read.iter().filter(|record| record.is_ok()).count(), whole, "cut at {end}");
        let cut = !ends.contains(&end);
        assert_eq!(read.last().is_some_and(Result::is_err), cut, "cut at {end}");
        assert_eq!(read.len(), whole + usize::from(cut), "nothing comes after an error");
    }
}

#[test]
fn hostile_lengths_are_refused() {
    let mut one = Vec::new();
    append(&mut one, 0, b"body", &["a\u{1}1\u{2}"]).unwrap();
    for length in [i32::MIN, -1, 5 + 8, i32::MAX] {
        let mut hostile = one.clone();
        hostile[16..20].copy_from_slice(&length.to_be_bytes());
        assert_eq!(records(&hostile).take(2).collect::<Vec<_>>(), [Err(DecodeError::Batch)], "{length}");
    }
    for length in [i16::MIN, -1, 5, i16::MAX] {
        let mut hostile = one.clone();
        hostile[24..26].copy_from_slice(&length.to_be_bytes());
        if length < 0 {
            // As many as there would be without a sign.
            hostile.resize(70_000, 0);
        }
        assert_eq!(records(&hostile).take(2).collect::<Vec<_>>(), [Err(DecodeError::Batch)], "{length}");
    }
}

#[test]
fn sizes_magics_and_checksums_are_not_looked_at_and_odd_text_is_replaced() {
    let mut out = Vec::new();
    append(&mut out, 5, b"body", &["a\u{1}1\u{2}"]).unwrap();
    out[..12].fill(0xFF);
    out[26] = 0xFF;
    let record = records(&out).next().unwrap().unwrap();
    assert_eq!((record.flag, record.body), (5, &b"body"[..]));
    assert_eq!(record.properties, "\u{FFFD}\u{1}1\u{2}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 }))]

    #[test]
    fn records_are_read_as_they_were_written(
        written in vec((any::<i32>(), vec(any::<u8>(), 0..50), ".{0,20}"), 0..5),
    ) {
        let mut out = Vec::new();
        for (flag, body, properties) in &written {
            append(&mut out, *flag, body, &[properties]).unwrap();
        }
        let read = records(&out).map(Result::unwrap);
        let read: Vec<_> = read.map(|r| (r.flag, r.body.to_vec(), r.properties.into_owned())).collect();
        prop_assert_eq!(read, written);
    }
}
