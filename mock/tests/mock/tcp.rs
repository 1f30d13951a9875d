//! The cluster with sockets and its own thread, used by blocking callers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{TOPIC, encode, route, send, take};
use mock_cluster::{Cluster, Fault, Node, Options, Rule};
use protocol::command::Command;
use protocol::header::heartbeat;
use protocol::route::RouteData;

const LIMIT: Duration = Duration::from_secs(10);

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn next(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<Command> {
    loop {
        if let Some((_, command)) = take(input) {
            return Some(command);
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => input.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Option<Command> {
    stream.write_all(bytes).ok()?;
    next(stream, &mut Vec::new())
}

#[test]
fn a_route_leads_to_the_broker() {
    let cluster = Cluster::start(Options { brokers: 2, ..Options::default() }).unwrap();
    cluster.add_topic(TOPIC, 4);
    let answer = exchange(&mut connect(&cluster.namesrv()), &route(TOPIC)).unwrap();
    let parsed = RouteData::parse(&answer.body).unwrap();
    assert_eq!(parsed.brokers.len(), 2);
    for (index, broker) in parsed.brokers.iter().enumerate() {
        assert_eq!(broker.addresses[&0], cluster.broker_address(index));
        let answer = exchange(&mut connect(&broker.addresses[&0]), &send(1)).unwrap();
        let port: u32 = broker.addresses[&0].rsplit(':').next().unwrap().parse().unwrap();
        assert!(answer.ext("msgId").unwrap().starts_with(&format!("7F000001{port:08X}")));
    }
    assert!(cluster.wait_for_messages(TOPIC, 2, LIMIT));
    assert!(!cluster.wait_for_messages(TOPIC, 3, Duration::from_millis(20)));
    assert_eq!(cluster.messages(TOPIC)[1].broker_name, "broker-b");
}

#[test]
fn a_route_may_lead_to_a_broker_of_another_cluster() {
    let (cluster, other) =
        (Cluster::start(Options::default()).unwrap(), Cluster::start(Options::default()).unwrap());
    cluster.add_topic(TOPIC, 4);
    cluster.set_address(0, &other.broker_address(0));
    let answer = exchange(&mut connect(&cluster.namesrv()), &route(TOPIC)).unwrap();
    let parsed = RouteData::parse(&answer.body).unwrap();
    assert_eq!(parsed.brokers[0].addresses[&0], other.broker_address(0));
}

#[test]
fn a_broker_goes_and_comes_back_at_the_same_port() {
    let cluster = Cluster::start(Options::default()).unwrap();
    cluster.add_topic(TOPIC, 4);
    let address = cluster.broker_address(0);
    for round in 1..=3 {
        let mut stream = connect(&address);
        assert_eq!(exchange(&mut stream, &send(1)).unwrap().code, 0);
        cluster.set_broker(0, false).unwrap();
        assert_eq!(cluster.open_connections(0), 0);
        assert!(exchange(&mut stream, &send(2)).is_none());
        assert!(TcpStream::connect(&address).is_err());
        let mut namesrv = connect(&cluster.namesrv());
        assert_eq!(exchange(&mut namesrv, &route(TOPIC)).unwrap().code, 17);
        cluster.set_broker(0, true).unwrap();
        assert_eq!(exchange(&mut namesrv, &route(TOPIC)).unwrap().code, 0);
        assert_eq!(cluster.message_count(TOPIC), round);
    }
    assert_eq!(cluster.accepted(0), 3);
    assert!(cluster.set_broker(1, false).is_err());
}

#[test]
fn a_cluster_that_has_just_started_can_be_switched_off() {
    for _ in 0..20 {
        let cluster = Cluster::start(Options::default()).unwrap();
        cluster.set_broker(0, false).unwrap();
        assert!(TcpStream::connect(cluster.broker_address(0)).is_err());
        cluster.set_namesrv(false).unwrap();
        assert!(TcpStream::connect(cluster.namesrv()).is_err());
        cluster.set_namesrv(true).unwrap();
        connect(&cluster.namesrv());
    }
}

#[test]
fn frozen_and_cut_connections_leave_the_others_alone() {
    let cluster = Cluster::start(Options::default()).unwrap();
    cluster.add_topic(TOPIC, 4);
    cluster.fault(0, Rule::once(Fault::Freeze { store: true }));
    cluster.fault(0, Rule::once(Fault::Cut { store: true }));
    let mut frozen = connect(&cluster.broker_address(0));
    frozen.write_all(&send(1)).unwrap();
    assert!(cluster.wait_for_messages(TOPIC, 1, LIMIT));
    assert!(exchange(&mut connect(&cluster.broker_address(0)), &send(2)).is_none());
    assert_eq!(exchange(&mut connect(&cluster.broker_address(0)), &send(3)).unwrap().code, 0);
    frozen.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    assert!(next(&mut frozen, &mut Vec::new()).is_none());
    assert_eq!(cluster.message_count(TOPIC), 3);
}

#[test]
fn large_frames_and_long_pipelines_pass() {
    let cluster = Cluster::start(Options { message_bytes_max: 12 << 20, ..Options::default() }).unwrap();
    cluster.add_topic(TOPIC, 4);
    let mut stream = connect(&cluster.broker_address(0));
    let (_, command) = take(&mut send(1)).unwrap();
    let large = Command { body: vec![b'x'; 10 << 20].into(), ..command };
    assert_eq!(exchange(&mut stream, &encode(&large)).unwrap().code, 0);
    assert_eq!(cluster.messages(TOPIC)[0].body.len(), 10 << 20);
    let frames: Vec<u8> = (0..5000).flat_map(send).collect();
    stream.write_all(&frames).unwrap();
    let mut input = Vec::new();
    for opaque in 0..5000 {
        assert_eq!(next(&mut stream, &mut input).unwrap().opaque, opaque);
    }
}

#[test]
fn dropping_ends_everything_and_leaves_the_records() {
    let cluster = Cluster::start(Options::default()).unwrap();
    cluster.add_topic(TOPIC, 4);
    let mut stream = connect(&cluster.broker_address(0));
    exchange(&mut stream, &send(1)).unwrap();
    exchange(&mut stream, &encode(&heartbeat::request("c", ["PG"].into_iter()))).unwrap();
    let core = cluster.core().clone();
    drop(cluster);
    assert!(next(&mut stream, &mut Vec::new()).is_none());
    assert!(TcpStream::connect(core.broker_address(0)).is_err());
    assert_eq!((core.message_count(TOPIC), core.heart_beats(0).len()), (1, 1));
    assert_eq!(core.open_connections(Node::Broker(0)), 0);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let cluster = Cluster::start(Options::default()).unwrap();
    let namesrv_port = cluster.namesrv().rsplit(':').next().unwrap().parse().unwrap();
    assert!(Cluster::start(Options { namesrv_port, ..Options::default() }).is_err());
    drop(cluster);
    let again = Cluster::start(Options { namesrv_port, ..Options::default() }).unwrap();
    assert!(again.namesrv().ends_with(&format!(":{namesrv_port}")));
}
