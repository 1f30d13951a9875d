//! What reached the nodes, in order, and how often.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use protocol::command::Command;
use protocol::frame::HeaderFormat;

use crate::node::Node;

/// Something that happened at a node.
#[derive(Clone, Debug)]
pub struct Event {
    /// Counted over the whole cluster from 0, without gaps.
    pub number: u64,
    /// Since the cluster was made.
    pub at: Duration,
    /// Where.
    pub node: Node,
    /// Number of the connection, counted over the whole cluster from 1.
    pub connection: u64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A connection was accepted.
    Connected,
    /// A connection ended, whoever ended it.
    Closed,
    /// A message was sent, also when it was refused or lost by a fault.
    Send(Attempt),
    /// A route was asked for.
    Route {
        /// Topic.
        topic: String,
        /// What was answered, `None` when nothing was.
        answer: Option<i32>,
    },
    /// A heartbeat.
    HeartBeat(HeartBeat),
    /// A client took its leave.
    Unregister(Unregistration),
    /// A transaction was ended, or its producer does not know yet.
    End(End),
    /// Any other request.
    Other {
        /// Request code.
        code: i32,
        /// Whether no answer was wanted.
        oneway: bool,
        /// What was answered, `None` when nothing was.
        answer: Option<i32>,
    },
    /// The client answered a command that was pushed to it.
    Answer(Command),
    /// Bytes that are no frame, or a header that cannot be read; the connection is closed.
    Broken(String),
}

/// One attempt to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Number of the broker.
    pub broker: usize,
    /// Request code.
    pub code: i32,
    /// Request id.
    pub opaque: i32,
    /// Format of the header.
    pub format: HeaderFormat,
    /// Whether no answer was wanted.
    pub oneway: bool,
    /// Topic.
    pub topic: String,
    /// Producer group.
    pub group: String,
    /// Queue id, as sent.
    pub queue_id: i32,
    /// Property `UNIQ_KEY`; empty when absent. For a batch those of its messages, with commas between.
    pub unique_id: String,
    /// Born time as sent, milliseconds since 1970.
    pub born_ms: i64,
    /// sysFlag as sent.
    pub sys_flag: i32,
    /// Bytes of the body as it came over the wire.
    pub body_bytes: usize,
    /// Where it was stored, the first one of a batch; `None` when it was not.
    pub queue_offset: Option<i64>,
    /// What was answered, `None` when nothing was.
    pub answer: Option<i32>,
}

/// A heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartBeat {
    /// Client id.
    pub client_id: String,
    /// Producer groups, in the order given.
    pub groups: Vec<String>,
}

/// A client took its leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unregistration {
    /// Client id.
    pub client_id: String,
    /// Producer group; empty when none was named.
    pub group: String,
}

/// What a producer said about a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Property `UNIQ_KEY` of the half message, as the producer gives it.
    pub unique_id: String,
    /// 8 commit, 12 rollback, 0 unknown; -1 when it cannot be read.
    pub commit_or_rollback: i32,
    /// Whether it answers a question of the broker.
    pub from_check: bool,
    /// Whether no answer was wanted.
    pub oneway: bool,
    /// What was answered, `None` when nothing was.
    pub answer: Option<i32>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) events: VecDeque<Event>,
    events_max: usize,
    next: u64,
    /// Requests by node and code.
    pub(crate) requests: BTreeMap<(Node, i32), u64>,
    /// Connections ever accepted, by node.
    pub(crate) accepted: BTreeMap<Node, u64>,
}

impl Log {
    pub(crate) fn new(events_max: usize) -> Self {
        Self { events_max, ..Self::default() }
    }

    pub(crate) fn record(&mut self, at: Duration, node: Node, connection: u64, what: What) {
        if self.events.len() >= self.events_max {
            self.events.pop_front();
        }
        self.events.push_back(Event { number: self.next, at, node, connection, what });
        self.next += 1;
    }

    pub(crate) fn count_request(&mut self, node: Node, code: i32) {
        *self.requests.entry((node, code)).or_default() += 1;
    }
}
