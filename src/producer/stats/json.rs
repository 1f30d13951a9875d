//! Writes JSON. Names of members are the library's own, texts are whatever a peer may have sent. Not inlined: there are
//! many members, and none of them is in a hurry.

use std::fmt::Write;

/// The largest number up to which every reader of JSON has all integers.
const EXACT_MAX: i64 = (1 << 53) - 1;

/// An object that is being written, or part of it.
#[derive(Default)]
pub(super) struct Json {
    text: String,
    /// The object or list that is open has something in it.
    follows: bool,
}

impl Json {
    /// An object with what `fill` puts into it.
    pub(super) fn of(fill: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.open('{');
        fill(&mut json);
        json.close('}');
        json.text
    }

    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.open_named(name, '{');
        fill(self);
        self.close('}');
    }

    /// A list of objects, each with what `fill` puts into it.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Self, T),
    ) {
        self.open_named(name, '[');
        for item in items {
            self.comma();
            self.open('{');
            fill(self, item);
            self.close('}');
        }
        self.close(']');
    }

    /// As many numbers as there are names, which stand between blanks: one text takes a tenth of the room of a table.
    #[inline(never)]
    pub(super) fn counts(&mut self, names: &str, values: &[u64]) {
        debug_assert_eq!(names.split(' ').count(), values.len(), "{names}");
        for (name, value) in names.split(' ').zip(values) {
            self.count(name, *value);
        }
    }

    #[inline(never)]
    pub(super) fn count(&mut self, name: &str, value: u64) {
        self.number(name, i64::try_from(value).unwrap_or(EXACT_MAX));
    }

    /// The same for what is in memory.
    pub(super) fn size(&mut self, name: &str, value: usize) {
        self.count(name, value as u64);
    }

    #[inline(never)]
    pub(super) fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        // Into a string, which never fails.
        let _ = write!(self.text, "{}", value.clamp(-EXACT_MAX, EXACT_MAX));
    }

    #[inline(never)]
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote(value);
    }

    #[inline(never)]
    fn name(&mut self, name: &str) {
        self.comma();
        self.quote(name);
        self.text.push(':');
    }

    #[inline(never)]
    fn comma(&mut self) {
        if std::mem::replace(&mut self.follows, true) {
            self.text.push(',');
        }
    }

    #[inline(never)]
    fn open_named(&mut self, name: &str, bracket: char) {
        self.name(name);
        self.open(bracket);
    }

    #[inline(never)]
    fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.follows = false;
    }

    #[inline(never)]
    fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.follows = true;
    }

    #[inline(never)]
    fn quote(&mut self, value: &str) {
        self.text.push('"');
        let mut written = 0;
        for (at, byte) in value.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            // None of these is part of a longer character.
            self.text.push_str(value.get(written..at).unwrap_or_default());
            // Into a string, which never fails.
            let _ = write!(self.text, "\\u{byte:04x}");
            written = at + 1;
        }
        self.text.push_str(value.get(written..).unwrap_or_default());
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_from_a_reader_of_json() {
        let every = (0..=0x1_0fff).filter_map(char::from_u32).collect::<String>();
        for text in ["", "plain", "a\"b\\c/d", "\0\x01\x1f\x7f\u{2028}\u{fffd}", "主题 – 🚀", &every] {
            let json = Json::of(|json| json.text("t", text));
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(read["t"], text);
            assert!(!json.bytes().any(|byte| byte < 0x20), "no NUL and no line break for C");
        }
    }

    #[test]
    fn objects_lists_and_numbers_stand_as_they_were_put() {
        let json = Json::of(|json| {
            json.object("empty", |_| {});
            json.list("none", [0; 0], |_, _| {});
            json.list("two", [1, 2], |json, n| json.number("n", n));
            json.count("huge", u64::MAX);
            json.number("least", i64::MIN);
            json.size("s", 7);
        });
        let expected = r#"{"empty":{},"none":[],"two":[{"n":1},{"n":2}],"huge":9007199254740991,"least":-9007199254740991,"s":7}"#;
        assert_eq!(json, expected);
    }
}
