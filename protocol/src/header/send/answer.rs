//! A broker's answer to a send.

use crate::DecodeError;
use crate::command::Head;
use std::borrow::Cow;

/// What Java takes for the region when the broker names none.
const REGION_DEFAULT: &str = "DefaultRegion";

/// Where a message was stored. Only an answer whose code is a [`crate::codes::SendStatus`] means that it was; others
/// may carry the same fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendAnswer<'a> {
    /// The broker's own id of the message, or several with commas between for a batch.
    pub offset_id: Cow<'a, str>,
    /// The queue that took it.
    pub queue_id: i32,
    /// Its place in the queue; of the first one for a batch.
    pub queue_offset: i64,
    /// Brokers from 5.0.0 on give one to every message; empty otherwise.
    pub transaction_id: Cow<'a, str>,
    /// What takes a timer message back, brokers from 5.3.2 on; empty otherwise.
    pub recall_handle: Cow<'a, str>,
    /// The broker's region.
    pub region: Cow<'a, str>,
    /// Whether the broker wants this send traced.
    pub trace_on: bool,
}

impl<'a> SendAnswer<'a> {
    /// Reads the fields of a checked head. `queueId` and `queueOffset` must be there.
    pub fn read(head: &Head<'a>) -> Result<Self, DecodeError> {
        let mut answer = Self {
            offset_id: Cow::Borrowed(""),
            queue_id: 0,
            queue_offset: 0,
            transaction_id: Cow::Borrowed(""),
            recall_handle: Cow::Borrowed(""),
            region: Cow::Borrowed(""),
            trace_on: true,
        };
        let (mut queue_id, mut queue_offset) = (None, None);
        for (name, value) in head.fields() {
            match &*name.bytes() {
                b"msgId" => answer.offset_id = value.text().unwrap_or_default(),
                b"queueId" => queue_id = value.i32(QUEUE_ID)?,
                b"queueOffset" => queue_offset = value.i64(QUEUE_OFFSET)?,
                b"transactionId" => answer.transaction_id = value.text().unwrap_or_default(),
                b"recallHandle" => answer.recall_handle = value.text().unwrap_or_default(),
                b"MSG_REGION" => answer.region = value.text().unwrap_or_default(),
                b"TRACE_ON" => answer.trace_on = value.bytes().is_none_or(|value| &*value != b"false"),
                _ => {}
            }
        }
        if answer.region.is_empty() {
            answer.region = Cow::Borrowed(REGION_DEFAULT);
        }
        answer.queue_id = queue_id.ok_or(DecodeError::Missing(QUEUE_ID))?;
        answer.queue_offset = queue_offset.ok_or(DecodeError::Missing(QUEUE_OFFSET))?;
        Ok(answer)
    }
}

const QUEUE_ID: &str = "queueId";
const QUEUE_OFFSET: &str = "queueOffset";
