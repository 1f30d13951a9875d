//! A client played over loopback.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use protocol::HeaderFormat;
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::header::route;
use protocol::route::RouteData;

use crate::program::Sink;

const FORMATS: [HeaderFormat; 2] = [HeaderFormat::Json, HeaderFormat::RocketMq];

struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    /// So much of it is read.
    read: usize,
}

impl Client {
    fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { stream, input: Vec::new(), read: 0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next answer; `None` at the end of the stream.
    fn read(&mut self) -> Option<(HeaderFormat, Command)> {
        loop {
            if let Some(frame) = frame::decode(&self.input[self.read..], FRAME_BYTES_MAX).unwrap() {
                let found = (frame.format, Command::decode(&frame).unwrap());
                self.read += frame.len;
                return Some(found);
            }
            self.input.drain(..std::mem::take(&mut self.read));
            let mut some = [0; 65_536];
            let bytes = match self.stream.read(&mut some) {
                Ok(0) => return None,
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            };
            self.input.extend_from_slice(&some[..bytes]);
        }
    }
}

fn brokers(sink: &Sink) -> Vec<String> {
    let mut client = Client::connect(&sink.namesrv);
    let mut bytes = Vec::new();
    route::request("any topic").encode(HeaderFormat::Json, &mut bytes).unwrap();
    client.write(&bytes);
    let (_, answer) = client.read().unwrap();
    let route = RouteData::parse(&answer.body).unwrap().publish();
    route.brokers.iter().map(|broker| broker.address.to_string()).collect()
}

fn send(opaque: i32, queue_id: i32, body_bytes: usize) -> Command {
    let send = Command::request(request::SEND_MESSAGE_V2).with("a", "g").with("b", "t").with("e", queue_id);
    Command { opaque, ..send.with("i", "UNIQ_KEY\u{1}\"7F\u{2}").with_body(vec![b'"'; body_bytes]) }
}

fn encoded(command: &Command, format: HeaderFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    command.encode(format, &mut bytes).unwrap();
    bytes
}

#[test]
fn frames_may_be_split_anywhere_in_both_formats() {
    let sink = Sink::start(&[]);
    let [address] = &brokers(&sink)[..] else { panic!("one broker") };
    let mut client = Client::connect(address);
    let mut opaque = 0;
    for format in FORMATS {
        for at in 0..encoded(&send(0, 3, 9), format).len() {
            opaque += 1;
            let bytes = encoded(&send(opaque, 3, 9), format);
            let (first, second) = bytes.split_at(at);
            client.write(first);
            client.write(second);
            let (answered_in, answer) = client.read().unwrap();
            assert_eq!((answered_in, answer.code, answer.opaque), (format, 0, opaque));
            assert_eq!(answer.ext("queueOffset"), Some(&*(opaque - 1).to_string()));
        }
    }
    let (counts, complaints) = sink.end();
    assert_eq!((counts["messages"], counts["oneway"]), (u64::try_from(opaque).unwrap(), 0));
    assert!(counts["reads"] >= counts["messages"] && counts["writes"] == counts["messages"], "{counts:?}");
    assert_eq!(complaints, "");
}

#[test]
fn a_batch_of_frames_in_one_write_is_answered_in_order_and_one_way_ones_are_not() {
    let sink = Sink::start(&["--brokers", "3"]);
    let addresses = brokers(&sink);
    assert_eq!(addresses.len(), 3);
    for address in &addresses {
        let mut client = Client::connect(address);
        let mut bytes = encoded(&Command { opaque: -1, ..Command::request(request::HEART_BEAT) }, FORMATS[0]);
        for opaque in 0..100 {
            let command = send(opaque, opaque % 4, 2000);
            let command = if opaque % 2 == 0 { command } else { command.oneway() };
            command.encode(FORMATS[usize::from(opaque % 3 == 0)], &mut bytes).unwrap();
        }
        client.write(&bytes);
        let opaques: Vec<i32> = (0..51).map(|_| client.read().unwrap().1.opaque).collect();
        let expected: Vec<i32> = std::iter::once(-1).chain((0..100).step_by(2)).collect();
        assert_eq!(opaques, expected);
    }
    // The last of each is one-way: what has arrived when the input ends is counted.
    let (counts, _) = sink.end();
    assert_eq!((counts["messages"], counts["oneway"]), (300, 150));
    assert!(counts["reads"] < 300 && counts["writes"] < 150, "{counts:?}");
}

#[test]
fn bodies_of_any_size_are_skipped() {
    let sink = Sink::start(&[]);
    let mut client = Client::connect(&brokers(&sink)[0]);
    let sizes = [0, 1, 65_536, 600_000, 4 << 20, 1000];
    let mut bytes = Vec::new();
    for (opaque, size) in (0..).zip(sizes) {
        send(opaque, 0, size).encode(HeaderFormat::Json, &mut bytes).unwrap();
    }
    client.write(&bytes);
    for opaque in (0..).take(sizes.len()) {
        assert_eq!(client.read().unwrap().1.opaque, opaque);
    }
    assert_eq!(sink.end().0["messages"], sizes.len() as u64);
}

#[test]
fn whoever_reads_no_answers_is_not_read_and_loses_nothing() {
    let sink = Sink::start(&[]);
    let mut client = Client::connect(&brokers(&sink)[0]);
    setsockopt(&client.stream, sockopt::RcvBuf, &(64 << 10)).unwrap();
    // Until nothing more is taken for a while: the sink waits for room for its answers.
    client.stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut rest = Vec::new();
    let mut count = 0;
    while rest.is_empty() {
        let bytes = encoded(&send(count, 0, 1000), HeaderFormat::RocketMq);
        count += 1;
        let mut written = 0;
        while written < bytes.len() && rest.is_empty() {
            match client.stream.write(&bytes[written..]) {
                Ok(bytes) => written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => rest = bytes[written..].to_vec(),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let mut writer = client.stream.try_clone().unwrap();
    writer.set_write_timeout(None).unwrap();
    let writer = std::thread::spawn(move || writer.write_all(&rest));
    for opaque in 0..count {
        assert_eq!(client.read().unwrap().1.opaque, opaque);
    }
    writer.join().unwrap().unwrap();
    assert_eq!(sink.end().0["messages"], u64::try_from(count).unwrap());
}

#[test]
fn a_frame_of_impossible_length_ends_its_connection_only() {
    let sink = Sink::start(&[]);
    let address = brokers(&sink).remove(0);
    let mut good = Client::connect(&address);
    for wrong in
        [&[0xFF; 8][..], &[0, 0, 0, 1, 0, 0, 0, 0], &[0, 0, 0, 8, 0, 0, 0, 9], &[0, 0, 0, 4, 7, 0, 0, 0]]
    {
        let mut bad = Client::connect(&address);
        bad.write(&encoded(&send(1, 0, 5), HeaderFormat::Json));
        assert!(bad.read().is_some());
        bad.write(wrong);
        assert!(bad.read().is_none());
    }
    good.write(&encoded(&send(1, 0, 5), HeaderFormat::Json));
    assert!(good.read().is_some());
    let (counts, complaints) = sink.end();
    assert_eq!(counts["messages"], 5);
    assert_eq!(complaints.lines().count(), 4, "{complaints}");
    assert!(complaints.contains("a frame cannot be -1 bytes long"), "{complaints}");
}

#[test]
fn an_input_that_has_no_end_is_refused() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rocketmq-bench-sink"));
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the standard input must be a pipe"));
}
