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
    while let Some(stop) = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        let Some((plain, [special, after @ ..])) = rest.split_at_checked(stop) else { break };
        out.extend_from_slice(plain);
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            control => {
                let high = b'0' + (control >> 4);
                let low = char::from_digit(u32::from(control & 0xF), 16).map_or(b'0', |digit| digit as u8);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
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
    fn separators_are_written_as_java_writes_them() {
        let mut out = Vec::new();
        string(&mut out, "a\u{1}b\u{2}\"\\\u{1f}");
        assert_eq!(out, br#""a\u0001b\u0002\"\\\u001f""#);
    }
}
