//! Text, buffers and numbers from the caller: the only place that reads through a pointer of C which is not
//! an object.

use std::ffi::{CStr, c_char, c_void};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::ffi::types::rocketmq_wait;
use crate::producer::Timeout;

/// The length that stands for "ends at its NUL", `ROCKETMQ_NTS` in C.
const NTS: usize = usize::MAX;

/// From this length on memory for a copy is tried before the caller's bytes are looked at: no program holds
/// the absurd lengths that come from mistakes, and a slice of such a length must not be made.
const LARGE: usize = 1 << 30;

/// Text that must be there.
///
/// # Safety
///
/// `text` is NULL or NUL-terminated, and stays unchanged while the result is in use.
pub(super) unsafe fn text<'a>(name: &str, text: *const c_char) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { optional_text(name, text) }?.ok_or_else(|| is_null(name))
}

/// Text that must be there, not checked to be UTF-8.
///
/// # Safety
///
/// As for [`text`].
#[expect(clippy::disallowed_methods, reason = "the one place where text of C is read")]
pub(super) unsafe fn bytes_of_text<'a>(name: &str, text: *const c_char) -> Result<&'a [u8], Error> {
    if text.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: not NULL, and so NUL-terminated by the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// Text that may be missing.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn optional_text<'a>(name: &str, text: *const c_char) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise, passed on.
    utf8(name, unsafe { bytes_of_text(name, text) }?).map(Some)
}

/// Text with a length, which may be `ROCKETMQ_NTS`. A NUL inside stays inside: the message refuses it.
///
/// # Safety
///
/// `text` is NULL, or has `len` readable bytes, or is NUL-terminated if `len` is `ROCKETMQ_NTS`; it stays
/// unchanged while the result is in use.
pub(super) unsafe fn sized_text<'a>(
    name: &str,
    text: *const c_char,
    len: usize,
) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    if len == NTS {
        // SAFETY: the caller's promise for this length.
        return unsafe { optional_text(name, text) };
    }
    // SAFETY: the caller's promise, passed on.
    let bytes = unsafe { bytes(name, text.cast(), len) }?;
    utf8(name, bytes).map(Some)
}

/// A buffer. With length 0 the pointer does not matter.
///
/// # Safety
///
/// `data` has `len` readable bytes that stay unchanged while the result is in use; or it is NULL, or `len` is
/// one that no buffer can have.
#[expect(clippy::disallowed_methods, reason = "the one place where buffers of C are read")]
pub(super) unsafe fn bytes<'a>(name: &str, data: *const c_void, len: usize) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(is_null(name));
    }
    let fits = isize::try_from(len).is_ok() && data.addr().checked_add(len).is_some();
    if !fits || (len >= LARGE && !has_room_for(len)) {
        return Err(Error::new(ErrorKind::System, format!("no memory for the {len} bytes of `{name}`")));
    }
    // SAFETY: not NULL, neither longer than a slice may be nor past the end of the address space, and
    // readable by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// A switch: 0 or 1.
pub(super) fn truth(name: &str, value: i32) -> Result<bool, Error> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::new(ErrorKind::InvalidArgument, format!("`{name}` is {value}: it must be 0 or 1"))),
    }
}

/// Whether the system has memory for a copy of `len` bytes.
fn has_room_for(len: usize) -> bool {
    let mut room: Vec<u8> = Vec::new();
    let reserved = room.try_reserve_exact(len);
    // Seen from outside, so that the allocation is not optimised away together with its failure.
    std::hint::black_box(&room);
    reserved.is_ok()
}

/// A `timeout_ms` of the caller, see R6.
pub(super) fn timeout(timeout_ms: i64) -> Result<Timeout, Error> {
    const FOREVER: i64 = rocketmq_wait::ROCKETMQ_WAIT_FOREVER as i64;
    const DEFAULT: i64 = rocketmq_wait::ROCKETMQ_WAIT_DEFAULT as i64;
    match timeout_ms {
        FOREVER => Ok(Timeout::Forever),
        DEFAULT => Ok(Timeout::Default),
        _ => u64::try_from(timeout_ms).map(|ms| Timeout::After(Duration::from_millis(ms))).map_err(|_| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("`timeout_ms` is {timeout_ms}: negative, and not a ROCKETMQ_WAIT_* value"),
            )
        }),
    }
}

/// Bytes of text, if they are UTF-8.
pub(super) fn utf8<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, Error> {
    str::from_utf8(bytes).map_err(|error| {
        Error::new(
            ErrorKind::InvalidUtf8,
            format!("`{name}` is not UTF-8: the byte at index {} is wrong", error.valid_up_to()),
        )
    })
}

fn is_null(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("`{name}` is NULL"))
}
