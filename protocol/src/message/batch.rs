//! The body of a batch: records, one behind the other (`MessageDecoder.encodeMessage`).
//!
//! ```text
//! i32 record size, i32 0, i32 0, i32 flag, i32 body length, body, i16 properties length, properties
//! ```
//!
//! Who may go into one batch, and how large it may get, is left to the producer; [`record_bytes`] and [`stored_bytes`]
//! say what a message takes before it is written.

use super::properties::PROPERTIES_BYTES_MAX;
use crate::{DecodeError, EncodeError};
use std::borrow::Cow;
use std::iter::FusedIterator;

/// What a record has besides body and properties.
pub const RECORD_BYTES: usize = 5 * size_of::<i32>() + size_of::<i16>();

/// What a broker stores besides topic, body and properties, for hosts with IPv4 addresses; each of the two hosts takes
/// 12 bytes more with IPv6 (`MessageExtEncoder.calMsgLength`).
pub const STORED_BYTES: usize = 91;

/// Bytes of one record in the body of a batch.
#[must_use]
pub const fn record_bytes(body_bytes: usize, property_bytes: usize) -> usize {
    RECORD_BYTES.saturating_add(body_bytes).saturating_add(property_bytes)
}

/// Bytes of one message in a broker's log, for hosts with IPv4 addresses. 4.7.0 limits the sum of these over a batch to its
/// `maxMessageSize`, 4 MiB. Newer brokers append the properties of the batch's header and their cluster's name to each
/// record, which then count as its properties.
#[must_use]
pub const fn stored_bytes(topic_bytes: usize, body_bytes: usize, property_bytes: usize) -> usize {
    STORED_BYTES.saturating_add(topic_bytes).saturating_add(body_bytes).saturating_add(property_bytes)
}

/// One message of a batch. Topic, queue, birth and sysFlag are the whole batch's and stand in its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The user's own flag, unused by RocketMQ.
    pub flag: i32,
    /// The body, which is never compressed.
    pub body: &'a [u8],
    /// The message's properties in wire form. What is not UTF-8 is replaced, as Java does.
    pub properties: Cow<'a, str>,
}

/// Appends one record; `properties` are in wire form, in pieces that are joined without a separator. It takes
/// [`record_bytes`]. On an error `out` is as before.
pub fn append(out: &mut Vec<u8>, flag: i32, body: &[u8], properties: &[&str]) -> Result<(), EncodeError> {
    let property_bytes = properties.iter().fold(0_usize, |sum, piece| sum.saturating_add(piece.len()));
    let too_long = EncodeError::PropertiesTooLong { bytes: property_bytes };
    let property_length = i16::try_from(property_bytes).map_err(|_| too_long)?;
    let bytes = record_bytes(body.len(), property_bytes);
    let size = i32::try_from(bytes);
    let body_length = i32::try_from(body.len());
    let (Ok(size), Ok(body_length)) = (size, body_length) else {
        return Err(EncodeError::FrameTooLong { bytes_max: crate::frame::FRAME_BYTES_MAX });
    };
    out.try_reserve(bytes).map_err(|_| EncodeError::OutOfMemory)?;
    out.extend_from_slice(&size.to_be_bytes());
    // A magic number and a checksum, which brokers make themselves.
    out.extend_from_slice(&[0; 2 * size_of::<i32>()]);
    out.extend_from_slice(&flag.to_be_bytes());
    out.extend_from_slice(&body_length.to_be_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&property_length.to_be_bytes());
    for piece in properties {
        out.extend_from_slice(piece.as_bytes());
    }
    Ok(())
}

/// The records in the body of a batch, as a broker reads them: record sizes, magic numbers and checksums are not looked
/// at, the inner lengths are believed. What does not fit is an error and the last item.
pub const fn records(body: &[u8]) -> Records<'_> {
    Records { rest: body }
}

/// See [`records`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    /// What is not read yet; nothing after an error.
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn take(&mut self) -> Option<Record<'a>> {
        let (_size_magic_checksum, rest) = self.rest.split_first_chunk::<12>()?;
        let (flag, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
        let (body, rest) = rest.split_at_checked(length)?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(i16::from_be_bytes(*length)).ok()?;
        let (properties, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Record {
            flag: i32::from_be_bytes(*flag),
            body,
            properties: String::from_utf8_lossy(properties),
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.take().ok_or(DecodeError::Batch);
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }
}

impl FusedIterator for Records<'_> {}

const _: () = assert!(PROPERTIES_BYTES_MAX == i16::MAX as usize);

#[cfg(test)]
mod tests;
