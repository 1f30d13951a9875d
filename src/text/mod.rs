//! Immutable shared text that C may see: UTF-8, no NUL inside, one NUL at its end.
//!
//! A leaf like `error`: a result's topic or broker name is handed to C as a pointer into
//! this text, and cloned between results without a copy.

mod short;

use std::ffi::CStr;
use std::fmt;
use std::sync::Arc;

pub use short::ShortText;

/// Shared text with a NUL at its end. Cloning shares, the empty text owns nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(
    /// With the terminating NUL, which is the only one.
    Option<Arc<str>>,
);

impl Text {
    /// No text.
    pub const EMPTY: Self = Self(None);

    /// Copies `text` up to its first NUL.
    pub fn new(text: &str) -> Self {
        // Before it is looked through: most texts of an answer are empty.
        let text = if text.is_empty() { text } else { text.split('\0').next().unwrap_or("") };
        if text.is_empty() {
            return Self(None);
        }
        let mut terminated = String::with_capacity(text.len() + 1);
        terminated.push_str(text);
        terminated.push('\0');
        Self(Some(terminated.into()))
    }

    /// The text without its terminating NUL.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().and_then(|text| text.strip_suffix('\0')).unwrap_or("")
    }

    /// The text as C reads it.
    pub fn as_c_str(&self) -> &CStr {
        self.0.as_deref().and_then(|text| CStr::from_bytes_until_nul(text.as_bytes()).ok()).unwrap_or(c"")
    }

    /// Becomes `other`, unless it is that already: then nobody counts.
    pub fn become_one_with(&mut self, other: &Self) {
        let same = match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.0.clone_from(&other.0);
        }
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_at_the_first_nul_for_rust_and_for_c() {
        let text = Text::new("杭州\0hidden");
        assert_eq!(text.as_str(), "杭州");
        assert_eq!(text.as_c_str().to_str(), Ok("杭州"));
    }

    #[test]
    fn empty_text_reads_as_empty() {
        for text in [Text::new(""), Text::new("\0x"), Text::default()] {
            assert!(text.is_empty());
            assert_eq!((text.as_str(), text.as_c_str()), ("", c""));
        }
    }
}
