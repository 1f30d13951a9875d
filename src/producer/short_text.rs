//! Text of a result that is mostly short: kept inline, so that a result costs no allocation.

use std::ffi::CStr;
use std::fmt;

use crate::text::Text;

/// A broker's message id has 32 or 56 characters.
const INLINE_BYTES: usize = 62;

/// Text with a NUL at its end, inline as long as it is short.
#[derive(Clone)]
pub struct ShortText(Form);

#[derive(Clone)]
enum Form {
    /// UTF-8 without a NUL before `length`, zeros from there on.
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES],
    },
    Shared(Text),
}

impl ShortText {
    /// Copies `text` up to its first NUL.
    pub fn new(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// The same of bytes; what is not UTF-8 in them is repaired.
    pub fn of_bytes(text: &[u8]) -> Self {
        // Over all bytes, since that takes many at a time.
        let is_plain = text.iter().fold(true, |plain, byte| plain & (1..=127).contains(byte));
        if is_plain && let Some(inline) = Self::inline(text) {
            return inline;
        }
        let text = String::from_utf8_lossy(text);
        let text = text.split('\0').next().unwrap_or("");
        Self::inline(text.as_bytes()).unwrap_or_else(|| Self(Form::Shared(Text::new(text))))
    }

    /// UTF-8 without a NUL, if it is short.
    fn inline(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; INLINE_BYTES];
        // One byte less than there is: the NUL.
        let (room, _) = bytes.split_at_mut(INLINE_BYTES - 1);
        room.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self(Form::Inline { length: u8::try_from(text.len()).ok()?, bytes }))
    }

    /// The text without its terminating NUL.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Inline { length, bytes } => bytes
                .get(..usize::from(*length))
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or(""),
            Form::Shared(text) => text.as_str(),
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
        assert_eq!(ShortText::of_bytes(b"a\xff\0b").as_str(), "a\u{fffd}");
        assert_eq!(ShortText::of_bytes(&[0xff; INLINE_BYTES]).as_str(), "\u{fffd}".repeat(INLINE_BYTES));
    }
}
