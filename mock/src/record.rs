//! A message as a broker's commit log holds it (`MessageDecoder`): the body of the question about a half message.

use std::net::Ipv4Addr;

use flate2::Crc;

/// `MessageDecoder.MESSAGE_MAGIC_CODE`, where a topic's length is one byte.
const MAGIC: i32 = -626_843_481;

/// What is written; both hosts are IPv4 and of the loopback interface.
pub(crate) struct Record<'a> {
    pub(crate) topic: &'a str,
    pub(crate) queue_id: i32,
    pub(crate) flag: i32,
    pub(crate) queue_offset: i64,
    pub(crate) commit_offset: i64,
    pub(crate) sys_flag: i32,
    pub(crate) born_ms: i64,
    pub(crate) born_port: u16,
    pub(crate) stored_ms: i64,
    pub(crate) store_port: u16,
    pub(crate) reconsume_times: i32,
    pub(crate) body: &'a [u8],
    pub(crate) properties: &'a str,
}

impl Record<'_> {
    /// The bytes. A broker refuses before what would not fit its lengths.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.topic.len() + self.body.len() + self.properties.len());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&MAGIC.to_be_bytes());
        let mut checksum = Crc::new();
        checksum.update(self.body);
        out.extend_from_slice(&(checksum.sum() & 0x7FFF_FFFF).to_be_bytes());
        out.extend_from_slice(&self.queue_id.to_be_bytes());
        out.extend_from_slice(&self.flag.to_be_bytes());
        out.extend_from_slice(&self.queue_offset.to_be_bytes());
        out.extend_from_slice(&self.commit_offset.to_be_bytes());
        out.extend_from_slice(&self.sys_flag.to_be_bytes());
        out.extend_from_slice(&self.born_ms.to_be_bytes());
        push_host(&mut out, self.born_port);
        out.extend_from_slice(&self.stored_ms.to_be_bytes());
        push_host(&mut out, self.store_port);
        out.extend_from_slice(&self.reconsume_times.to_be_bytes());
        // The offset of the half message, which is 0 in the half message itself.
        out.extend_from_slice(&0_i64.to_be_bytes());
        out.extend_from_slice(&u32::try_from(self.body.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(self.body);
        out.push(u8::try_from(self.topic.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.topic.as_bytes());
        out.extend_from_slice(&u16::try_from(self.properties.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(self.properties.as_bytes());
        let bytes = u32::try_from(out.len()).unwrap_or(u32::MAX);
        if let Some(size) = out.first_chunk_mut::<4>() {
            *size = bytes.to_be_bytes();
        }
        out
    }
}

fn push_host(out: &mut Vec<u8>, port: u16) {
    out.extend_from_slice(&Ipv4Addr::LOCALHOST.octets());
    out.extend_from_slice(&u32::from(port).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of `cap_check_transaction_state` in the codec's vectors, which a 4.7.0 broker wrote.
    const CAPTURED: &str = "00000108daa320a7748f8b76000000010000000000000000000000060000000000460b1a00000000000001a202fc51bd7f00\
        00010000beb6000001a202fc51eb7f00000100002a9f0000000000000000000000000000000374783308526566546f706963\
        00a25245414c5f544f50494301526566546f706963025452414e53414354494f4e5f434845434b5f54494d45530131025452\
        414e5f4d5347017472756502554e49515f4b4559014644303030303030303030303030303030303030303030303030303030\
        30303233463639333039343645303936453934363942443030303802574149540166616c7365025047524f55500150475f52\
        4546025245414c5f514944013102";

    #[test]
    fn is_what_a_broker_wrote() {
        let record = Record {
            topic: "RefTopic",
            queue_id: 1,
            flag: 0,
            queue_offset: 6,
            commit_offset: 4_590_362,
            sys_flag: 0,
            born_ms: 1_795_346_420_157,
            born_port: 48_822,
            stored_ms: 1_795_346_420_203,
            store_port: 10_911,
            reconsume_times: 0,
            body: b"tx3",
            properties: "REAL_TOPIC\x01RefTopic\x02TRANSACTION_CHECK_TIMES\x011\x02TRAN_MSG\x01true\x02\
                         UNIQ_KEY\x01FD0000000000000000000000000000023F6930946E096E9469BD0008\x02\
                         WAIT\x01false\x02PGROUP\x01PG_REF\x02REAL_QID\x011\x02",
        };
        let hex: String = record.encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, CAPTURED);
    }
}
