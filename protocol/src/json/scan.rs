//! One forward pass over JSON text, which checks its structure and hands out pieces of it.

use super::plain;
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

/// What is left of some JSON text. What servers mostly write is read by [`plain`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { rest: input, depth: 0 }
    }

    /// Walks an object: `member` gets each name and must consume its value.
    #[inline]
    pub(crate) fn members(
        &mut self,
        mut member: impl FnMut(Text<'a>, &mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.object(|scanner| {
            let name = scanner.name()?;
            member(name, scanner)
        })
    }

    /// Walks an array: `item` must consume one value each time.
    pub(crate) fn items(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.items_or(item)
    }

    /// Walks an object: `member` must consume one name and its value each time.
    #[inline]
    pub(crate) fn object<E: From<Stop>>(
        &mut self,
        mut member: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{')?;
        if !self.take(b'}') {
            loop {
                member(self)?;
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
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Stop> {
        match self.next_byte() {
            Some(b'"') => Ok(Value::string(self.string()?)),
            Some(b'{' | b'[') => self.nested(),
            _ => self.bare(),
        }
    }

    /// Consumes a member's name and the colon behind it.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Text<'a>, Stop> {
        let name = self.string()?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Consumes `null` if that is next: for members whose value would otherwise be walked.
    pub(crate) fn take_null(&mut self) -> bool {
        self.next_byte();
        let rest = self.rest.strip_prefix(b"null");
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What was consumed since `start` was all that was left.
    pub(crate) fn since(&self, start: &'a [u8]) -> &'a [u8] {
        start.get(..start.len().saturating_sub(self.rest.len())).unwrap_or_default()
    }

    /// What is left.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Only white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        if self.next_byte().is_none() { Ok(()) } else { Err(Stop::Malformed) }
    }

    /// Consumes `byte`, and white space before it, if that is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        match (self.next_byte(), self.rest) {
            (Some(next), [_, rest @ ..]) if next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Consumes `byte`, which must be next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.take(byte) { Ok(()) } else { Err(Stop::Malformed) }
    }

    /// Consumes a string literal.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Stop> {
        self.expect(b'"')?;
        match self.rest.split_at_checked(plain::length(self.rest)) {
            Some((raw, [b'"', rest @ ..])) => {
                self.rest = rest;
                Ok(Text { raw, kind: Kind::Plain })
            }
            _ => self.string_with_escapes(),
        }
    }

    #[cold]
    #[inline(never)]
    fn string_with_escapes(&mut self) -> Result<Text<'a>, Stop> {
        let start = self.rest;
        loop {
            self.skip(plain::length(self.rest));
            self.skip(match self.rest {
                [b'"', ..] => break,
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                [b'\\', b'u', a, b, c, d, ..]
                    if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) =>
                {
                    6
                }
                _ => return Err(Stop::Malformed),
            });
        }
        let raw = self.since(start);
        self.skip(1);
        Ok(Text { raw, kind: Kind::Escaped })
    }

    #[cold]
    #[inline(never)]
    fn nested(&mut self) -> Result<Value<'a>, Stop> {
        let start = self.rest;
        if self.next_byte() == Some(b'{') {
            self.object(|scanner| {
                scanner.name()?;
                scanner.value().map(drop)
            })?;
        } else {
            self.items_or(|scanner| scanner.value().map(drop))?;
        }
        Ok(Value { raw: self.since(start), kind: Kind::Nested })
    }

    fn bare(&mut self) -> Result<Value<'a>, Stop> {
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let more = self.rest.iter().skip(digits).take_while(|byte| word(byte)).count();
        let raw = self.rest.get(..digits + more).unwrap_or_default();
        let kind = match raw {
            number if digits > 0 && more == 0 || is_number(number) => Kind::Bare,
            b"null" => Kind::Null,
            b"true" | b"false" => Kind::Bare,
            _ => return Err(Stop::Malformed),
        };
        self.skip(raw.len());
        Ok(Value { raw, kind })
    }

    #[inline]
    fn enter(&mut self, open: u8) -> Result<(), Stop> {
        self.expect(open)?;
        if self.depth == DEPTH_MAX {
            return Err(Stop::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    /// Goes over `count` bytes that were looked at.
    #[inline]
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Goes over white space to the byte behind it.
    #[inline]
    fn next_byte(&mut self) -> Option<u8> {
        match self.rest.first() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip_space(),
            byte => byte.copied(),
        }
    }

    #[cold]
    #[inline(never)]
    fn skip_space(&mut self) -> Option<u8> {
        self.skip(self.rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count());
        self.rest.first().copied()
    }
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
