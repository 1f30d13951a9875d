//! The cluster: what is counted, where the brokers are, and the answers to all requests.

use std::net::SocketAddr;

use protocol::codes::{Language, request, response};
use protocol::command::Command;
use protocol::header::route::{ACCEPT_STANDARD_JSON_ONLY, TOPIC};
use protocol::message::batch;
use protocol::route::{BrokerData, MASTER_ID, PERM_READ, PERM_WRITE, QueueData, RouteData};
use protocol::{EncodeError, HeaderFormat, frame};

use crate::answer::{SendAnswer, VERSION};
use crate::inbox::Frame;
use crate::scan;

const NAME: &str = "bench";

/// Name server: all brokers of the cluster (`RequestCode`); no producer of ours asks.
const GET_BROKER_CLUSTER_INFO: i32 = 106;

/// From this version on (4.9.4) name servers answer with proper JSON (`MQVersion`).
const STANDARD_JSON_VERSION: i32 = 401;

/// Who a connection leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The name server.
    Namesrv,
    /// The broker of this number.
    Broker(usize),
}

/// What was counted on connections to brokers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Sends, one-way ones included.
    pub(crate) messages: u64,
    /// One-way sends.
    pub(crate) oneway: u64,
    /// Read calls that returned something.
    pub(crate) reads: u64,
    /// Write calls that took something.
    pub(crate) writes: u64,
}

struct Broker {
    address: SocketAddr,
    id_prefix: [u8; 16],
    commit_offset: u64,
    /// The next offset of each queue, whatever its topic.
    offsets: Vec<u64>,
}

/// Every node behind the sockets.
pub(crate) struct Cluster {
    brokers: Vec<Broker>,
    queues: usize,
    pub(crate) counts: Counts,
}

impl Cluster {
    pub(crate) fn new(addresses: &[SocketAddr], queues: usize) -> Self {
        let broker = |address: &SocketAddr| {
            let mut id_prefix = [b'0'; 16];
            // 127.0.0.1, then the port in four bytes.
            let text = format!("7F000001{:08X}", address.port());
            id_prefix.copy_from_slice(text.as_bytes());
            Broker { address: *address, id_prefix, commit_offset: 0, offsets: vec![0; queues] }
        };
        Self { brokers: addresses.iter().map(broker).collect(), queues, counts: Counts::default() }
    }

    /// Appends the answer to one request, if it wants one; `true` if that needs the body, which tells how many messages
    /// there are in a batch.
    pub(crate) fn answer(&mut self, node: Node, frame: Frame<'_>, out: &mut Vec<u8>) -> Result<bool, String> {
        let head = scan::scan(frame.format, frame.header);
        let is_batch = head.is_some_and(|head| head.code == request::SEND_BATCH_MESSAGE);
        if is_batch && frame.body_len > 0 && frame.body.is_none() {
            return Ok(true);
        }
        let taken = match (node, head) {
            (Node::Broker(index), Some(head)) => self.take_send(index, &head, frame, out),
            _ => false,
        };
        if !taken {
            self.answer_rare(node, frame, out)?;
        }
        Ok(false)
    }

    /// Counts and answers a send to a queue that exists; false leaves the request to the long way.
    fn take_send(&mut self, index: usize, head: &scan::Head, frame: Frame<'_>, out: &mut Vec<u8>) -> bool {
        if !matches!(
            head.code,
            request::SEND_MESSAGE | request::SEND_MESSAGE_V2 | request::SEND_BATCH_MESSAGE
        ) {
            return false;
        }
        let Some(broker) = self.brokers.get_mut(index) else { return false };
        let Some(queue_id) = head.queue_id else { return false };
        let place = usize::try_from(queue_id).ok().and_then(|queue| broker.offsets.get_mut(queue));
        let Some(offset) = place else { return false };
        let count = frame.body.map_or(1, |body| batch::records(body).count().max(1) as u64);
        self.counts.messages += count;
        if head.is_oneway() {
            self.counts.oneway += count;
        } else {
            let answer = SendAnswer {
                opaque: head.opaque,
                id_prefix: &broker.id_prefix,
                commit_offset: broker.commit_offset,
                queue_id,
                queue_offset: *offset,
                count,
            };
            answer.encode(frame.format, out);
        }
        *offset += count;
        broker.commit_offset += (frame.header.len() + frame.body_len) as u64;
        true
    }

    fn answer_rare(&self, node: Node, frame: Frame<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        let whole = frame::Frame { format: frame.format, header: frame.header, body: &[], len: 0 };
        let request = Command::decode(&whole).map_err(|error| format!("a header makes no sense: {error}"))?;
        if request.is_oneway() || request.is_response() {
            return Ok(());
        }
        let mut answer = match (node, request.code) {
            (Node::Namesrv, request::GET_ROUTEINFO_BY_TOPIC) => self.route(&request),
            (Node::Namesrv, GET_BROKER_CLUSTER_INFO) => self.cluster_info(),
            (Node::Broker(_), request::HEART_BEAT | request::UNREGISTER_CLIENT) => {
                Command::response(response::SUCCESS, 0)
            }
            (
                Node::Broker(_),
                request::SEND_MESSAGE | request::SEND_MESSAGE_V2 | request::SEND_BATCH_MESSAGE,
            ) => Command::response(response::SYSTEM_ERROR, 0)
                .with_remark("the queue id is not one of the route"),
            (_, code) => Command::response(response::REQUEST_CODE_NOT_SUPPORTED, 0)
                .with_remark(format!("request code {code} is not supported")),
        };
        answer.opaque = request.opaque;
        answer.language = Language::Java;
        answer.version = VERSION;
        encode(answer, frame.format, out).map_err(|error| format!("an answer cannot be written: {error}"))
    }

    /// The route of any topic, in the JSON that a name server would choose for this client.
    fn route(&self, request: &Command) -> Command {
        if request.ext(TOPIC).is_none() {
            return Command::response(response::SYSTEM_ERROR, 0)
                .with_remark("a route is asked for without a topic");
        }
        let standard = request.version >= STANDARD_JSON_VERSION
            || request.ext(ACCEPT_STANDARD_JSON_ONLY) == Some("true");
        let mut route = RouteData::default();
        for (index, broker) in self.brokers.iter().enumerate() {
            let broker_name = format!("broker-{index}");
            let queues = i32::try_from(self.queues).unwrap_or(i32::MAX);
            route.queues.push(QueueData {
                broker_name: broker_name.clone(),
                read_queues: queues,
                write_queues: queues,
                perm: PERM_READ | PERM_WRITE,
            });
            let addresses = [(MASTER_ID, broker.address.to_string())].into();
            route.brokers.push(BrokerData { cluster: NAME.to_owned(), broker_name, addresses });
        }
        Command::response(response::SUCCESS, 0).with_body(route.encode(standard))
    }

    fn cluster_info(&self) -> Command {
        let (mut table, mut names) = (Vec::new(), Vec::new());
        for (index, broker) in self.brokers.iter().enumerate() {
            let (name, address) = (format!("\"broker-{index}\""), broker.address);
            table.push(format!(
                r#"{name}:{{"brokerAddrs":{{"0":"{address}"}},"brokerName":{name},"cluster":"{NAME}"}}"#
            ));
            names.push(name);
        }
        let (table, names) = (table.join(","), names.join(","));
        Command::response(response::SUCCESS, 0).with_body(format!(
            r#"{{"brokerAddrTable":{{{table}}},"clusterAddrTable":{{"{NAME}":[{names}]}}}}"#
        ))
    }
}

/// Appends an answer as Java's servers write it: a JSON header names its format once more, which some clients want.
fn encode(mut answer: Command, format: HeaderFormat, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if format != HeaderFormat::Json {
        return answer.encode(format, out);
    }
    let body = std::mem::take(&mut answer.body);
    let mut bytes = Vec::new();
    answer.encode(format, &mut bytes)?;
    let whole = frame::decode(&bytes, frame::FRAME_BYTES_MAX).ok().flatten();
    let header = whole.and_then(|whole| whole.header.strip_suffix(b"}")).unwrap_or_default();
    let start = frame::begin(out, format);
    out.extend_from_slice(header);
    out.extend_from_slice(b",\"serializeTypeCurrentRPC\":\"JSON\"}");
    frame::end(out, start, body.len())?;
    out.extend_from_slice(&body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cluster: &mut Cluster, node: Node, request: &Command, format: HeaderFormat) -> Option<Command> {
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        request.encode(format, &mut bytes).unwrap();
        let whole = frame::decode(&bytes, frame::FRAME_BYTES_MAX).unwrap().unwrap();
        let frame = Frame { format, header: whole.header, body_len: whole.body.len(), body: None };
        if cluster.answer(node, frame, &mut out).unwrap() {
            cluster.answer(node, Frame { body: Some(whole.body), ..frame }, &mut out).unwrap();
        }
        let answer = frame::decode(&out, frame::FRAME_BYTES_MAX).unwrap()?;
        assert_eq!((answer.len, answer.format), (out.len(), format));
        if format == HeaderFormat::Json {
            let header = std::str::from_utf8(answer.header).unwrap();
            assert!(header.contains(r#""serializeTypeCurrentRPC":"JSON""#), "{header}");
        }
        Some(Command::decode(&answer).unwrap())
    }

    fn cluster() -> Cluster {
        Cluster::new(&["127.0.0.1:10911".parse().unwrap(), "127.0.0.1:10921".parse().unwrap()], 4)
    }

    #[test]
    fn any_topic_has_a_route_over_all_brokers() {
        let plain = Command { version: 317, ..Command::request(105).with(TOPIC, "any") };
        let standard = plain.clone().with(ACCEPT_STANDARD_JSON_ONLY, true);
        for (request, quoted) in [(plain, false), (standard, true)] {
            let answer = ask(&mut cluster(), Node::Namesrv, &request, HeaderFormat::Json).unwrap();
            assert_eq!(answer.code, 0);
            let text = std::str::from_utf8(&answer.body).unwrap();
            assert_eq!(text.contains(r#"{"0":"127.0.0.1:10921"}"#), quoted, "{text}");
            let route = RouteData::parse(&answer.body).unwrap().publish();
            assert_eq!((route.brokers.len(), route.queues.len()), (2, 8));
        }
    }

    #[test]
    fn sends_are_counted_and_numbered_and_answered_unless_they_are_one_way() {
        let mut cluster = cluster();
        for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
            for (code, name) in [(10, "queueId"), (310, "e"), (320, "e")] {
                let send = Command { opaque: 9, ..Command::request(code).with("topic", "t").with(name, 2) };
                let answer = ask(&mut cluster, Node::Broker(1), &send, format).unwrap();
                assert_eq!((answer.code, answer.opaque, answer.ext("queueId")), (0, 9, Some("2")));
                let expected = (cluster.counts.messages - 1).to_string();
                assert_eq!(answer.ext("queueOffset"), Some(&*expected));
                assert_eq!(ask(&mut cluster, Node::Broker(1), &send.oneway(), format), None);
            }
        }
        assert_eq!((cluster.counts.messages, cluster.counts.oneway), (12, 6));
        let wrong = Command::request(310).with("e", 4);
        assert_eq!(ask(&mut cluster, Node::Broker(0), &wrong, HeaderFormat::Json).unwrap().code, 1);
        assert_eq!(cluster.counts.messages, 12);
    }

    #[test]
    fn each_message_of_a_batch_is_counted_and_has_an_id() {
        let mut cluster = cluster();
        let mut body = Vec::new();
        (0..3).for_each(|_| batch::append(&mut body, 0, b"body", &[]).unwrap());
        let send = Command::request(320).with("e", 2).with("m", true).with_body(body);
        for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
            let answer = ask(&mut cluster, Node::Broker(0), &send, format).unwrap();
            assert_eq!(answer.ext("msgId").unwrap().split(',').count(), 3);
            assert_eq!(answer.ext("queueOffset"), Some(&*(cluster.counts.messages - 3).to_string()));
        }
        assert_eq!(cluster.counts.messages, 6);
    }

    #[test]
    fn other_requests_are_answered_where_they_belong() {
        let mut cluster = cluster();
        for (node, code, expected) in [
            (Node::Broker(0), 34, 0),
            (Node::Broker(0), 35, 0),
            (Node::Namesrv, 106, 0),
            (Node::Namesrv, 310, 3),
            (Node::Broker(0), 105, 3),
            (Node::Broker(0), 9999, 3),
        ] {
            let request = Command::request(code);
            let answer = ask(&mut cluster, node, &request, HeaderFormat::RocketMq).unwrap();
            assert_eq!(answer.code, expected, "{node:?} {code}");
        }
    }
}
