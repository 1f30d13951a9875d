//! Pieces of JSON text: what the scanner hands out. Nothing is copied until somebody asks for the text of a string that
//! has escapes.

use crate::{DecodeError, number};
use std::borrow::Cow;

/// A string literal without its quotes. Escapes are checked but not yet replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(super) raw: &'a [u8],
    /// [`Kind::Escaped`] or another for text that stands for itself.
    pub(super) kind: Kind,
}

impl<'a> Text<'a> {
    /// Text that stands for itself, as in a binary header.
    pub(crate) const fn plain(raw: &'a [u8]) -> Self {
        Self { raw, kind: Kind::Plain }
    }

    /// The text with its escapes replaced, not checked to be UTF-8: for comparing with names, and for numbers.
    #[inline(always)]
    pub(crate) fn bytes(self) -> Cow<'a, [u8]> {
        if matches!(self.kind, Kind::Escaped) {
            Cow::Owned(unescape(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }

    /// The text. What is not UTF-8, or half a surrogate pair, becomes U+FFFD.
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self.bytes() {
            Cow::Borrowed(bytes) => repair(bytes),
            Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => repair(error.as_bytes()).into_owned(),
            }),
        }
    }
}

/// The bytes as text, borrowed when they are UTF-8.
pub(crate) fn repair(bytes: &[u8]) -> Cow<'_, str> {
    // Asking for plain UTF-8 first takes a third of the time.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Any JSON value, as a piece of the input. A plain struct, since it is copied a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(super) raw: &'a [u8],
    pub(super) kind: Kind,
}

/// What a [`Value`] is. As wide as a pointer: with a narrow tag, copying the struct around it reads across what was
/// just written, and waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Kind {
    /// `null`.
    Null,
    /// A string without escapes, its quotes taken off.
    Plain,
    /// A string with escapes, its quotes taken off.
    Escaped,
    /// A number, `true` or `false`.
    Bare,
    /// An object or array.
    Nested,
}

impl<'a> Value<'a> {
    /// No value.
    pub(crate) const NULL: Self = Self { raw: &[], kind: Kind::Null };

    /// Whether it is no value.
    #[inline(always)]
    pub(crate) fn is_null(self) -> bool {
        self.kind == Kind::Null
    }

    /// A string.
    #[inline(always)]
    pub(crate) const fn string(text: Text<'a>) -> Self {
        Self { raw: text.raw, kind: text.kind }
    }

    /// The value as text: strings without quotes and escapes, all else as written. `None` for `null`.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        self.as_text().map(Text::text)
    }

    /// The value as bytes, see [`Text::bytes`].
    pub(crate) fn bytes(self) -> Option<Cow<'a, [u8]>> {
        self.as_text().map(Text::bytes)
    }

    fn as_text(self) -> Option<Text<'a>> {
        (self.kind != Kind::Null).then_some(Text { raw: self.raw, kind: self.kind })
    }

    /// An integer, written as a number or as a string. `None` for `null`; `name` goes into the error.
    #[inline]
    pub(crate) fn i64(self, name: &'static str) -> Result<Option<i64>, DecodeError> {
        let number = match self.kind {
            Kind::Null => return Ok(None),
            Kind::Escaped => number::parse(&unescape(self.raw)),
            Kind::Plain | Kind::Bare | Kind::Nested => number::parse(self.raw),
        };
        number.map(Some).ok_or(DecodeError::Number(name))
    }

    /// As [`Value::i64`], and small enough.
    pub(crate) fn i32(self, name: &'static str) -> Result<Option<i32>, DecodeError> {
        let Some(value) = self.i64(name)? else { return Ok(None) };
        i32::try_from(value).map(Some).map_err(|_| DecodeError::Number(name))
    }
}

/// Replaces the escapes of a checked literal. The result is never longer than the input.
#[cold]
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(stop) = rest.iter().position(|byte| *byte == b'\\') {
        let Some((plain, escape)) = rest.split_at_checked(stop) else { break };
        out.extend_from_slice(plain);
        rest = match escape {
            [_, b'u', a, b, c, d, after @ ..] => code_unit(&mut out, hex([*a, *b, *c, *d]), after),
            [_, letter, after @ ..] => {
                out.push(match letter {
                    b'b' => 0x08,
                    b'f' => 0x0C,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    other => *other,
                });
                after
            }
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Appends the character that starts with the UTF-16 `unit`, the second half of a pair taken from `after`.
fn code_unit<'a>(out: &mut Vec<u8>, unit: u32, after: &'a [u8]) -> &'a [u8] {
    let (character, rest) = match (unit, after) {
        (0xD800..0xDC00, [b'\\', b'u', a, b, c, d, rest @ ..]) => match hex([*a, *b, *c, *d]) {
            low @ 0xDC00..0xE000 => (0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), rest),
            _ => (unit, after),
        },
        _ => (unit, after),
    };
    let character = char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn hex(digits: [u8; 4]) -> u32 {
    digits.into_iter().fold(0, |value, digit| value << 4 | char::from(digit).to_digit(16).unwrap_or_default())
}
