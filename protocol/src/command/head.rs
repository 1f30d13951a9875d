//! The head of a command, read in place.

use super::binary;
use crate::codes::{Language, RPC_TYPE_ONEWAY, RPC_TYPE_RESPONSE};
use crate::frame::{Frame, HeaderFormat};
use crate::json::scan::{Scanner, Text, Value, repair};
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
}

impl<'a> Head<'a> {
    /// Reads the header of `frame` in the format the frame names. `code` and `opaque` must be there: a lost answer is
    /// better than one matched to the wrong request. All else has Java's defaults; unknown names are skipped.
    pub fn read(frame: &Frame<'a>) -> Result<Self, DecodeError> {
        match frame.format {
            HeaderFormat::Json => Self::read_json(frame.header),
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
        ExtFields { fields: self.fields() }
    }

    pub(crate) fn fields(&self) -> Fields<'a> {
        self.fields
    }

    fn read_json(header: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut code, mut opaque) = (None, None);
        let (mut flag, mut version, mut language) = (None, None, Language::Java);
        let mut remark = None;
        let mut fields = Fields::Json(Scanner::new(&[]));
        let mut scanner = Scanner::new(header);
        scanner.members(|name, scanner| {
            match &*name.bytes() {
                b"code" => code = scanner.value()?.i32("code")?,
                b"opaque" => opaque = scanner.value()?.i32("opaque")?,
                b"flag" => flag = scanner.value()?.i32("flag")?,
                b"version" => version = scanner.value()?.i32("version")?,
                b"language" => language = language_of(scanner.value()?),
                b"remark" => remark = scanner.value()?.text(),
                b"extFields" => fields = Fields::check_json(scanner)?,
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
        })
    }

    fn read_binary(header: &'a [u8]) -> Result<Self, DecodeError> {
        let header = binary::Header::read(header)?;
        Ok(Self {
            code: header.code,
            opaque: header.opaque,
            flag: header.flag,
            version: header.version,
            language: header.language,
            remark: header.remark.map(repair),
            fields: Fields::Binary(header.ext),
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

/// Walks the fields of a checked header. As the check went over the same bytes with the same steps, no step fails here;
/// if one did, the walk would end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fields<'a> {
    /// Inside a JSON object, behind its opening brace or a value.
    Json(Scanner<'a>),
    /// Inside a binary block.
    Binary(&'a [u8]),
}

impl<'a> Fields<'a> {
    /// Goes over an object of fields, or `null`.
    fn check_json(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        if scanner.take_null() {
            return Ok(Self::Json(Scanner::new(&[])));
        }
        let start = scanner.start();
        scanner.members(|_, scanner| scanner.value().map(drop))?;
        let mut fields = Scanner::new(scanner.since(start));
        fields.expect(b'{')?;
        Ok(Self::Json(fields))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Json(scanner) => {
                scanner.take(b',');
                let name = scanner.string().ok()?;
                scanner.expect(b':').ok()?;
                Some((name, scanner.value().ok()?))
            }
            Self::Binary(block) => {
                let (name, value) = binary::field(block).ok()?;
                Some((Text::plain(name), Value::Text(Text::plain(value))))
            }
        }
    }
}

/// The fields of a command, see [`Head::ext`].
#[derive(Clone, Debug)]
pub struct ExtFields<'a> {
    fields: Fields<'a>,
}

impl<'a> Iterator for ExtFields<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        self.fields.find_map(|(name, value)| Some((name.text(), value.text()?)))
    }
}
