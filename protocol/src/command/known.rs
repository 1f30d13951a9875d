//! The fields that every answer to a send is asked for, found while its header is checked.

use crate::json::plain;
use crate::json::value::{Text, Value};

/// How every answer begins, unless the broker is configured otherwise. A comma follows only where another field does.
const USUAL: &[u8] = br#"{"MSG_REGION":"DefaultRegion","TRACE_ON":"true","#;

/// Stands for one of several values that is none. It is short, so that it costs nothing to look at it again.
const NO_NUMBER: Value<'_> = Value::string(Text::plain(b""));

/// Values of fields, null where there are none. Of several fields of one name, it is the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) offset_id: Value<'a>,
    /// No number if one of several is none.
    pub(crate) queue_id: Value<'a>,
    /// No number if one of several is none.
    pub(crate) queue_offset: Value<'a>,
    pub(crate) transaction_id: Value<'a>,
}

impl<'a> Known<'a> {
    pub(crate) const NONE: Self = Self {
        offset_id: Value::NULL,
        queue_id: Value::NULL,
        queue_offset: Value::NULL,
        transaction_id: Value::NULL,
    };

    /// Keeps `value` if the field called `name` is known.
    #[inline]
    pub(crate) fn set(&mut self, name: &[u8], value: Value<'a>) {
        match name {
            b"msgId" => self.offset_id = value,
            b"queueId" => {
                let is_spoilt = !self.queue_id.is_null() && self.queue_id.i32("").is_err();
                self.queue_id = if is_spoilt { NO_NUMBER } else { value };
            }
            b"queueOffset" => {
                let is_spoilt = !self.queue_offset.is_null() && self.queue_offset.i64("").is_err();
                self.queue_offset = if is_spoilt { NO_NUMBER } else { value };
            }
            b"transactionId" => self.transaction_id = value,
            _ => {}
        }
    }

    /// Goes over a plain object of texts, see [`plain`], and says what follows it. No known name may come twice.
    #[inline(always)]
    pub(crate) fn in_plain(&mut self, object: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = match object.strip_prefix(USUAL) {
            Some(rest) => rest,
            None => object.strip_prefix(b"{")?,
        };
        loop {
            let behind = match self.at(rest) {
                Some((slot, value)) => {
                    let (text, behind) = plain::string(value)?;
                    if !slot.is_null() {
                        return None;
                    }
                    *slot = Value::string(Text::plain(text));
                    behind
                }
                None => plain::string(behind_name(rest)?)?.1,
            };
            match behind {
                [b',', behind @ ..] => rest = behind,
                [b'}', behind @ ..] => return Some(behind),
                _ => return None,
            }
        }
    }

    /// The place for the value of the known name that is next, and what follows the name.
    #[inline(always)]
    fn at(&mut self, rest: &'a [u8]) -> Option<(&mut Value<'a>, &'a [u8])> {
        let behind = |name: &[u8]| rest.strip_prefix(name);
        match rest.get(1)? {
            b'm' => Some((&mut self.offset_id, behind(b"\"msgId\":")?)),
            b'q' => match behind(b"\"queueId\":") {
                Some(behind) => Some((&mut self.queue_id, behind)),
                None => Some((&mut self.queue_offset, behind(b"\"queueOffset\":")?)),
            },
            b't' => Some((&mut self.transaction_id, behind(b"\"transactionId\":")?)),
            _ => None,
        }
    }
}

/// What follows a name. Every answer has these two, which are seldom asked for.
#[inline(always)]
fn behind_name(rest: &[u8]) -> Option<&[u8]> {
    if let Some(behind) = rest.strip_prefix(b"\"MSG_REGION\":") {
        return Some(behind);
    }
    if let Some(behind) = rest.strip_prefix(b"\"TRACE_ON\":") {
        return Some(behind);
    }
    plain::string(rest)?.1.strip_prefix(b":")
}
