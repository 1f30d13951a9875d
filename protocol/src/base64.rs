//! URL-safe base64 (RFC 4648, 5), as `java.util.Base64` reads and writes it. Handles of messages are all that needs it, too
//! little for a library.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// With padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        for (slot, byte) in group.iter_mut().skip(1).zip(chunk) {
            *slot = *byte;
        }
        let group = u32::from_be_bytes(group);
        for digit in 0..4 {
            let value = group >> (18 - 6 * digit) & 0x3F;
            let symbol = ALPHABET.get(value as usize).filter(|_| digit <= chunk.len());
            text.push(symbol.map_or('=', |symbol| char::from(*symbol)));
        }
    }
    text
}

/// Padding may be left out, but not be wrong.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let symbols = match text {
        [symbols @ .., b'=', b'='] if text.len().is_multiple_of(4) => symbols,
        [symbols @ .., b'='] if text.len().is_multiple_of(4) => symbols,
        symbols => symbols,
    };
    if symbols.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(symbols.len().div_ceil(4) * 3).ok()?;
    for chunk in symbols.chunks(4) {
        let mut group = 0;
        for symbol in chunk {
            group = group << 6 | u32::from(value(*symbol)?);
        }
        let [_, group @ ..] = (group << (6 * (4 - chunk.len()))).to_be_bytes();
        bytes.extend(group.into_iter().take(chunk.len() - 1));
    }
    Some(bytes)
}

const fn value(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a' + 26),
        b'0'..=b'9' => Some(symbol - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    /// Origin: RFC 4648, 10.
    #[test]
    fn the_standards_examples_go_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            for text in [text, text.trim_end_matches('=')] {
                assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for start in 0..all.len() {
            let text = encode(&all[start..]);
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(&all[start..]));
        }
        assert_eq!(encode(&[0xFB, 0xFF, 0xBF]), "-_-_");
    }

    #[test]
    fn wrong_symbols_lengths_and_padding_are_refused() {
        for text in [
            "Z", "Zm9vY", "Zm9+", "Zm9/", "Zm8\n", " Zm9v", "Zg=", "Zg===", "====", "Z===", "Zg==Zg==", "=",
            "Zm8==",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
