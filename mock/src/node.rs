//! Which server of the cluster is meant, and the switches each one has.

use std::fmt;
use std::time::Duration;

/// The name server, or a broker by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// The name server.
    NameServer,
    /// A broker, numbered from 0.
    Broker(usize),
}

impl From<usize> for Node {
    fn from(broker: usize) -> Self {
        Self::Broker(broker)
    }
}

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this server.
    Node(Node),
    /// At every broker. A rule that happens so often does so at all of them together.
    AnyBroker,
}

impl Place {
    pub(crate) fn holds(self, node: Node) -> bool {
        match self {
            Self::Node(own) => own == node,
            Self::AnyBroker => matches!(node, Node::Broker(_)),
        }
    }
}

impl<N: Into<Node>> From<N> for Place {
    fn from(node: N) -> Self {
        Self::Node(node.into())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameServer => f.write_str("name server"),
            Self::Broker(index) => f.write_str(&broker_name(*index)),
        }
    }
}

/// `broker-a`, `broker-b`, … `broker-z`, then `broker-26`, ….
pub(crate) fn broker_name(index: usize) -> String {
    match u8::try_from(index) {
        Ok(letter @ 0..26) => format!("broker-{}", char::from(b'a' + letter)),
        _ => format!("broker-{index}"),
    }
}

/// What can be switched at a node while it runs.
#[derive(Debug)]
pub(crate) struct Switches {
    /// Where the node is reached: `host:port`.
    pub(crate) address: String,
    /// Wanted: connections are accepted.
    pub(crate) up: bool,
    /// Reached: a listener is open. Kept by the cluster's acceptors, without meaning when there are no sockets.
    pub(crate) listening: bool,
    /// Connections are accepted but nothing is read, as when the process is stopped by SIGSTOP.
    pub(crate) frozen: bool,
    /// Every answer waits for this long.
    pub(crate) latency: Duration,
}

impl Switches {
    pub(crate) fn new(address: String) -> Self {
        Self { address, up: true, listening: false, frozen: false, latency: Duration::ZERO }
    }
}
