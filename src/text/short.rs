//! Text that is mostly short: kept inline, so that it costs no allocation and no way to another place.

use std::ffi::CStr;
use std::fmt;

use crate::text::Text;

/// A broker's message id has 32 or 56 characters, and few topics more.
const INLINE_BYTES: usize = 62;

/// Text with a NUL at its end, inline as long as it is short.
#[derive(Clone)]
pub struct ShortText(Form);

#[derive(Clone)]
enum Form {
    /// UTF-8 without a NUL before `length`, a NUL there.
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES],
    },
    Shared(Text),
}

impl ShortText {
    /// No text.
    pub const EMPTY: Self = Self(Form::Inline { length: 0, bytes: [0; INLINE_BYTES] });

    /// Copies `text` up to its first NUL.
    pub fn new(text: &str) -> Self {
        let mut new = Self::EMPTY;
        new.set(text.as_bytes());
        new
    }

    /// Becomes a copy of `text` up to its first NUL; what is not UTF-8 in it is repaired. In place: to move what was
    /// written a moment ago costs more than to write it.
    pub fn set(&mut self, text: &[u8]) {
        // Over all bytes, since that takes many at a time.
        let is_plain = text.iter().fold(true, |plain, byte| plain & (1..=127).contains(byte));
        if is_plain && self.set_inline(text) {
            return;
        }
        let text = String::from_utf8_lossy(text);
        let text = text.split('\0').next().unwrap_or("");
        if !self.set_inline(text.as_bytes()) {
            self.0 = Form::Shared(Text::new(text));
        }
    }

    /// Takes UTF-8 without a NUL, if it is short.
    fn set_inline(&mut self, text: &[u8]) -> bool {
        if text.len() >= INLINE_BYTES {
            return false;
        }
        if let Form::Shared(_) = self.0 {
            *self = Self::EMPTY;
        }
        if let Form::Inline { length, bytes } = &mut self.0
            && let Some((place, rest)) = bytes.split_at_mut_checked(text.len())
            && let Some(end) = rest.first_mut()
        {
            place.copy_from_slice(text);
            *end = 0;
            *length = u8::try_from(text.len()).unwrap_or(0);
        }
        true
    }

    /// Becomes a copy of `other`, in place.
    pub fn set_to(&mut self, other: &Self) {
        match &other.0 {
            // All of it: how many bytes that are is known beforehand.
            Form::Inline { length, bytes } => {
                self.0 = Form::Inline { length: *length, bytes: *bytes };
            }
            Form::Shared(text) => self.0 = Form::Shared(text.clone()),
        }
    }

    /// The text without its terminating NUL.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// The text in UTF-8, without its terminating NUL.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Form::Shared(text) => text.as_str().as_bytes(),
        }
    }

    /// The text as C reads it.
    pub fn as_c_str(&self) -> &CStr {
        match &self.0 {
            Form::Inline { bytes, .. } => CStr::from_bytes_until_nul(bytes).unwrap_or(c""),
            Form::Shared(text) => text.as_c_str(),
        }
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_same_inline_and_shared() {
        for length in [0, 1, 32, 56, INLINE_BYTES - 2, INLINE_BYTES - 1, INLINE_BYTES, INLINE_BYTES + 1, 4000]
        {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let short = ShortText::new(&text);
            assert_eq!((short.as_str(), short.as_c_str().to_str()), (text.as_str(), Ok(text.as_str())));
        }
        assert_eq!(ShortText::new("a\0b").as_c_str(), c"a");
        let mut short = ShortText::EMPTY;
        for (text, read) in [
            (&[0xff; INLINE_BYTES][..], "\u{fffd}".repeat(INLINE_BYTES)),
            (b"a\xff\0b", "a\u{fffd}".to_owned()),
            (&[b'x'; INLINE_BYTES], "x".repeat(INLINE_BYTES)),
            (&[b'y'; INLINE_BYTES - 1], "y".repeat(INLINE_BYTES - 1)),
            (b"z", "z".to_owned()),
            (b"", String::new()),
        ] {
            short.set(text);
            assert_eq!((short.as_str(), short.as_c_str().to_str()), (&*read, Ok(&*read)));
        }
    }
}
