//! JSON as Java's encoder writes it: without white space, and here without escapes. Where text is written in another
//! way, these functions say `None`, and [`super::scan`] reads it from the start.

use crate::number;

/// A string literal at the start of `rest`: what is inside, and what follows.
#[inline(always)]
pub(crate) fn string(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = rest.strip_prefix(b"\"")?;
    match rest.split_at_checked(length(rest))? {
        (text, [b'"', rest @ ..]) => Some((text, rest)),
        _ => None,
    }
}

/// A number of some digits at the start of `rest`, and what follows.
#[inline(always)]
pub(crate) fn number(rest: &[u8]) -> Option<(i64, &[u8])> {
    let (value, count) = match (rest, rest.first_chunk()) {
        ([digit @ b'0'..=b'9', b',' | b'}', ..], _) => (i64::from(digit - b'0'), 1),
        (_, Some(text)) => number::first_eight(*text),
        _ => (0, 0),
    };
    match rest.get(count..)? {
        behind @ [b',' | b'}', ..] if count > 0 => Some((value, behind)),
        _ => long_number(rest),
    }
}

/// [`number`] at the end of the input, or of more than seven digits.
fn long_number(rest: &[u8]) -> Option<(i64, &[u8])> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (text, behind) = rest.split_at_checked(digits)?;
    // What follows the digits may belong to the number.
    matches!(behind, [b',' | b'}', ..]).then_some(())?;
    Some((number::parse(text)?, behind))
}

/// How many bytes come before the first quote or backslash. Eight are looked at together, since most of a header lies
/// inside strings.
#[must_use]
#[inline(always)]
pub fn length(input: &[u8]) -> usize {
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
