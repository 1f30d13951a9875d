//! The head of a command, read in place.

use super::binary;
use super::known::Known;
use crate::codes::{Language, RPC_TYPE_ONEWAY, RPC_TYPE_RESPONSE};
use crate::frame::{Frame, HeaderFormat};
use crate::json::plain;
use crate::json::scan::Scanner;
use crate::json::value::{Text, Value, repair};
use crate::{DecodeError, number};
use std::borrow::Cow;

/// What a command's header says, borrowed from its frame. Reading it is one pass that checks the whole header and
/// allocates only for a remark with escapes; the fields are walked again when somebody asks for them.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// Request code or response code.
    pub code: i32,
    /// Which request this is, or answers.
    pub opaque: i32,
    /// [`RPC_TYPE_RESPONSE`] and [`RPC_TYPE_ONEWAY`].
    pub flag: i32,
    /// The sender's version ordinal, 0 when it names none.
    pub version: i32,
    /// The sender's language.
    pub language: Language,
    /// Free text: the reason of a failure, but sometimes there on success too.
    pub remark: Option<Cow<'a, str>>,
    /// The fields, already checked.
    fields: Fields<'a>,
    /// What an answer to a send is asked for.
    known: Known<'a>,
}

/// The fields of a checked header, as they lie in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fields<'a> {
    /// An object.
    Json(&'a [u8]),
    /// A block of fields, perhaps empty.
    Binary(&'a [u8]),
}

impl<'a> Head<'a> {
    /// Reads the header of `frame` in the format the frame names. `code` and `opaque` must be there: a lost answer is
    /// better than one matched to the wrong request. All else has Java's defaults; unknown names are skipped.
    pub fn read(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        match frame.format {
            HeaderFormat::Json => match Self::read_plain(frame.header) {
                Some(head) => Ok(head),
                None => Self::read_json(frame.header),
            },
            HeaderFormat::RocketMq => Self::read_binary(frame.header),
        }
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

    /// The fields in the order of the wire, duplicates included. Numbers and booleans come as text, nulls not at all.
    #[must_use]
    pub fn ext(&self) -> ExtFields<'a> {
        ExtFields { rest: self.fields.iter() }
    }

    /// The fields as they lie in the header.
    pub(crate) const fn fields(&self) -> Fields<'a> {
        self.fields
    }

    /// The fields of an answer to a send.
    pub(crate) const fn known(&self) -> &Known<'a> {
        &self.known
    }

    /// Reads an answer without remark as every Java server writes it, names in alphabetical order.
    #[inline(always)]
    fn read_plain(header: &'a [u8]) -> Option<Self> {
        let (code, rest) = plain::number(header.strip_prefix(b"{\"code\":")?)?;
        let mut known = Known::NONE;
        let (fields, rest) = match rest.strip_prefix(b",\"extFields\":") {
            Some(object) => {
                let rest = known.in_plain(object)?;
                (Fields::Json(object.get(..object.len() - rest.len())?), rest)
            }
            None => (Fields::NONE, rest),
        };
        let (flag, rest) = plain::number(rest.strip_prefix(b",\"flag\":")?)?;
        let (opaque, rest) = plain::number(rest.strip_prefix(b",\"language\":\"JAVA\",\"opaque\":")?)?;
        let rest = rest.strip_prefix(b",\"serializeTypeCurrentRPC\":\"")?;
        let (version, rest) = plain::number(rest.strip_prefix(b"JSON\",\"version\":")?)?;
        (rest == b"}").then_some(())?;
        Some(Self {
            code: i32::try_from(code).ok()?,
            opaque: i32::try_from(opaque).ok()?,
            flag: i32::try_from(flag).ok()?,
            version: i32::try_from(version).ok()?,
            language: Language::Java,
            remark: None,
            fields,
            known,
        })
    }

    #[cold]
    #[inline(never)]
    fn read_json(header: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut code, mut opaque) = (None, None);
        let (mut flag, mut version, mut language) = (None, None, Language::Java);
        let mut remark = None;
        let mut fields = Fields::NONE;
        let mut known = Known::NONE;
        let mut scanner = Scanner::new(header);
        scanner.members(|name, scanner| {
            match &*name.bytes() {
                b"code" => code = scanner.value()?.i32("code")?,
                b"opaque" => opaque = scanner.value()?.i32("opaque")?,
                b"flag" => flag = scanner.value()?.i32("flag")?,
                b"version" => version = scanner.value()?.i32("version")?,
                b"language" => language = language_of(scanner.value()?),
                b"remark" => remark = scanner.value()?.text(),
                b"extFields" => (fields, known) = check_json(scanner)?,
                _ => drop(scanner.value()?),
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(Self {
            code: code.ok_or(DecodeError::Missing("code"))?,
            opaque: opaque.ok_or(DecodeError::Missing("opaque"))?,
            flag: flag.unwrap_or_default(),
            version: version.unwrap_or_default(),
            language,
            remark,
            fields,
            known,
        })
    }

    fn read_binary(header: &'a [u8]) -> Result<Self, DecodeError> {
        let header = binary::Header::read(header)?;
        let mut known = Known::NONE;
        let mut rest = header.ext;
        while !rest.is_empty() {
            let (name, value) = binary::field(&mut rest)?;
            known.set(name, Value::string(Text::plain(value)));
        }
        Ok(Self {
            code: header.code,
            opaque: header.opaque,
            flag: header.flag,
            version: header.version,
            language: header.language,
            remark: header.remark.map(repair),
            fields: Fields::Binary(header.ext),
            known,
        })
    }
}

/// Names in any case, numbers, and nothing that would fail: 5.x adds languages.
fn language_of(value: Value<'_>) -> Language {
    let Some(name) = value.bytes() else { return Language::Unknown };
    match number::parse(&name) {
        Some(byte) => u8::try_from(byte).map_or(Language::Unknown, Language::from_byte),
        None => Language::from_name_bytes(&name),
    }
}

impl<'a> Fields<'a> {
    const NONE: Self = Self::Binary(&[]);

    pub(crate) fn iter(self) -> Rest<'a> {
        match self {
            Fields::Json(object) => {
                let mut scanner = Scanner::new(object);
                scanner.take(b'{');
                Rest::Json(scanner)
            }
            Fields::Binary(block) => Rest::Binary(block),
        }
    }
}

/// Goes over an object of fields, or `null`.
fn check_json<'a>(scanner: &mut Scanner<'a>) -> Result<(Fields<'a>, Known<'a>), DecodeError> {
    let mut known = Known::NONE;
    if scanner.take_null() {
        return Ok((Fields::NONE, known));
    }
    let start = scanner.rest();
    scanner.members(|name, scanner| {
        known.set(&name.bytes(), scanner.value()?);
        Ok(())
    })?;
    Ok((Fields::Json(scanner.since(start)), known))
}

/// The fields of a command, see [`Head::ext`].
#[derive(Clone, Debug)]
pub struct ExtFields<'a> {
    rest: Rest<'a>,
}

/// The fields still to be walked. As the check went over the same bytes with the same steps, no step fails but the one
/// at the end.
#[derive(Clone, Debug)]
pub(crate) enum Rest<'a> {
    /// Behind the brace, or behind a member.
    Json(Scanner<'a>),
    /// Whole fields of a binary block.
    Binary(&'a [u8]),
}

impl<'a> Iterator for Rest<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Json(scanner) => {
                scanner.take(b',');
                Some((scanner.name().ok()?, scanner.value().ok()?))
            }
            Self::Binary(block) => {
                let (name, value) = binary::field(block).ok()?;
                Some((Text::plain(name), Value::string(Text::plain(value))))
            }
        }
    }
}

impl<'a> Iterator for ExtFields<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.find_map(|(name, value)| Some((name.text(), value.text()?)))
    }
}
