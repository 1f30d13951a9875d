//! A broker's answer to a send.

use crate::DecodeError;
use crate::command::{Fields, Head, Known};
use crate::json::value::Value;
use std::borrow::Cow;

/// What Java takes for the region when the broker names none.
const REGION_DEFAULT: &str = "DefaultRegion";

/// Where a message was stored. Only an answer whose code is a [`crate::codes::SendStatus`] means that it was; others
/// may carry the same fields. Texts are looked at when they are asked for.
#[derive(Clone, Debug)]
pub struct SendAnswer<'a> {
    /// The queue that took it.
    pub queue_id: i32,
    /// Its place in the queue; of the first one for a batch.
    pub queue_offset: i64,
    offset_id: Value<'a>,
    transaction_id: Value<'a>,
    fields: Fields<'a>,
}

impl<'a> SendAnswer<'a> {
    /// Takes the fields of a checked head. `queueId` and `queueOffset` must be there.
    #[inline]
    pub fn read(head: &Head<'a>) -> Result<Self, DecodeError> {
        const QUEUE_ID: &str = "queueId";
        const QUEUE_OFFSET: &str = "queueOffset";
        let Known { offset_id, queue_id, queue_offset, transaction_id } = *head.known();
        let (queue_id, queue_offset) = (queue_id.i32(QUEUE_ID)?, queue_offset.i64(QUEUE_OFFSET)?);
        Ok(Self {
            queue_id: queue_id.ok_or(DecodeError::Missing(QUEUE_ID))?,
            queue_offset: queue_offset.ok_or(DecodeError::Missing(QUEUE_OFFSET))?,
            offset_id,
            transaction_id,
            fields: head.fields(),
        })
    }

    /// The broker's own id of the message, or several with commas between for a batch.
    #[must_use]
    pub fn offset_id(&self) -> Cow<'a, str> {
        text(self.offset_id)
    }

    /// [`SendAnswer::offset_id`] in UTF-8, not checked to be that.
    #[must_use]
    pub fn offset_id_bytes(&self) -> Cow<'a, [u8]> {
        self.offset_id.bytes().unwrap_or_default()
    }

    /// Brokers from 5.0.0 on give one to every message; empty otherwise.
    #[must_use]
    pub fn transaction_id(&self) -> Cow<'a, str> {
        text(self.transaction_id)
    }

    /// [`SendAnswer::transaction_id`] in UTF-8, not checked to be that.
    #[must_use]
    pub fn transaction_id_bytes(&self) -> Cow<'a, [u8]> {
        self.transaction_id.bytes().unwrap_or_default()
    }

    /// What takes a timer message back, brokers from 5.3.2 on; empty otherwise.
    #[must_use]
    pub fn recall_handle(&self) -> Cow<'a, str> {
        text(self.field(b"recallHandle"))
    }

    /// The id of a batch that the broker keeps as one message, as brokers from 5.0.0 on do in topics made for that; empty
    /// otherwise.
    #[must_use]
    pub fn batch_unique_id(&self) -> Cow<'a, str> {
        text(self.field(b"batchUniqId"))
    }

    /// The broker's region.
    #[must_use]
    pub fn region(&self) -> Cow<'a, str> {
        let region = text(self.field(b"MSG_REGION"));
        if region.is_empty() { Cow::Borrowed(REGION_DEFAULT) } else { region }
    }

    /// Whether the broker wants this send traced.
    #[must_use]
    pub fn trace_on(&self) -> bool {
        self.field(b"TRACE_ON").bytes().is_none_or(|value| &*value != b"false")
    }

    /// The last field of this name, null if there is none.
    fn field(&self, name: &[u8]) -> Value<'a> {
        let fields = self.fields.iter().filter(|(known, _)| &*known.bytes() == name);
        fields.last().map_or(Value::NULL, |(_, value)| value)
    }
}

#[inline]
fn text(value: Value<'_>) -> Cow<'_, str> {
    value.text().unwrap_or_default()
}
