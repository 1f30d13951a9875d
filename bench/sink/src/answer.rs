//! The answer to a send, as `SendMessageProcessor` fills `SendMessageResponseHeader`.

use protocol::HeaderFormat;
use protocol::codes::Language;
use protocol::{frame, number};

/// The version in every answer: 4.9.8.
pub(crate) const VERSION: i32 = 409;

/// What differs from one answer to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendAnswer<'a> {
    pub(crate) opaque: i32,
    /// Address and port of the broker: the first half of an offset id.
    pub(crate) id_prefix: &'a [u8; 16],
    pub(crate) commit_offset: u64,
    pub(crate) queue_id: i32,
    /// Of the first message.
    pub(crate) queue_offset: u64,
    /// Messages of a batch, each with an id; else 1.
    pub(crate) count: u64,
}

impl SendAnswer<'_> {
    /// Appends the answer as one frame.
    pub(crate) fn encode(&self, format: HeaderFormat, out: &mut Vec<u8>) {
        let start = frame::begin(out, format);
        match format {
            HeaderFormat::Json => self.encode_json(out),
            HeaderFormat::RocketMq => self.encode_binary(out),
        }
        // A header of some two hundred bytes fits.
        let _ = frame::end(out, start, 0);
    }

    fn encode_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"{\"code\":0,\"extFields\":{\"MSG_REGION\":\"DefaultRegion\",\"TRACE_ON\":\"true\",\"msgId\":\"",
        );
        self.push_ids(out);
        out.extend_from_slice(b"\",\"queueId\":\"");
        number::append(out, self.queue_id.into());
        out.extend_from_slice(b"\",\"queueOffset\":\"");
        number::append(out, self.queue_offset.cast_signed());
        out.extend_from_slice(b"\"},\"flag\":1,\"language\":\"JAVA\",\"opaque\":");
        number::append(out, self.opaque.into());
        out.extend_from_slice(b",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
        number::append(out, VERSION.into());
        out.push(b'}');
    }

    fn encode_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0, 0, Language::Java.byte(), 1, 0x99]);
        out.extend_from_slice(&self.opaque.to_be_bytes());
        // The flag of a response, no remark, and room for the length of the fields.
        out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
        let fields = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(
            b"\0\x0aMSG_REGION\0\0\0\x0dDefaultRegion\0\x08TRACE_ON\0\0\0\x04true\0\x05msgId",
        );
        let ids = out.len();
        out.extend_from_slice(&[0; 4]);
        self.push_ids(out);
        set_length(out, ids);
        out.extend_from_slice(b"\0\x07queueId");
        push_sized_int(out, self.queue_id.into());
        out.extend_from_slice(b"\0\x0bqueueOffset");
        push_sized_int(out, self.queue_offset.cast_signed());
        set_length(out, fields);
    }

    /// With commas between.
    fn push_ids(&self, out: &mut Vec<u8>) {
        self.push_id(self.commit_offset, out);
        for index in 1..self.count {
            out.push(b',');
            self.push_id(self.commit_offset + index, out);
        }
    }

    fn push_id(&self, commit_offset: u64, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut digits = [0; 16];
        let mut rest = commit_offset;
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS.get((rest & 15) as usize).copied().unwrap_or(b'0');
            rest >>= 4;
        }
        out.extend_from_slice(self.id_prefix);
        out.extend_from_slice(&digits);
    }
}

fn push_sized_int(out: &mut Vec<u8>, value: i64) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    number::append(out, value);
    set_length(out, at);
}

/// Writes how many bytes came after the four at `at`.
fn set_length(out: &mut [u8], at: usize) {
    let len = u32::try_from(out.len().saturating_sub(at + 4)).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
        *place = len.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::command::Command;

    #[test]
    fn both_formats_say_what_a_broker_says() {
        for (opaque, queue_offset, count) in [(0, 0, 1), (-7, 10, 2), (i32::MAX, 987_654_321, 1)] {
            let id_prefix = b"7F00000100002A9F";
            let commit_offset = 0x1234_ABCD;
            let answer = SendAnswer { opaque, id_prefix, commit_offset, queue_id: 3, queue_offset, count };
            let [json, binary] = [HeaderFormat::Json, HeaderFormat::RocketMq].map(|format| {
                let mut bytes = Vec::new();
                answer.encode(format, &mut bytes);
                let frame = frame::decode(&bytes, frame::FRAME_BYTES_MAX).unwrap().unwrap();
                assert_eq!((frame.len, frame.format), (bytes.len(), format));
                Command::decode(&frame).unwrap()
            });
            assert_eq!(json, binary);
            assert_eq!((json.code, json.opaque, json.flag, json.version), (0, opaque, 1, VERSION));
            let ids: Vec<_> = json.ext("msgId").unwrap().split(',').collect();
            let both = ["7F00000100002A9F000000001234ABCD", "7F00000100002A9F000000001234ABCE"];
            assert_eq!(ids, &both[..if count == 2 { 2 } else { 1 }]);
            assert_eq!(json.ext("queueId"), Some("3"));
            assert_eq!(json.ext("queueOffset"), Some(&*queue_offset.to_string()));
            assert_eq!(json.ext("MSG_REGION"), Some("DefaultRegion"));
        }
    }
}
