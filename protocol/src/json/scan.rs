//! One forward pass over JSON text. The scanner checks structure and hands out pieces of the input; nothing is copied
//! until somebody asks for the text of a string that has escapes.

use crate::{DecodeError, number};
use std::borrow::Cow;

/// Levels of nesting in one value. Java's deepest body, a static topic's route, has five.
const DEPTH_MAX: usize = 32;

/// A string literal without its quotes. Escapes are checked but not yet replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// Text that stands for itself, as in a binary header.
    pub(crate) const fn plain(raw: &'a [u8]) -> Self {
        Self { raw, escaped: false }
    }

    /// The text with its escapes replaced, not checked to be UTF-8: for comparing with names and for numbers.
    #[inline]
    pub(crate) fn bytes(self) -> Cow<'a, [u8]> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
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

/// Any JSON value, as a piece of the input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// `null`.
    Null,
    /// A string.
    Text(Text<'a>),
    /// A number, `true` or `false`, as written.
    Bare(&'a [u8]),
    /// An object or array, as written.
    Nested(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The value as text: strings without quotes and escapes, all else as written. `None` for `null`.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.text()),
            Self::Bare(raw) | Self::Nested(raw) => Some(repair(raw)),
        }
    }

    /// The value as bytes, see [`Text::bytes`].
    pub(crate) fn bytes(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.bytes()),
            Self::Bare(raw) | Self::Nested(raw) => Some(Cow::Borrowed(raw)),
        }
    }

    /// An integer, written as a number or as a string. `None` for `null`; `name` goes into the error.
    pub(crate) fn i64(self, name: &'static str) -> Result<Option<i64>, DecodeError> {
        let Some(text) = self.bytes() else { return Ok(None) };
        number::parse(&text).map(Some).ok_or(DecodeError::Number(name))
    }

    /// As [`Value::i64`], and small enough.
    pub(crate) fn i32(self, name: &'static str) -> Result<Option<i32>, DecodeError> {
        let Some(value) = self.i64(name)? else { return Ok(None) };
        i32::try_from(value).map(Some).map_err(|_| DecodeError::Number(name))
    }
}

/// The place reached in some JSON text. What is inlined is the way of all headers without white space and escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    input: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, depth: 0 }
    }

    /// Walks an object: `member` gets each name and must consume its value.
    #[inline]
    pub(crate) fn members(
        &mut self,
        mut member: impl FnMut(Text<'a>, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.enter(b'{')?;
        if !self.take(b'}') {
            loop {
                let name = self.string()?;
                self.expect(b':')?;
                member(name, self)?;
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Walks an array: `item` must consume one value each time.
    pub(crate) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.enter(b'[')?;
        if !self.take(b']') {
            loop {
                item(self)?;
                if !self.take(b',') {
                    break;
                }
            }
            self.expect(b']')?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Consumes one value of any kind.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, DecodeError> {
        match self.next_byte() {
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'{' | b'[') => self.nested(),
            _ => self.bare(),
        }
    }

    /// Consumes `null` if that is next: for members whose value would otherwise be walked.
    pub(crate) fn take_null(&mut self) -> bool {
        self.next_byte();
        let found = self.rest().starts_with(b"null");
        if found {
            self.at += 4;
        }
        found
    }

    /// Where the next value starts, for [`Scanner::since`].
    pub(crate) fn start(&mut self) -> usize {
        self.next_byte();
        self.at
    }

    /// What was consumed from `start` on.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.at).unwrap_or_default()
    }

    /// Only white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), DecodeError> {
        if self.next_byte().is_none() { Ok(()) } else { Err(self.error()) }
    }

    /// Consumes `byte`, and white space before it, if that is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.next_byte() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Consumes `byte`, which must be next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), DecodeError> {
        if self.take(byte) { Ok(()) } else { Err(self.error()) }
    }

    /// Consumes a string literal.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, DecodeError> {
        self.expect(b'"')?;
        let start = self.at;
        let end = start + plain_length(self.rest());
        if self.input.get(end) != Some(&b'"') {
            return self.string_with_escapes(start);
        }
        self.at = end + 1;
        Ok(Text { raw: self.input.get(start..end).unwrap_or_default(), escaped: false })
    }

    #[cold]
    fn string_with_escapes(&mut self, start: usize) -> Result<Text<'a>, DecodeError> {
        loop {
            self.at += plain_length(self.rest());
            self.at += match self.rest() {
                [b'"', ..] => break,
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    6
                }
                _ => return Err(self.error()),
            };
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(Text { raw, escaped: true })
    }

    fn nested(&mut self) -> Result<Value<'a>, DecodeError> {
        let start = self.at;
        if self.next_byte() == Some(b'{') {
            self.members(|_, scanner| scanner.value().map(drop))?;
        } else {
            self.items(|scanner| scanner.value().map(drop))?;
        }
        Ok(Value::Nested(self.since(start)))
    }

    fn bare(&mut self) -> Result<Value<'a>, DecodeError> {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let rest = self.rest();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let more = rest.iter().skip(digits).take_while(|byte| word(byte)).count();
        let raw = rest.get(..digits + more).unwrap_or_default();
        let value = match raw {
            number if digits > 0 && more == 0 || is_number(number) => Value::Bare(raw),
            b"null" => Value::Null,
            b"true" | b"false" => Value::Bare(raw),
            _ => return Err(self.error()),
        };
        self.at += raw.len();
        Ok(value)
    }

    #[inline]
    fn enter(&mut self, open: u8) -> Result<(), DecodeError> {
        self.expect(open)?;
        if self.depth == DEPTH_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Goes over white space to the byte behind it.
    #[inline]
    fn next_byte(&mut self) -> Option<u8> {
        match self.input.get(self.at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip_space(),
            byte => byte.copied(),
        }
    }

    #[cold]
    fn skip_space(&mut self) -> Option<u8> {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.input.get(self.at).copied()
    }

    #[cold]
    fn error(&self) -> DecodeError {
        DecodeError::Json { at: self.at }
    }
}

/// How many bytes come before the first quote or backslash. Eight are looked at together, since most of a header lies
/// inside strings.
#[inline]
fn plain_length(input: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bit of each byte that is zero, and perhaps of bytes behind the first such one.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let (chunks, tail) = input.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5C));
        if found != 0 {
            // Below 8, so every usize holds it.
            return index * 8 + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
        }
    }
    let in_tail = tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
    input.len() - tail.len() + in_tail
}

/// JSON's number grammar, leading zeros allowed.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut exponent = text.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let mut fraction = exponent.next().unwrap_or_default().splitn(2, |byte| *byte == b'.');
    let signless = |text: &'_ [u8]| -> bool {
        let text = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        digits(text)
    };
    fraction.next().is_some_and(digits)
        && fraction.next().is_none_or(digits)
        && exponent.next().is_none_or(signless)
}

/// Replaces the escapes of a checked literal. The result is never longer than the input.
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

#[cfg(test)]
mod tests;
