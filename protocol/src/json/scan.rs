//! One forward pass over JSON text, which checks its structure and hands out pieces of it.

use super::value::{Kind, Text, Value};
use crate::DecodeError;

/// Levels of nesting in one value. Java's deepest body, a static topic's route, has five.
const DEPTH_MAX: usize = 32;

/// Why the scanner stops. Smaller than the error it becomes, and as wide as a pointer for the same reason as [`Kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Stop {
    /// Not JSON.
    Malformed,
    /// JSON, but nested too deeply.
    TooDeep,
}

impl From<Stop> for DecodeError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Malformed => Self::Json,
            Stop::TooDeep => Self::TooDeep,
        }
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
    #[inline(always)]
    pub(crate) fn members(
        &mut self,
        member: impl FnMut(Text<'a>, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.members_or(member)
    }

    /// Walks an array: `item` must consume one value each time.
    pub(crate) fn items(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.items_or(item)
    }

    /// [`Scanner::members`] for any error.
    #[inline(always)]
    pub(crate) fn members_or<E: From<Stop>>(
        &mut self,
        mut member: impl FnMut(Text<'a>, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
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

    /// [`Scanner::items`] for any error.
    fn items_or<E: From<Stop>>(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
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
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Stop> {
        match self.next_byte() {
            Some(b'"') => Ok(Value::string(self.string()?)),
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

    /// Consumes an integer, see [`Value::i32`].
    #[inline(always)]
    pub(crate) fn i32(&mut self, name: &'static str) -> Result<Option<i32>, DecodeError> {
        let mut value = 0;
        // Nine digits fit; what is longer, or no plain number, goes the long way.
        for (digits, byte) in self.rest().iter().take(10).enumerate() {
            match byte {
                b'0'..=b'9' if digits < 9 => value = value * 10 + i32::from(byte - b'0'),
                b',' | b'}' if digits > 0 => {
                    self.at += digits;
                    return Ok(Some(value));
                }
                _ => break,
            }
        }
        self.value()?.i32(name)
    }

    /// What was consumed from `start` on.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.at).unwrap_or_default()
    }

    /// Only white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        if self.next_byte().is_none() { Ok(()) } else { Err(Stop::Malformed) }
    }

    /// Consumes `byte`, and white space before it, if that is next.
    #[inline(always)]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.next_byte() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Consumes `byte`, which must be next.
    #[inline(always)]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.take(byte) { Ok(()) } else { Err(Stop::Malformed) }
    }

    /// Consumes a string literal.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Stop> {
        self.expect(b'"')?;
        let start = self.at;
        let end = start + plain_length(self.rest());
        if self.input.get(end) != Some(&b'"') {
            return self.string_with_escapes(start);
        }
        self.at = end + 1;
        Ok(Text { raw: self.input.get(start..end).unwrap_or_default(), kind: Kind::Plain })
    }

    #[cold]
    #[inline(never)]
    fn string_with_escapes(&mut self, start: usize) -> Result<Text<'a>, Stop> {
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
                _ => return Err(Stop::Malformed),
            };
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(Text { raw, kind: Kind::Escaped })
    }

    fn nested(&mut self) -> Result<Value<'a>, Stop> {
        let start = self.at;
        if self.next_byte() == Some(b'{') {
            self.members_or(|_, scanner| scanner.value().map(drop))?;
        } else {
            self.items_or(|scanner| scanner.value().map(drop))?;
        }
        Ok(Value { raw: self.since(start), kind: Kind::Nested })
    }

    fn bare(&mut self) -> Result<Value<'a>, Stop> {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let rest = self.rest();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let more = rest.iter().skip(digits).take_while(|byte| word(byte)).count();
        let raw = rest.get(..digits + more).unwrap_or_default();
        let kind = match raw {
            number if digits > 0 && more == 0 || is_number(number) => Kind::Bare,
            b"null" => Kind::Null,
            b"true" | b"false" => Kind::Bare,
            _ => return Err(Stop::Malformed),
        };
        self.at += raw.len();
        Ok(Value { raw, kind })
    }

    #[inline(always)]
    fn enter(&mut self, open: u8) -> Result<(), Stop> {
        self.expect(open)?;
        if self.depth == DEPTH_MAX {
            return Err(Stop::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Goes over white space to the byte behind it.
    #[inline(always)]
    fn next_byte(&mut self) -> Option<u8> {
        match self.input.get(self.at) {
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip_space(),
            byte => byte.copied(),
        }
    }

    #[cold]
    #[inline(never)]
    fn skip_space(&mut self) -> Option<u8> {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.input.get(self.at).copied()
    }
}

/// How many bytes come before the first quote or backslash. Eight are looked at together, since most of a header lies
/// inside strings.
#[inline(always)]
fn plain_length(input: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bit of each byte that is zero, and perhaps of bytes behind the first such one.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut rest = input;
    while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let found = (zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5C))) & (ONES << 7);
        if found != 0 {
            return input.len() - rest.len() + (found.trailing_zeros() / 8) as usize;
        }
        rest = behind;
    }
    let in_tail = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count();
    input.len() - rest.len() + in_tail
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

#[cfg(test)]
mod tests;
