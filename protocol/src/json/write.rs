//! Writing JSON strings.

/// Bytes that one byte of text can become: `\u00XX`.
pub(crate) const ESCAPED_BYTES_MAX: usize = 6;

/// Appends `text` as a string literal.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Appends the inside of a string literal. Control characters go out as `\u00XX`, the form Java's encoder uses; all
/// else but the quote and the backslash as UTF-8.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let plain = match rest.first_chunk() {
            Some(chunk) => {
                // All eight, of which some may be taken back: that costs less than to copy just some.
                let plain = plain_bytes(*chunk);
                out.extend_from_slice(chunk);
                out.truncate(out.len() - (CHUNK_BYTES - plain));
                plain
            }
            None => {
                let plain = rest.iter().take_while(|byte| !is_special(**byte)).count();
                out.extend_from_slice(rest.get(..plain).unwrap_or_default());
                plain
            }
        };
        rest = match rest.get(plain..).unwrap_or_default() {
            [special, after @ ..] if plain < CHUNK_BYTES => {
                escape_byte(out, *special);
                after
            }
            behind => behind,
        };
    }
}

/// Bytes that are looked at together.
const CHUNK_BYTES: usize = 8;

/// How many bytes come before the first that has to be escaped.
#[inline]
fn plain_bytes(chunk: [u8; CHUNK_BYTES]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(chunk);
    // The high bit of each byte below `limit`, and perhaps of bytes behind the first such one.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let found = below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5C), 1);
    ((found & (ONES << 7)).trailing_zeros() / 8) as usize
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\')
}

#[inline]
fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        // Properties have two of these each.
        0x01 => out.extend_from_slice(b"\\u0001"),
        0x02 => out.extend_from_slice(b"\\u0002"),
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        control => {
            let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(control >> 4), digit(control & 0xF)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::string;

    #[test]
    fn every_character_survives_another_reader() {
        let text: String = (0..=0x2030).chain(0xFFF0..0x1_0010).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        string(&mut out, &text);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn what_is_escaped_is_found_at_any_place() {
        for special in ['"', '\\', '\u{1}', '\u{2}', '\0', '\u{1f}'] {
            for (before, after) in (0..20).flat_map(|before| (0..20).map(move |after| (before, after))) {
                let text = format!(
                    "{}{special}{}",
                    "\u{7f}é!#[ ".chars().cycle().take(before).collect::<String>(),
                    "é/".repeat(after)
                );
                let mut out = Vec::new();
                string(&mut out, &text);
                assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            }
        }
    }

    #[test]
    fn separators_are_written_as_java_writes_them() {
        let mut out = Vec::new();
        string(&mut out, "a\u{1}b\u{2}\"\\\u{1f}");
        assert_eq!(out, br#""a\u0001b\u0002\"\\\u001f""#);
    }
}
