//! Integers as decimal text without an allocation.

/// `i64::MIN` has 19 digits and a sign.
const DIGITS_MAX: usize = 20;

/// So many digits always fit.
const DIGITS_SAFE: usize = 18;

/// Appends `value` in decimal.
pub(crate) fn append(out: &mut Vec<u8>, value: i64) {
    with_text(value, |text| out.extend_from_slice(text));
}

/// Hands the decimal text of `value` to `use_text`.
pub(crate) fn with_text<R>(value: i64, use_text: impl FnOnce(&[u8]) -> R) -> R {
    let mut buffer = [0_u8; DIGITS_MAX];
    let mut rest = value.unsigned_abs();
    let mut free = DIGITS_MAX;
    for slot in buffer.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        free -= 1;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        // 19 digits at most, so the sign's place exists.
        free = free.saturating_sub(1);
        if let Some(slot) = buffer.get_mut(free) {
            *slot = b'-';
        }
    }
    use_text(buffer.get(free..).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::{append, parse};

    #[test]
    fn writes_and_reads_the_edges() {
        for value in [0, 1, -1, 9, 10, 99, 100, -100, 1_583_000_000_123, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            append(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
            assert_eq!(parse(&out), Some(value));
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
