//! The head of a command, read in place.

use super::binary;
use crate::codes::{Language, RPC_TYPE_ONEWAY, RPC_TYPE_RESPONSE};
use crate::frame::{Frame, HeaderFormat};
use crate::json::scan::{Scanner, Stop};
use crate::json::value::{Text, Value, repair};
use crate::{DecodeError, number};
use std::array;
use std::borrow::Cow;
use std::iter::{Chain, Flatten};

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
        ExtFields { fields: self.fields.kept.into_iter().flatten().chain(self.fields.rest) }
    }

    /// The fields as they lie in the header.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field<'a>> {
        self.fields.kept.iter().map_while(|field| *field).chain(self.fields.rest)
    }

    fn read_json(header: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut code, mut opaque) = (None, None);
        let (mut flag, mut version, mut language) = (None, None, Language::Java);
        let mut remark = None;
        let mut fields = Fields::NONE;
        let mut scanner = Scanner::new(header);
        scanner.members(|name, scanner| {
            match &*name.bytes() {
                b"code" => code = scanner.i32("code")?,
                b"opaque" => opaque = scanner.i32("opaque")?,
                b"flag" => flag = scanner.i32("flag")?,
                b"version" => version = scanner.i32("version")?,
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
            fields: Fields::check_binary(header.ext)?,
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

/// A field, as a piece of the header.
pub(crate) type Field<'a> = (Text<'a>, Value<'a>);

/// How many fields are kept while they are checked. A send's answer has five to eight, so it is read in one pass.
const KEPT: usize = 8;

/// The fields of a checked header.
#[derive(Clone, Copy, Debug)]
struct Fields<'a> {
    kept: [Option<Field<'a>>; KEPT],
    rest: Rest<'a>,
}

impl<'a> Fields<'a> {
    const NONE: Self = Self { kept: [None; KEPT], rest: Rest::Binary(&[]) };

    /// Goes over an object of fields, or `null`.
    fn check_json(scanner: &mut Scanner<'a>) -> Result<Self, Stop> {
        let mut fields = Self::NONE;
        if scanner.take_null() {
            return Ok(fields);
        }
        let mut free = fields.kept.iter_mut();
        scanner.members_or(|name, scanner| {
            let value = scanner.value()?;
            if let Some(slot) = free.next() {
                *slot = Some((name, value));
                if free.len() == 0 {
                    fields.rest = Rest::Json(*scanner);
                }
            }
            Ok(())
        })?;
        Ok(fields)
    }

    /// Goes over a block of fields.
    fn check_binary(block: &'a [u8]) -> Result<Self, DecodeError> {
        let mut fields = Self::NONE;
        let mut rest = block;
        for slot in &mut fields.kept {
            if rest.is_empty() {
                return Ok(fields);
            }
            *slot = Some(binary_field(&mut rest)?);
        }
        fields.rest = Rest::Binary(rest);
        while !rest.is_empty() {
            binary_field(&mut rest)?;
        }
        Ok(fields)
    }
}

fn binary_field<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, DecodeError> {
    let (name, value) = binary::field(rest)?;
    Ok((Text::plain(name), Value::string(Text::plain(value))))
}

/// The fields behind those kept, to be walked once more. As the check went over the same bytes with the same steps, no
/// step fails; if one did, the walk would end.
#[derive(Clone, Copy, Debug)]
enum Rest<'a> {
    /// Behind a member of a JSON object.
    Json(Scanner<'a>),
    /// Whole fields of a binary block.
    Binary(&'a [u8]),
}

impl<'a> Iterator for Rest<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Json(scanner) => {
                if !scanner.take(b',') {
                    return None;
                }
                let name = scanner.string().ok()?;
                scanner.expect(b':').ok()?;
                Some((name, scanner.value().ok()?))
            }
            Self::Binary(block) => binary_field(block).ok(),
        }
    }
}

/// The fields of a command, see [`Head::ext`].
#[derive(Clone, Debug)]
pub struct ExtFields<'a> {
    fields: Chain<Flatten<array::IntoIter<Option<Field<'a>>, KEPT>>, Rest<'a>>,
}

impl<'a> Iterator for ExtFields<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        self.fields.find_map(|(name, value)| Some((name.text(), value.text()?)))
    }
}
