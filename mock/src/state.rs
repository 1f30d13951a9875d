//! Everything the cluster knows, as plain data: no sockets, clocks or tasks. What frames do to it is in
//! `dispatch.rs`, `name_server.rs`, `broker.rs` and `sink.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use protocol::message::id;

use crate::connection::Link;
use crate::fault::{Arrival, Fault, Script};
use crate::log::{Log, What};
use crate::node::{Node, Switches, broker_name};
use crate::options::Options;
use crate::stored::Stored;
use crate::topics::Topics;
use crate::transaction::Half;

/// Decides about requests one by one, after the rules.
pub(crate) type Director = Box<dyn FnMut(&Arrival<'_>) -> Option<Fault> + Send>;

/// One broker.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) name: String,
    pub(crate) topics: Topics,
    /// Listed in the routes.
    pub(crate) registered: bool,
    /// In routes without its queues.
    pub(crate) leaving: bool,
    /// Listed with id 0; false lists it as its own slave, as when the master is gone.
    pub(crate) master: bool,
    /// First half of its offset ids: address and port.
    pub(crate) id_prefix: Arc<str>,
    /// Where it listens, or would.
    pub(crate) port: u16,
    /// Where the next record of its commit log starts.
    pub(crate) commit_offset: i64,
    /// The next place in its queue of half messages.
    pub(crate) half_offset: i64,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) node: Node,
    pub(crate) link: Arc<Link>,
    /// Client ids that sent heartbeats over it.
    pub(crate) clients: BTreeSet<String>,
    /// Producer groups that they named.
    pub(crate) groups: BTreeSet<String>,
}

/// Everything the cluster knows.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) switches: BTreeMap<Node, Switches>,
    pub(crate) brokers: Vec<Broker>,
    pub(crate) order_confs: BTreeMap<String, String>,
    pub(crate) script: Script,
    pub(crate) director: Option<Director>,
    pub(crate) log: Log,
    /// In the order they came in, over all topics.
    pub(crate) messages: Vec<Arc<Stored>>,
    pub(crate) by_topic: BTreeMap<String, Vec<Arc<Stored>>>,
    /// In the order they came in, ended or not.
    pub(crate) halves: Vec<Half>,
    pub(crate) followers: Vec<Sender<Arc<Stored>>>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    pub(crate) last_connection: u64,
    /// The next number of a command that a broker sends of its own accord.
    pub(crate) pushed: i32,
}

impl State {
    /// `ports` are the name server's and then one for each broker.
    pub(crate) fn new(options: Options, ports: &[u16]) -> Self {
        let mut switches = BTreeMap::new();
        let mut brokers = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let Some(broker) = index.checked_sub(1) else {
                switches.insert(
                    Node::NameServer,
                    Switches::new(SocketAddr::new(options.ip(), *port).to_string()),
                );
                continue;
            };
            switches.insert(Node::Broker(broker), Switches::new(format!("{}:{port}", options.host)));
            brokers.push(Broker {
                name: broker_name(broker),
                topics: Topics::new(options.auto_create, options.default_queues),
                registered: true,
                leaving: false,
                master: true,
                id_prefix: id_prefix(&options.host, *port),
                port: *port,
                commit_offset: 0,
                half_offset: 0,
            });
        }
        Self {
            log: Log::new(options.events_max),
            options,
            switches,
            brokers,
            order_confs: BTreeMap::new(),
            script: Script::default(),
            director: None,
            messages: Vec::new(),
            by_topic: BTreeMap::new(),
            halves: Vec::new(),
            followers: Vec::new(),
            connections: BTreeMap::new(),
            last_connection: 0,
            pushed: 1,
        }
    }

    pub(crate) fn is_up(&self, node: Node) -> bool {
        self.switches.get(&node).is_some_and(|switches| switches.up)
    }

    pub(crate) fn is_frozen(&self, node: Node) -> bool {
        self.switches.get(&node).is_some_and(|switches| switches.frozen)
    }

    pub(crate) fn latency(&self, node: Node) -> Duration {
        self.switches.get(&node).map_or(Duration::ZERO, |switches| switches.latency)
    }

    /// Number of a new connection to `node`, `None` when it takes none.
    pub(crate) fn connect(&mut self, node: Node, link: &Arc<Link>, at: Duration) -> Option<u64> {
        if !self.is_up(node) {
            return None;
        }
        self.last_connection += 1;
        let number = self.last_connection;
        let connection =
            Connection { node, link: Arc::clone(link), clients: BTreeSet::new(), groups: BTreeSet::new() };
        self.connections.insert(number, connection);
        *self.log.accepted.entry(node).or_default() += 1;
        self.record(at, node, number, What::Connected);
        Some(number)
    }

    pub(crate) fn disconnect(&mut self, number: u64, at: Duration) {
        if let Some(connection) = self.connections.remove(&number) {
            self.record(at, connection.node, number, What::Closed);
        }
    }

    pub(crate) fn record(&mut self, at: Duration, node: Node, connection: u64, what: What) {
        if self.options.keep {
            self.log.record(at, node, connection, what);
        }
    }

    /// The links of all connections to `node`.
    pub(crate) fn links(&self, node: Node) -> impl Iterator<Item = &Arc<Link>> {
        self.connections.values().filter(move |open| open.node == node).map(|open| &open.link)
    }

    /// Messages stored in a topic, over all brokers.
    pub(crate) fn message_count(&self, topic: &str) -> usize {
        if self.options.keep {
            return self.by_topic.get(topic).map_or(0, Vec::len);
        }
        let counts = self.brokers.iter().filter_map(|broker| broker.topics.0.get(topic));
        counts.map(|topic| usize::try_from(topic.stored()).unwrap_or(0)).sum()
    }

    pub(crate) fn keep(&mut self, message: Stored) {
        let message = Arc::new(message);
        self.followers.retain(|follower| follower.send(Arc::clone(&message)).is_ok());
        if self.options.keep {
            self.by_topic.entry(message.topic.clone()).or_default().push(Arc::clone(&message));
            self.messages.push(message);
        }
    }
}

/// Sixteen hex digits for 32 of the whole id. Host names stand for 127.0.0.1.
fn id_prefix(host: &str, port: u16) -> Arc<str> {
    let ip = host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let id = id::offset_id(ip, port, 0);
    id.get(..id.len().saturating_sub(16)).unwrap_or_default().into()
}
