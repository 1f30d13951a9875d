//! Commands: a request or a response, with a JSON or a binary header.
//!
//! [`Command`] owns its parts and serves everything that is not hot. [`Head`] reads the same header in place; an answer
//! to a send is read through it. Mirrors `RemotingCommand` and `RemotingSerializable`.

pub(crate) mod binary;
mod head;
mod known;

pub(crate) use head::Fields;
pub use head::{ExtFields, Head};
pub(crate) use known::Known;

use crate::codes::{self, Language, RPC_TYPE_ONEWAY, RPC_TYPE_RESPONSE};
use crate::frame::{self, Frame, HeaderFormat};
use crate::json::write;
use crate::{DecodeError, EncodeError, number};
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt::Display;

/// Room for everything in a JSON header but the texts.
pub(crate) const FIXED_BYTES_MAX: usize = 256;

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Request code or response code.
    pub code: i32,
    /// The sender's language.
    pub language: Language,
    /// The sender's version ordinal.
    pub version: i32,
    /// Which request this is, or answers. Whoever sends a request numbers it.
    pub opaque: i32,
    /// [`RPC_TYPE_RESPONSE`] and [`RPC_TYPE_ONEWAY`].
    pub flag: i32,
    /// Free text: the reason of a failure.
    pub remark: Option<String>,
    /// The fields, in the order of the wire.
    pub ext: Vec<(String, String)>,
    /// What follows the header.
    pub body: Bytes,
}

impl Command {
    /// A request without fields and body.
    #[must_use]
    pub const fn request(code: i32) -> Self {
        Self {
            code,
            language: Language::Rust,
            version: codes::VERSION,
            opaque: 0,
            flag: 0,
            remark: None,
            ext: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// The response to the request numbered `opaque`.
    #[must_use]
    pub const fn response(code: i32, opaque: i32) -> Self {
        let mut response = Self::request(code);
        response.opaque = opaque;
        response.flag = RPC_TYPE_RESPONSE;
        response
    }

    /// Sets a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        let value = value.to_string();
        match self.ext.iter_mut().rfind(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.ext.push((name.to_owned(), value)),
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the remark.
    #[must_use]
    pub fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// Says that no answer is wanted.
    #[must_use]
    pub const fn oneway(mut self) -> Self {
        self.flag |= RPC_TYPE_ONEWAY;
        self
    }

    /// A field's value; the last one when there are several, as in Java's map.
    #[must_use]
    pub fn ext(&self, name: &str) -> Option<&str> {
        let field = self.ext.iter().rfind(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Whether this answers a request.
    #[must_use]
    pub const fn is_response(&self) -> bool {
        self.flag & RPC_TYPE_RESPONSE != 0
    }

    /// Whether the sender wants no answer.
    #[must_use]
    pub const fn is_oneway(&self) -> bool {
        self.flag & RPC_TYPE_ONEWAY != 0
    }

    /// Appends the whole frame. Empty fields are left out of the binary form, where servers from 4.9.4 on would read
    /// null; so is an empty remark. On an error `out` is as before.
    pub fn encode(&self, format: HeaderFormat, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let texts = self.ext.iter().map(|(name, value)| name.len() + value.len() + FIELD_BYTES_MAX);
        let texts = texts.sum::<usize>() + self.remark.as_ref().map_or(0, String::len);
        reserve(out, texts, self.body.len())?;
        let start = frame::begin(out, format);
        let written = match format {
            HeaderFormat::Json => {
                self.write_json(out);
                Ok(())
            }
            HeaderFormat::RocketMq => self.write_binary(out),
        };
        if let Err(error) = written {
            out.truncate(start);
            return Err(error);
        }
        frame::end(out, start, self.body.len())?;
        out.extend_from_slice(&self.body);
        Ok(())
    }

    /// Reads a frame and copies what it holds.
    pub fn decode(frame: &Frame<'_>) -> Result<Self, DecodeError> {
        let head = Head::read(frame)?;
        let mut body = Vec::new();
        body.try_reserve_exact(frame.body.len()).map_err(|_| DecodeError::OutOfMemory)?;
        body.extend_from_slice(frame.body);
        Ok(Self {
            code: head.code,
            language: head.language,
            version: head.version,
            opaque: head.opaque,
            flag: head.flag,
            ext: head.ext().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            remark: head.remark.map(Cow::into_owned),
            body: body.into(),
        })
    }

    /// Names in alphabetical order, as Java's encoder has them.
    fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"code\":");
        number::append(out, self.code.into());
        for (index, (name, value)) in self.ext.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b",\"extFields\":{" } else { b"," });
            write::string(out, name);
            out.push(b':');
            write::string(out, value);
        }
        if !self.ext.is_empty() {
            out.push(b'}');
        }
        out.extend_from_slice(b",\"flag\":");
        number::append(out, self.flag.into());
        out.extend_from_slice(b",\"language\":\"");
        out.extend_from_slice(self.language.name().as_bytes());
        out.extend_from_slice(b"\",\"opaque\":");
        number::append(out, self.opaque.into());
        if let Some(remark) = &self.remark {
            out.extend_from_slice(b",\"remark\":");
            write::string(out, remark);
        }
        out.extend_from_slice(b",\"version\":");
        number::append(out, self.version.into());
        out.push(b'}');
    }

    fn write_binary(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let fixed = binary::Fixed {
            code: self.code,
            language: self.language,
            version: self.version,
            opaque: self.opaque,
            flag: self.flag,
        };
        fixed.write(out)?;
        binary::write_remark(out, self.remark.as_deref().unwrap_or_default())?;
        let fields = binary::begin_fields(out);
        for (name, value) in &self.ext {
            binary::write_field(out, name, value)?;
        }
        binary::end_fields(out, fields)
    }
}

/// What surrounds one field in either format: quotes, colon and comma, or two lengths.
pub(crate) const FIELD_BYTES_MAX: usize = 6;

/// Makes room for a frame at once, so that nothing behind this call allocates: `texts` bytes that JSON may have to
/// escape, and `body` bytes as they are.
pub(crate) fn reserve(out: &mut Vec<u8>, texts: usize, body: usize) -> Result<(), EncodeError> {
    let bytes =
        texts.saturating_mul(write::ESCAPED_BYTES_MAX).saturating_add(body).saturating_add(FIXED_BYTES_MAX);
    out.try_reserve(bytes).map_err(|_| EncodeError::OutOfMemory)
}

#[cfg(test)]
mod tests;
