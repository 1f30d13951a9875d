//! What the sink must know of a request, read in one pass over its header. A header of unusual shape is nobody's
//! concern here: `None` leaves it to the protocol crate.

use protocol::HeaderFormat;
use protocol::codes::RPC_TYPE_ONEWAY;
use protocol::json::plain_length;

/// The few values of a header that an answer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) code: i32,
    pub(crate) opaque: i32,
    pub(crate) flag: i32,
    /// `e` among short field names, `queueId` among long ones.
    pub(crate) queue_id: Option<i32>,
}

impl Head {
    pub(crate) const fn is_oneway(&self) -> bool {
        self.flag & RPC_TYPE_ONEWAY != 0
    }
}

/// Reads a header.
pub(crate) fn scan(format: HeaderFormat, header: &[u8]) -> Option<Head> {
    match format {
        HeaderFormat::Json => scan_json(header),
        HeaderFormat::RocketMq => scan_binary(header),
    }
}

fn is_queue_id(name: &[u8]) -> bool {
    matches!(name, b"e" | b"queueId")
}

/// The layout of `RocketMQSerializable`. Fields behind the queue id are not looked at.
fn scan_binary(header: &[u8]) -> Option<Head> {
    let (code, rest) = header.split_first_chunk::<2>()?;
    let (_language_and_version, rest) = rest.split_first_chunk::<3>()?;
    let (opaque, rest) = rest.split_first_chunk::<4>()?;
    let (flag, rest) = rest.split_first_chunk::<4>()?;
    let (remark_len, rest) = rest.split_first_chunk::<4>()?;
    let rest = rest.get(usize::try_from(u32::from_be_bytes(*remark_len)).ok()?..)?;
    let (fields_len, rest) = rest.split_first_chunk::<4>()?;
    let mut fields = rest.get(..usize::try_from(u32::from_be_bytes(*fields_len)).ok()?)?;
    let mut queue_id = None;
    while !fields.is_empty() && queue_id.is_none() {
        let (name_len, rest) = fields.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*name_len)))?;
        let (value_len, rest) = rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*value_len)).ok()?)?;
        if is_queue_id(name) {
            let mut scanner = Scanner { rest: value };
            queue_id = Some(scanner.digits()?);
            if !scanner.rest.is_empty() {
                return None;
            }
        }
        fields = rest;
    }
    Some(Head {
        code: i16::from_be_bytes(*code).into(),
        opaque: i32::from_be_bytes(*opaque),
        flag: i32::from_be_bytes(*flag),
        queue_id,
    })
}

fn scan_json(header: &[u8]) -> Option<Head> {
    let mut scanner = Scanner { rest: header };
    let (mut code, mut opaque, mut flag, mut queue_id) = (None, None, 0, None);
    scanner.expect(b'{')?;
    loop {
        let name = scanner.string()?;
        scanner.expect(b':')?;
        match name {
            b"code" => code = Some(scanner.number()?),
            b"opaque" => opaque = Some(scanner.number()?),
            b"flag" => flag = scanner.number()?,
            b"extFields" => queue_id = scanner.queue_id()?,
            _ => scanner.skip()?,
        }
        if !scanner.take(b',') {
            break;
        }
    }
    scanner.expect(b'}')?;
    Some(Head { code: code?, opaque: opaque?, flag, queue_id })
}

/// The rest of a JSON text.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Walks the fields, or `null`.
    fn queue_id(&mut self) -> Option<Option<i32>> {
        let mut found = None;
        if self.peek()? != b'{' {
            self.skip()?;
            return Some(None);
        }
        self.expect(b'{')?;
        if self.take(b'}') {
            return Some(None);
        }
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            if is_queue_id(name) {
                found = Some(self.number()?);
            } else {
                self.skip()?;
            }
            if !self.take(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        Some(found)
    }

    /// Goes over white space to the byte behind it.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest {
                [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] => self.rest = rest,
                [byte, ..] => return Some(*byte),
                [] => return None,
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.advance(1);
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// A string as it lies there, its escapes not resolved.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let text = self.rest;
        loop {
            self.advance(plain_length(self.rest));
            match self.rest {
                [b'"', ..] => break,
                [b'\\', _, ..] => self.advance(2),
                _ => return None,
            }
        }
        let found = text.get(..text.len() - self.rest.len());
        self.advance(1);
        found
    }

    /// A number, which as a field stands in quotes.
    fn number(&mut self) -> Option<i32> {
        let quoted = self.take(b'"');
        let number = self.digits()?;
        if quoted {
            self.expect(b'"')?;
        }
        Some(number)
    }

    fn digits(&mut self) -> Option<i32> {
        let negative = self.take(b'-');
        let mut value = 0_i64;
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=10).contains(&count) {
            return None;
        }
        for byte in self.rest.get(..count)? {
            value = value * 10 + i64::from(byte - b'0');
        }
        self.advance(count);
        i32::try_from(if negative { -value } else { value }).ok()
    }

    /// Goes over one value of any kind.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.advance(1);
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.advance(1);
                }
                b',' | b':' if depth > 0 => {
                    self.advance(1);
                    continue;
                }
                _ => self.skip_bare()?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_bare(&mut self) -> Option<()> {
        let word = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let count = self.rest.iter().take_while(word).count();
        self.advance(count);
        (count > 0).then_some(())
    }
}

#[cfg(test)]
mod tests;
