//! A log line as it is queued: one line of bounded length, and not the same one again and again.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use log::Level;

/// What is longer is cut: a broker's remark may have megabytes.
const TEXT_BYTES_MAX: usize = 4096;
/// The same line passes once in this time.
const PAUSE: Duration = Duration::from_secs(1);
/// Different lines that are remembered.
const KNOWN_MAX: usize = 128;

/// A line.
pub(super) struct Line {
    pub(super) level: Level,
    pub(super) target: String,
    pub(super) text: String,
}

impl Line {
    pub(super) fn new(record: &log::Record<'_>) -> Self {
        let mut text = OneLine(String::new());
        if write!(text, "{}", record.args()).is_err() {
            text.0.push('…');
        }
        Self { level: record.level(), target: record.target().to_owned(), text: text.0 }
    }

    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.level, &self.target, &self.text).hash(&mut hasher);
        hasher.finish()
    }
}

/// Takes text up to the limit. Control characters are shown, so that what others wrote begins no line of its own.
struct OneLine(String);

impl Write for OneLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.len() >= TEXT_BYTES_MAX {
                return Err(fmt::Error);
            }
            if character.is_control() {
                self.0.extend(character.escape_default());
            } else {
                self.0.push(character);
            }
        }
        Ok(())
    }
}

/// Which lines were there a moment ago.
pub(super) struct Repeats {
    /// The one that passed last is last.
    known: VecDeque<Known>,
    /// Left out, of lines that are not remembered any more.
    forgotten: u64,
}

struct Known {
    hash: u64,
    passed: Instant,
    /// Since then.
    left_out: u64,
}

impl Repeats {
    pub(super) const fn new() -> Self {
        Self { known: VecDeque::new(), forgotten: 0 }
    }

    /// The line unless it is left out. One that passes again says how many were left out in between.
    pub(super) fn admit(&mut self, mut line: Line, now: Instant) -> Option<Line> {
        let hash = line.hash();
        if let Some(known) = self.known.iter_mut().find(|known| known.hash == hash) {
            if now.saturating_duration_since(known.passed) < PAUSE {
                known.left_out += 1;
                return None;
            }
            if known.left_out > 0 {
                // Cannot fail: it is a String.
                let _ = write!(line.text, " ({} more like this were left out)", known.left_out);
            }
            self.known.retain(|known| known.hash != hash);
        }
        if self.known.len() >= KNOWN_MAX {
            self.forgotten += self.known.pop_front().map_or(0, |known| known.left_out);
        }
        self.known.push_back(Known { hash, passed: now, left_out: 0 });
        Some(line)
    }

    /// How many were left out that no line will tell, since the last call.
    pub(super) fn take_forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Record;

    fn line(text: &str) -> Line {
        Line::new(
            &Record::builder()
                .level(Level::Info)
                .target("rocketmq_producer")
                .args(format_args!("{text}"))
                .build(),
        )
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_same_line_passes_once_a_second_and_then_says_how_many_were_left_out() {
        let (mut repeats, start) = (Repeats::new(), start());
        let mut at =
            |ms, text| repeats.admit(line(text), start + Duration::from_millis(ms)).map(|line| line.text);
        assert_eq!(at(0, "a"), Some("a".into()));
        assert_eq!(at(500, "b"), Some("b".into()), "another line");
        for ms in 0..999 {
            assert_eq!(at(ms, "a"), None);
        }
        assert_eq!(at(1000, "a"), Some("a (999 more like this were left out)".into()));
        assert_eq!(at(1999, "a"), None);
        assert_eq!(at(2000, "a"), Some("a (1 more like this were left out)".into()));
        assert_eq!(at(3000, "a"), Some("a".into()), "none was left out");
    }

    #[test]
    fn lines_of_another_level_or_target_are_other_lines() {
        let (mut repeats, start) = (Repeats::new(), start());
        for (level, target) in [(Level::Info, "a"), (Level::Warn, "a"), (Level::Info, "b")] {
            let line = Line { level, target: target.into(), text: "x".into() };
            assert!(repeats.admit(line, start).is_some());
        }
    }

    #[test]
    fn only_so_many_lines_are_remembered_and_what_was_left_out_is_counted() {
        let (mut repeats, start) = (Repeats::new(), start());
        assert!(repeats.admit(line("first"), start).is_some());
        assert!(repeats.admit(line("first"), start).is_none());
        for number in 0..KNOWN_MAX {
            assert!(repeats.admit(line(&number.to_string()), start).is_some());
        }
        assert_eq!(
            (repeats.known.len(), repeats.take_forgotten(), repeats.take_forgotten()),
            (KNOWN_MAX, 1, 0)
        );
        assert!(repeats.admit(line("first"), start).is_some(), "forgotten");
    }

    #[test]
    fn a_line_is_one_line_of_bounded_length() {
        assert_eq!(line("a\nb\r\0\u{1b}[2Jé %s").text, "a\\nb\\r\\u{0}\\u{1b}[2Jé %s");
        let long = line(&"é".repeat(1 << 20)).text;
        assert_eq!((long.len(), long.ends_with("é…")), (TEXT_BYTES_MAX + 3, true));
        assert_eq!(line(&"x".repeat(TEXT_BYTES_MAX)).text.len(), TEXT_BYTES_MAX);
    }
}
