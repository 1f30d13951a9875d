//! The little JSON that RocketMQ speaks: a forward scanner, a writer of strings, and the repair of what name servers
//! send instead of JSON.

pub(crate) mod plain;
pub(crate) mod scan;
pub(crate) mod value;
pub(crate) mod write;

pub use plain::length as plain_length;

use std::borrow::Cow;

/// Puts quotes around integer keys. Name servers write `{0:"10.0.0.1:10911"}` before 4.9.4, and 5.x ones do again
/// when zone mode is on (`ZoneRouteRPCHook`). A key is a run of digits, perhaps after a minus sign, that follows `{`
/// or `,` and precedes `:`, outside string literals. Input that needs no repair is handed back as it is; input that is
/// no JSON at all stays no JSON.
#[must_use]
pub fn quote_integer_keys(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    // `copied` bytes of the input are in `out`; the rest up to `at` is to be copied as it is.
    let mut copied = 0;
    let mut at = 0;
    let mut key_may_follow = false;
    while let Some(byte) = input.get(at) {
        match byte {
            b'"' => at += string_length(input.get(at..).unwrap_or_default()),
            b'-' | b'0'..=b'9' if key_may_follow => {
                let key = integer_key_length(input.get(at..).unwrap_or_default());
                if let (Some(key), Some(plain)) = (key, input.get(copied..at)) {
                    out.extend_from_slice(plain);
                    out.push(b'"');
                    out.extend_from_slice(input.get(at..at + key).unwrap_or_default());
                    out.push(b'"');
                    at += key;
                    copied = at;
                } else {
                    at += 1;
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            _ => at += 1,
        }
        key_may_follow = matches!(byte, b'{' | b',');
    }
    if copied == 0 {
        return Cow::Borrowed(input);
    }
    out.extend_from_slice(input.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Bytes of the string literal at the start of `input`, quotes included; all of it when it does not end.
fn string_length(input: &[u8]) -> usize {
    let mut escaped = false;
    let end = input.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(input.len(), |end| end + 2)
}

/// Bytes of the integer at the start of `input` if a colon follows it.
fn integer_key_length(input: &[u8]) -> Option<usize> {
    let sign = usize::from(input.first() == Some(&b'-'));
    let digits = input.iter().skip(sign).take_while(|byte| byte.is_ascii_digit()).count();
    let mut after = input.iter().skip(sign + digits).skip_while(|byte| byte.is_ascii_whitespace());
    (digits > 0 && after.next() == Some(&b':')).then_some(sign + digits)
}

#[cfg(test)]
mod tests;
