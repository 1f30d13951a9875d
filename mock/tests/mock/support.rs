//! A client that knows the codec and nothing else.

use std::time::Duration;

use mock_cluster::{Core, Node, Options};
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::{self, HeaderFormat};
use protocol::header::send::SendMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

pub(crate) const TOPIC: &str = "Orders";

/// A send to queue 1 of [`TOPIC`], changed by `change`.
pub(crate) fn send_frame(
    opaque: i32,
    oneway: bool,
    format: HeaderFormat,
    change: impl FnOnce(&mut SendMessage<'_>),
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut send = SendMessage {
        group: "PG",
        topic: TOPIC,
        default_topic: "TBW102",
        default_queues: 4,
        queue_id: 1,
        sys_flag: 0,
        born_ms: 1_583_000_000_123,
        flag: 7,
        properties: &["UNIQ_KEY\x01ID\x02TAGS\x01TagA\x02KEYS\x01k1 k2\x02city\x01杭州\x02"],
        reconsume_times: 0,
        unit_mode: false,
        batch: false,
        broker_name: "broker-a",
        namespace: "",
    };
    change(&mut send);
    send.encode(format, opaque, oneway, 5, &mut out).unwrap();
    out.extend_from_slice(b"hello");
    out
}

/// A send of this body to queue 1 of [`TOPIC`], without properties and changed by `change`.
pub(crate) fn send_body(body: &[u8], change: impl FnOnce(&mut SendMessage<'_>)) -> Vec<u8> {
    let frame = send_frame(1, false, HeaderFormat::Json, |send| {
        send.properties = &[];
        change(send);
    });
    let (_, command) = take(&mut { frame }).unwrap();
    encode(&command.with_body(body.to_vec()))
}

pub(crate) fn send(opaque: i32) -> Vec<u8> {
    send_frame(opaque, false, HeaderFormat::Json, |_| {})
}

pub(crate) fn encode(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    command.encode(HeaderFormat::Json, &mut out).unwrap();
    out
}

/// The first command in `input`, which it is taken from.
pub(crate) fn take(input: &mut Vec<u8>) -> Option<(HeaderFormat, Command)> {
    let frame = frame::decode(input, frame::FRAME_BYTES_MAX).unwrap()?;
    let (format, len, command) = (frame.format, frame.len, Command::decode(&frame).unwrap());
    input.drain(..len);
    Some((format, command))
}

/// Ends a test that would wait for ever; on the paused clock that takes no time.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(36_000), what).await.expect("within hours")
}

/// One connection in memory.
pub(crate) struct Client {
    pub(crate) stream: DuplexStream,
    pub(crate) input: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(core: &Core, node: impl Into<Node>) -> Self {
        let (stream, other) = duplex(1 << 20);
        let (core, node) = (core.clone(), node.into());
        tokio::spawn(async move { core.serve(node, other).await });
        Self { stream, input: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.unwrap();
    }

    /// The next command, `None` when the connection ended.
    pub(crate) async fn next(&mut self) -> Option<Command> {
        loop {
            if let Some((_, command)) = take(&mut self.input) {
                return Some(command);
            }
            if soon(self.stream.read_buf(&mut self.input)).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Sends bytes and waits for what comes back.
    pub(crate) async fn exchange(&mut self, bytes: &[u8]) -> Command {
        self.write(bytes).await;
        self.next().await.expect("an answer")
    }

    /// Sends bytes that nobody answers.
    pub(crate) async fn hears_nothing_after(&mut self, bytes: &[u8]) -> bool {
        self.write(bytes).await;
        self.hears_nothing_for(5000).await
    }

    /// That nothing comes for `ms` of the paused clock.
    pub(crate) async fn hears_nothing_for(&mut self, ms: u64) -> bool {
        timeout(Duration::from_millis(ms), self.next()).await.is_err()
    }
}

pub(crate) fn route(topic: &str) -> Vec<u8> {
    encode(&Command::request(request::GET_ROUTEINFO_BY_TOPIC).with("topic", topic))
}

/// A cluster in memory that has [`TOPIC`] with four queues.
pub(crate) fn core(options: Options) -> Core {
    let core = Core::new(options);
    core.add_topic(TOPIC, 4);
    core
}
