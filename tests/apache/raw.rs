//! Requests as no function of the library makes them, over a plain socket: what a broker does at and beyond its limits.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::{self, FRAME_BYTES_MAX, HeaderFormat};
use protocol::header;
use protocol::message::properties;
use protocol::route::{MASTER_ID, RouteData};

use crate::apache::Apache;

/// What a broker of 4.7.0 says to whatever breaks a limit, and one that is newer.
pub(crate) const ILLEGAL_4_7: &str = "the message is illegal, maybe msg body or properties length not matched. msg body \
                                      length limit 128k, msg properties length limit 32k.";
pub(crate) const ILLEGAL: &str = "the message is illegal, maybe msg body or properties length not matched. msg body \
                                  length limit 4194304B, msg properties length limit 32KB.";

/// A connection.
pub(crate) struct Raw {
    stream: TcpStream,
    opaque: i32,
}

impl Raw {
    pub(crate) fn connect(address: &str) -> Self {
        Self { stream: TcpStream::connect(address).expect("the server takes connections"), opaque: 0 }
    }

    /// To the first broker that has the topic.
    pub(crate) fn to_broker(apache: &Apache, topic: &str) -> Self {
        let answer = Self::connect(apache.namesrv()).ask(header::route::request(topic));
        let route = RouteData::parse(&answer.body).expect("a route");
        Self::connect(&route.brokers[0].addresses[&MASTER_ID])
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, mut request: Command) -> Command {
        self.opaque += 1;
        request.opaque = self.opaque;
        let mut bytes = Vec::new();
        request.encode(HeaderFormat::Json, &mut bytes).expect("a request that can be written");
        self.stream.write_all(&bytes).expect("the server reads");
        loop {
            let answer = self.read();
            if answer.is_response() && answer.opaque == self.opaque {
                return answer;
            }
        }
    }

    fn read(&mut self) -> Command {
        let mut bytes = vec![0; 4];
        self.stream.read_exact(&mut bytes).expect("the server answers");
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes"));
        bytes.resize(4 + length as usize, 0);
        self.stream.read_exact(&mut bytes[4..]).expect("the server answers in full");
        let frame = frame::decode(&bytes, FRAME_BYTES_MAX).expect("a frame").expect("all of it");
        Command::decode(&frame).expect("an answer")
    }
}

/// One message for queue 0.
pub(crate) fn message(topic: &str, properties: &str, body: &[u8]) -> Command {
    send(request::SEND_MESSAGE_V2, topic, properties).with_body(body.to_vec())
}

/// Several for queue 0, made of [`record`]s.
pub(crate) fn batch(topic: &str, properties: &str, records: &[u8]) -> Command {
    send(request::SEND_BATCH_MESSAGE, topic, properties).with("m", true).with_body(records.to_vec())
}

/// One of a batch: its size, two words that brokers ignore, flag, body and properties.
pub(crate) fn record(properties: &str, body: &[u8]) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).expect("a size").to_be_bytes();
    let len = u16::try_from(properties.len()).expect("properties of a record");
    let mut record = Vec::new();
    record.extend(number(RECORD_BYTES + body.len() + properties.len()));
    record.extend([0; 12]);
    record.extend(number(body.len()));
    record.extend(body);
    record.extend(len.to_be_bytes());
    record.extend(properties.as_bytes());
    record
}

/// What a record has besides body and properties.
pub(crate) const RECORD_BYTES: usize = 22;

/// Properties in wire form.
pub(crate) fn wire(properties: &[(&str, &str)]) -> String {
    let mut wire = String::new();
    for (name, value) in properties {
        properties::append(&mut wire, name, value);
    }
    wire
}

/// Properties of `bytes` bytes altogether, with the two that every client sends.
pub(crate) fn wire_of(bytes: usize) -> String {
    let sent = wire(&[("UNIQ_KEY", &id(7)), ("WAIT", "true")]);
    let rest = bytes - sent.len() - "p\x01\x02".len();
    sent + &wire(&[("p", &"v".repeat(rest))])
}

/// A UNIQ_KEY that nobody else has in its topic.
pub(crate) fn id(number: u64) -> String {
    format!("{number:032X}")
}

#[expect(clippy::disallowed_methods, reason = "what is sent must be born before it is stored")]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(since.as_millis()).expect("a time")
}

fn send(code: i32, topic: &str, properties: &str) -> Command {
    Command::request(code)
        .with("a", "apache_tests")
        .with("b", topic)
        .with("c", "TBW102")
        .with("d", 4)
        .with("e", 0)
        .with("f", 0)
        .with("g", now_ms())
        .with("h", 0)
        .with("i", properties)
        .with("j", 0)
        .with("k", false)
        .with("m", false)
        .with("n", "broker-a")
}
