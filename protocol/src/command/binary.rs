//! RocketMQ's binary header (`RocketMQSerializable`).
//!
//! ```text
//! i16 code   u8 language   i16 version   i32 opaque   i32 flag
//! i32 length of the remark, remark
//! i32 bytes of all fields; each: i16 length of the name, name, i32 length of the value, value
//! ```

use crate::codes::Language;
use crate::frame::FRAME_BYTES_MAX;
use crate::{DecodeError, EncodeError};

/// A header without its fields.
pub(super) struct Header<'a> {
    pub(super) code: i32,
    pub(super) language: Language,
    pub(super) version: i32,
    pub(super) opaque: i32,
    pub(super) flag: i32,
    pub(super) remark: Option<&'a [u8]>,
    /// The block of fields, not yet checked, see [`field`].
    pub(super) ext: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads all but the fields. Bytes behind the fields are ignored, as Java does.
    pub(super) fn read(mut rest: &'a [u8]) -> Result<Self, DecodeError> {
        let rest = &mut rest;
        let code = i16::from_be_bytes(array(rest)?);
        let [language] = array(rest)?;
        let version = i16::from_be_bytes(array(rest)?);
        let opaque = i32::from_be_bytes(array(rest)?);
        let flag = i32::from_be_bytes(array(rest)?);
        let remark_bytes = i32::from_be_bytes(array(rest)?);
        let remark = bytes(rest, remark_bytes)?;
        let ext_bytes = i32::from_be_bytes(array(rest)?);
        let ext = bytes(rest, ext_bytes)?;
        Ok(Self {
            code: code.into(),
            language: Language::from_byte(language),
            version: version.into(),
            opaque,
            flag,
            remark: Some(remark).filter(|remark| !remark.is_empty()),
            ext,
        })
    }
}

/// Takes the next field off `rest`.
#[inline(always)]
pub(super) fn field<'a>(rest: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
    let name_bytes = i16::from_be_bytes(array(rest)?);
    let name = bytes(rest, name_bytes.into())?;
    let value_bytes = i32::from_be_bytes(array(rest)?);
    Ok((name, bytes(rest, value_bytes)?))
}

#[inline(always)]
fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(DecodeError::BinaryHeader)?;
    *rest = tail;
    Ok(*head)
}

#[inline(always)]
fn bytes<'a>(rest: &mut &'a [u8], count: i32) -> Result<&'a [u8], DecodeError> {
    let count = usize::try_from(count).map_err(|_| DecodeError::BinaryHeader)?;
    rest.split_off(..count).ok_or(DecodeError::BinaryHeader)
}

/// The fixed part of a header.
pub(crate) struct Fixed {
    pub(crate) code: i32,
    pub(crate) language: Language,
    pub(crate) version: i32,
    pub(crate) opaque: i32,
    pub(crate) flag: i32,
}

impl Fixed {
    /// Appends everything before the remark.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let narrow =
            |field, value: i32| i16::try_from(value).map_err(|_| EncodeError::Range { field, value });
        out.extend_from_slice(&narrow("code", self.code)?.to_be_bytes());
        out.push(self.language.byte());
        out.extend_from_slice(&narrow("version", self.version)?.to_be_bytes());
        out.extend_from_slice(&self.opaque.to_be_bytes());
        out.extend_from_slice(&self.flag.to_be_bytes());
        Ok(())
    }
}

/// Appends the remark, none being the same as an empty one.
pub(crate) fn write_remark(out: &mut Vec<u8>, remark: &str) -> Result<(), EncodeError> {
    write_length(out, remark.len())?;
    out.extend_from_slice(remark.as_bytes());
    Ok(())
}

/// Starts the block of fields and returns where.
pub(crate) fn begin_fields(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    start
}

/// Ends the block that [`begin_fields`] started at `start`.
pub(crate) fn end_fields(out: &mut [u8], start: usize) -> Result<(), EncodeError> {
    let bytes = out.len().saturating_sub(start).saturating_sub(4);
    let bytes = i32::try_from(bytes).map_err(|_| TOO_LONG)?;
    if let Some(length) = out.get_mut(start..).and_then(|block| block.first_chunk_mut()) {
        *length = bytes.to_be_bytes();
    }
    Ok(())
}

/// Appends a field. One without a value is left out: servers from 4.9.4 on would read it as null and sign the text
/// `null`.
pub(crate) fn write_field(out: &mut Vec<u8>, name: &str, value: &str) -> Result<(), EncodeError> {
    if value.is_empty() {
        return Ok(());
    }
    write_name(out, name)?;
    write_length(out, value.len())?;
    out.extend_from_slice(value.as_bytes());
    Ok(())
}

/// Appends a field's name; its length and its value are to follow.
pub(crate) fn write_name(out: &mut Vec<u8>, name: &str) -> Result<(), EncodeError> {
    let bytes = i16::try_from(name.len()).map_err(|_| EncodeError::NameTooLong)?;
    out.extend_from_slice(&bytes.to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

/// Appends a length.
pub(crate) fn write_length(out: &mut Vec<u8>, bytes: usize) -> Result<(), EncodeError> {
    let bytes = i32::try_from(bytes).map_err(|_| TOO_LONG)?;
    out.extend_from_slice(&bytes.to_be_bytes());
    Ok(())
}

const TOO_LONG: EncodeError = EncodeError::FrameTooLong { bytes_max: FRAME_BYTES_MAX };
