//! Integers as decimal text without an allocation.

/// So many digits always fit.
const DIGITS_SAFE: usize = 18;

/// Appends `value` in decimal.
#[inline]
pub fn append(out: &mut Vec<u8>, value: i64) {
    if let Ok(digit @ 0..=9) = u8::try_from(value) {
        return out.push(b'0' + digit);
    }
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    if value < EIGHT_DIGITS {
        append_short(out, value);
    } else {
        append_long(out, value);
    }
}

/// Appends a number of at most eight digits.
#[inline(always)]
fn append_short(out: &mut Vec<u8>, value: u64) {
    // All eight, of which the leading zeros are pushed out, and as many are taken back: that costs less than to copy
    // just some. A zero keeps its last digit.
    let digits = eight_digits(value);
    let zeros = (digits | 1 << 56).trailing_zeros() & !7;
    out.extend_from_slice(&((digits | (ONES * 0x30)) >> zeros).to_le_bytes());
    out.truncate(out.len() - (zeros / 8) as usize);
}

/// Appends a number of more digits.
#[inline(never)]
fn append_long(out: &mut Vec<u8>, value: u64) {
    let (high, low) = (value / EIGHT_DIGITS, value % EIGHT_DIGITS);
    if high < EIGHT_DIGITS {
        append_short(out, high);
    } else {
        append_long(out, high);
    }
    out.extend_from_slice(&(eight_digits(low) | (ONES * 0x30)).to_le_bytes());
}

/// One more than the largest number of eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;

/// Each byte is one.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The eight digits of a number below [`EIGHT_DIGITS`], the first one in the lowest byte.
const fn eight_digits(value: u64) -> u64 {
    // The number is cut into two halves of 32 bits, these into halves of 16 bits, and these into digits of eight. To
    // multiply and shift is to divide, exact as far as the numbers go.
    let halves = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | ((pairs - tens * 10) << 8)
}

/// Reads a decimal integer: an optional minus sign and digits, nothing else.
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_i64;
    if digits.len() <= DIGITS_SAFE {
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + i64::from(digit - b'0');
        }
        return Some(if negative { -value } else { value });
    }
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        let digit = i64::from(digit - b'0');
        // Counting downwards reaches i64::MIN, which has no positive twin.
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// The number that up to eight digits at the start of `text` make, and how many digits there are.
#[inline(always)]
pub(crate) fn first_eight(text: [u8; 8]) -> (i64, usize) {
    let word = u64::from_le_bytes(text) ^ (ONES * 0x30);
    // The high bit of each byte that is no digit, and perhaps of bytes behind the first such one.
    let others = (word.wrapping_add(ONES * 0x76) | word) & (ONES * 0x80);
    let bits = others.trailing_zeros() & !7;
    // Leading zeros take the place of what follows the digits.
    let word = word.checked_shl(u64::BITS - bits).unwrap_or_default();
    // Neighbours are joined to pairs, pairs to fours, fours to the number.
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    let number = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF;
    (number.cast_signed(), (bits / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::{append, eight_digits, first_eight, parse};

    #[test]
    fn reads_up_to_eight_digits_at_once() {
        for text in [
            "12345678",
            "1234567,",
            "90,45678",
            "0}123456",
            "5/5:5;5a",
            ",1234567",
            "7\u{0}7777",
            "\u{e9}234",
        ] {
            let digits = text.bytes().take(8).take_while(u8::is_ascii_digit).count();
            let number = text[..digits].parse().unwrap_or(0);
            let text: [u8; 8] = (text.to_owned() + "9999").as_bytes()[..8].try_into().unwrap();
            assert_eq!(first_eight(text), (number, digits));
        }
    }

    #[test]
    fn writes_and_reads_the_edges() {
        let powers = (0..19).map(|exponent| 10_i64.pow(exponent));
        let edges = powers.flat_map(|power| [power - 1, power, power + 1, power * 7 / 3, -power, 1 - power]);
        for value in edges.chain([1_583_000_000_123, i64::MAX, i64::MIN]) {
            let mut out = Vec::new();
            append(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
            assert_eq!(parse(&out), Some(value));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "ten thousand numbers are slow there")]
    fn every_half_of_eight_digits_is_written() {
        for half in 0..10_000_u64 {
            for value in [half, half * 10_000, half * 10_000 + 9_999 - half] {
                let text: Vec<u8> = format!("{value:08}").bytes().map(|digit| digit - b'0').collect();
                assert_eq!(eight_digits(value).to_le_bytes(), text[..]);
            }
        }
    }

    #[test]
    fn refuses_what_is_no_integer() {
        for text in
            ["", "-", "+1", "1.0", "1e3", " 1", "1 ", "9223372036854775808", "-9223372036854775809", "٣"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
