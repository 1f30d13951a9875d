//! A send of prepared pieces, and how it is written.

use super::{Prepared, Sender};
use crate::codes::{self, Language, RPC_TYPE_ONEWAY, request};
use crate::command::{self, binary};
use crate::frame::{self, HeaderFormat};
use crate::json::write;
use crate::message::id::UniqueId;
use crate::{EncodeError, number};

/// A send whose unchanging parts were prepared. Writing it copies them and allocates nothing but room in the output.
#[derive(Clone, Copy, Debug)]
pub struct PreparedSend<'a> {
    /// The producer.
    pub sender: &'a Sender,
    /// From [`Prepared::topic`].
    pub topic: &'a Prepared,
    /// From [`Prepared::broker_name`]. Proxies need it, others ignore it.
    pub broker_name: Option<&'a Prepared>,
    /// The queue, from 0 on.
    pub queue_id: i32,
    /// See [`crate::message::flags`].
    pub sys_flag: i32,
    /// When this attempt was made, in milliseconds since 1970.
    pub born_ms: i64,
    /// The user's own flag, unused by RocketMQ.
    pub flag: i32,
    /// The message's id, which becomes its first property, before those of the sender.
    pub id: Option<&'a UniqueId>,
    /// The message's other properties in wire form.
    pub properties: &'a str,
    /// How often the message was consumed and came back; 0 for a producer.
    pub reconsume_times: i32,
    /// Whether the body is a batch. Brokers go by this, not by the code.
    pub batch: bool,
}

impl PreparedSend<'_> {
    /// Appends prefix and header of one frame: code 310, or 320 for a batch. The caller appends exactly `body_len`
    /// bytes of body behind it. Empty texts are left out, as the binary form demands. On an error `out` is as before.
    pub fn encode(
        &self,
        format: HeaderFormat,
        opaque: i32,
        oneway: bool,
        body_len: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.queue_id < 0 {
            return Err(EncodeError::QueueId(self.queue_id));
        }
        let broker_name = self.broker_name.map_or(0, Prepared::len);
        let prepared = self.sender.len() + self.topic.len() + broker_name;
        command::reserve(out, self.properties.len(), SCALAR_BYTES_MAX.saturating_add(prepared))?;
        let start = frame::begin(out, format);
        match format {
            HeaderFormat::Json => self.write_json(oneway, opaque, out),
            HeaderFormat::RocketMq => {
                if let Err(error) = self.write_binary(oneway, opaque, out) {
                    out.truncate(start);
                    return Err(error);
                }
            }
        }
        frame::end(out, start, body_len)
    }

    fn write_json(&self, oneway: bool, opaque: i32, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.batch {
            b"{\"code\":320,\"extFields\":{"
        } else {
            b"{\"code\":310,\"extFields\":{"
        });
        out.extend_from_slice(self.sender.group.json());
        out.extend_from_slice(self.topic.json());
        out.extend_from_slice(self.sender.defaults.json());
        out.extend_from_slice(b"\"e\":\"");
        number::append(out, self.queue_id.into());
        if self.sys_flag == 0 {
            out.extend_from_slice(b"\",\"f\":\"0\",\"g\":\"");
        } else {
            out.extend_from_slice(b"\",\"f\":\"");
            number::append(out, self.sys_flag.into());
            out.extend_from_slice(b"\",\"g\":\"");
        }
        number::append(out, self.born_ms);
        out.extend_from_slice(b"\",\"h\":\"");
        number::append(out, self.flag.into());
        if self.property_bytes() > 0 {
            out.extend_from_slice(b"\",\"i\":\"");
            if let Some(id) = self.id {
                out.extend_from_slice(b"UNIQ_KEY\\u0001");
                out.extend_from_slice(id.as_bytes());
                out.extend_from_slice(b"\\u0002");
            }
            out.extend_from_slice(self.sender.properties.json());
            write::escape(out, self.properties);
        }
        if self.reconsume_times == 0 && !self.sender.unit_mode {
            out.extend_from_slice(b"\",\"j\":\"0\",\"k\":\"false\",");
        } else {
            out.extend_from_slice(b"\",\"j\":\"");
            number::append(out, self.reconsume_times.into());
            out.extend_from_slice(b"\",\"k\":\"");
            out.extend_from_slice(boolean(self.sender.unit_mode));
            out.extend_from_slice(b"\",");
        }
        if let Some(broker_name) = self.broker_name {
            out.extend_from_slice(broker_name.json());
        }
        out.extend_from_slice(self.sender.namespace.json());
        out.extend_from_slice(match (self.batch, oneway) {
            (false, false) => b"\"m\":\"false\"},\"flag\":0,\"language\":\"RUST\",\"opaque\":".as_slice(),
            (false, true) => b"\"m\":\"false\"},\"flag\":2,\"language\":\"RUST\",\"opaque\":",
            (true, false) => b"\"m\":\"true\"},\"flag\":0,\"language\":\"RUST\",\"opaque\":",
            (true, true) => b"\"m\":\"true\"},\"flag\":2,\"language\":\"RUST\",\"opaque\":",
        });
        number::append(out, opaque.into());
        out.extend_from_slice(VERSION_JSON);
    }

    fn write_binary(&self, oneway: bool, opaque: i32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let code = if self.batch { request::SEND_BATCH_MESSAGE } else { request::SEND_MESSAGE_V2 };
        let [_, _, c0, c1] = code.to_be_bytes();
        let [_, _, v0, v1] = codes::VERSION.to_be_bytes();
        let [o0, o1, o2, o3] = opaque.to_be_bytes();
        let [f0, f1, f2, f3] = if oneway { RPC_TYPE_ONEWAY } else { 0 }.to_be_bytes();
        // No remark.
        let fixed = [c0, c1, Language::Rust.byte(), v0, v1, o0, o1, o2, o3, f0, f1, f2, f3, 0, 0, 0, 0];
        out.extend_from_slice(&fixed);
        let fields = binary::begin_fields(out);
        out.extend_from_slice(self.sender.group.binary());
        out.extend_from_slice(self.topic.binary());
        out.extend_from_slice(self.sender.defaults.binary());
        binary_number(out, b'e', self.queue_id.into());
        binary_number(out, b'f', self.sys_flag.into());
        binary_number(out, b'g', self.born_ms);
        binary_number(out, b'h', self.flag.into());
        let property_bytes = self.property_bytes();
        if property_bytes > 0 {
            out.extend_from_slice(b"\0\x01i");
            binary::write_length(out, property_bytes)?;
            if let Some(id) = self.id {
                out.extend_from_slice(b"UNIQ_KEY\x01");
                out.extend_from_slice(id.as_bytes());
                out.push(b'\x02');
            }
            out.extend_from_slice(self.sender.properties.binary());
            out.extend_from_slice(self.properties.as_bytes());
        }
        binary_number(out, b'j', self.reconsume_times.into());
        out.extend_from_slice(match (self.sender.unit_mode, self.batch) {
            (false, false) => b"\0\x01k\0\0\0\x05false\0\x01m\0\0\0\x05false".as_slice(),
            (false, true) => b"\0\x01k\0\0\0\x05false\0\x01m\0\0\0\x04true",
            (true, false) => b"\0\x01k\0\0\0\x04true\0\x01m\0\0\0\x05false",
            (true, true) => b"\0\x01k\0\0\0\x04true\0\x01m\0\0\0\x04true",
        });
        if let Some(broker_name) = self.broker_name {
            out.extend_from_slice(broker_name.binary());
        }
        out.extend_from_slice(self.sender.namespace.binary());
        binary::end_fields(out, fields)
    }

    /// Bytes of all properties together.
    fn property_bytes(&self) -> usize {
        let id = self.id.map_or(0, |id| b"UNIQ_KEY\x01\x02".len() + id.as_bytes().len());
        id + self.sender.properties.binary().len() + self.properties.len()
    }
}

/// All that a header of either format holds besides texts: names, numbers at their longest, quotes and lengths.
pub(super) const SCALAR_BYTES_MAX: usize = 256;

/// How a JSON header ends.
const VERSION_JSON: &[u8] = b",\"version\":479}";

const _: () = assert!(codes::VERSION == 479);

const fn boolean(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

/// Appends a binary field that holds an integer.
#[inline]
fn binary_number(out: &mut Vec<u8>, name: u8, value: i64) {
    if let Ok(digit @ 0..=9) = u8::try_from(value) {
        out.extend_from_slice(&[0, 1, name, 0, 0, 0, 1, b'0' + digit]);
        return;
    }
    out.extend_from_slice(&[0, 1, name, 0, 0, 0, 0]);
    let start = out.len();
    number::append(out, value);
    // Twenty digits at most.
    let digits = u8::try_from(out.len() - start).unwrap_or_default();
    if let Some(length) = out.get_mut(start - 1) {
        *length = digits;
    }
}
