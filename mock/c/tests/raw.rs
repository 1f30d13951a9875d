//! What the C functions send of the cluster's own accord, met by raw frames over a plain socket.

#![cfg(test)]
#![expect(unsafe_code, reason = "a C caller has no safe code")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "each block calls C's interface as its header asks")]
#![expect(clippy::disallowed_methods, reason = "here is the other side of the border")]

use std::ffi::{CStr, CString, c_char};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use ::rocketmq_mock::*;
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::{self, HeaderFormat};
use protocol::header::heartbeat;
use protocol::header::send::SendMessage;
use protocol::route::RouteData;

const TOPIC: &str = "Orders";

/// A cluster of one broker, through C.
struct Mock(*mut rocketmq_mock);

impl Drop for Mock {
    fn drop(&mut self) {
        unsafe { rocketmq_mock_destroy(self.0) };
    }
}

fn text(text: *const c_char) -> &'static str {
    unsafe { CStr::from_ptr(text) }.to_str().unwrap()
}

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

impl Mock {
    fn new() -> Self {
        let mock = Self(rocketmq_mock_create(1, 1));
        assert!(!mock.0.is_null());
        assert_eq!(unsafe { rocketmq_mock_add_topic(mock.0, c(TOPIC).as_ptr(), 1) }, 0);
        mock
    }

    fn count(&self) -> usize {
        unsafe { rocketmq_mock_message_count(self.0, c(TOPIC).as_ptr()) }
    }

    fn ask(&self, id: &str) -> Result<(), String> {
        self.done(unsafe { rocketmq_mock_ask_tx(self.0, c(id).as_ptr()) })
    }

    fn reply(&self, id: &str, body: &[u8]) -> Result<(), String> {
        let id = c(id);
        self.done(unsafe { rocketmq_mock_reply(self.0, id.as_ptr(), body.as_ptr().cast(), body.len()) })
    }

    fn done(&self, answer: i32) -> Result<(), String> {
        match answer {
            0 => Ok(()),
            -1 => Err(text(unsafe { rocketmq_mock_error(self.0) }).to_owned()),
            _ => panic!("neither 0 nor -1: {answer}"),
        }
    }

    /// A connection to the broker, whose address comes from the name server.
    fn connect(&self) -> Client {
        let mut namesrv = Client::to(text(unsafe { rocketmq_mock_namesrv(self.0) }));
        let answer =
            namesrv.exchange(&Command::request(request::GET_ROUTEINFO_BY_TOPIC).with("topic", TOPIC));
        Client::to(&RouteData::parse(&answer.body).unwrap().brokers[0].addresses[&0])
    }
}

struct Client {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Client {
    fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream, input: Vec::new() }
    }

    fn write(&mut self, command: &Command) {
        let mut out = Vec::new();
        command.encode(HeaderFormat::Json, &mut out).unwrap();
        self.stream.write_all(&out).unwrap();
    }

    fn next(&mut self) -> Command {
        loop {
            if let Some(frame) = frame::decode(&self.input, frame::FRAME_BYTES_MAX).unwrap() {
                let (len, command) = (frame.len, Command::decode(&frame).unwrap());
                self.input.drain(..len);
                return command;
            }
            let mut piece = [0; 4096];
            let count = self.stream.read(&mut piece).unwrap();
            assert!(count > 0, "closed");
            self.input.extend_from_slice(&piece[..count]);
        }
    }

    fn exchange(&mut self, command: &Command) -> Command {
        self.write(command);
        self.next()
    }

    /// Sends a message with these properties; the answer.
    fn send(&mut self, properties: &str) -> Command {
        let send = SendMessage {
            group: "PG",
            topic: TOPIC,
            default_topic: "TBW102",
            default_queues: 1,
            queue_id: 0,
            sys_flag: 0,
            born_ms: 1_583_000_000_123,
            flag: 0,
            properties: &[properties],
            reconsume_times: 0,
            unit_mode: false,
            batch: false,
            broker_name: "broker-a",
            namespace: "",
        };
        let mut out = Vec::new();
        send.encode(HeaderFormat::Json, 1, false, 4, &mut out).unwrap();
        out.extend_from_slice(b"ping");
        self.stream.write_all(&out).unwrap();
        self.next()
    }

    fn beat(&mut self) {
        let beat = heartbeat::request("client", ["PG"].into_iter());
        assert_eq!(self.exchange(&beat).code, 0);
    }
}

#[test]
fn a_producer_is_asked_about_its_half_message_and_commits_it() {
    let mock = Mock::new();
    let mut client = mock.connect();
    client.send("TRAN_MSG\x01true\x02UNIQ_KEY\x01HALF\x02PGROUP\x01PG\x02");
    assert_eq!(mock.count(), 0);
    let alone = mock.ask("HALF").unwrap_err();
    assert_eq!(alone, "message \"HALF\": the client has no connection over which it sent a heartbeat");
    client.beat();
    mock.ask("HALF").unwrap();
    let question = client.next();
    assert_eq!((question.code, question.ext("msgId")), (request::CHECK_TRANSACTION_STATE, Some("HALF")));
    let mut end = Command::request(request::END_TRANSACTION)
        .with("producerGroup", "PG")
        .with("msgId", "HALF")
        .with("commitOrRollback", 8)
        .with("fromTransactionCheck", true);
    for echoed in ["tranStateTableOffset", "commitLogOffset"] {
        end = end.with(echoed, question.ext(echoed).unwrap());
    }
    assert_eq!(client.exchange(&end).code, 0);
    assert_eq!(mock.count(), 1);
    let id = unsafe { rocketmq_mock_message_id(mock.0, c(TOPIC).as_ptr(), 0) };
    assert_eq!(text(id), "HALF");
    assert_eq!(mock.ask("HALF").unwrap_err(), "message \"HALF\": the transaction was committed");
}

#[test]
fn a_request_gets_its_reply() {
    let mock = Mock::new();
    let mut client = mock.connect();
    client.send("UNIQ_KEY\x01PLAIN\x02");
    client.send("UNIQ_KEY\x01ASK\x02REPLY_TO_CLIENT\x01client\x02CORRELATION_ID\x01c-1\x02TTL\x013000\x02");
    client.beat();
    assert_eq!(mock.reply("PLAIN", b"pong").unwrap_err(), "message \"PLAIN\": the message asks for no reply");
    for body in [&b"pong"[..], b""] {
        mock.reply("ASK", body).unwrap();
        let pushed = client.next();
        assert_eq!((pushed.code, &pushed.body[..]), (request::PUSH_REPLY_MESSAGE_TO_CLIENT, body));
        assert!(pushed.ext("properties").unwrap().contains("CORRELATION_ID\x01c-1\x02"));
        client.write(&Command::response(0, pushed.opaque));
    }
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/rocketmq_mock.h"));
    let committed = include_str!("../../../include/rocketmq_mock.h");
    assert!(generated == committed, "include/rocketmq_mock.h was edited; it is generated");
}
