//! Scripted failures: what goes wrong, and with which requests.

use std::time::Duration;

use bytes::Bytes;
use protocol::codes::{request, response};
use protocol::command::Command;

use crate::node::{Node, Place};

/// What goes wrong with one request. Where nothing else is said the request is carried out, a message stored.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer comes this much later.
    Delay(Duration),
    /// This code is answered. 0, 10, 11 and 12 mean *stored*: the message is kept and the answer has all its fields.
    /// With any other code the request is not carried out.
    Respond {
        /// Response code.
        code: i32,
        /// Remark beside it.
        remark: Option<String>,
        /// The answer comes this much later.
        delay: Duration,
    },
    /// This command is the answer, whatever it is; only its opaque is set.
    Answer {
        /// The answer.
        command: Command,
        /// Whether the request is carried out.
        store: bool,
    },
    /// The request is never answered.
    Freeze {
        /// Whether it is carried out.
        store: bool,
    },
    /// The connection is cut instead of an answer.
    Cut {
        /// Whether the request is carried out first.
        store: bool,
    },
    /// The connection is cut after so many bytes of the answer.
    CutInAnswer {
        /// Bytes that still get out.
        bytes: usize,
    },
    /// Nothing more is read from this connection, this request included. Answers that wait still go out.
    Stall,
    /// These bytes come instead of the answer.
    Garbage(Bytes),
    /// The answer comes twice.
    AnswerTwice,
    /// A copy of the answer with an opaque that nobody asked with comes first.
    UnknownOpaqueFirst,
}

impl Fault {
    /// This code at once, with a remark that names it.
    pub fn respond(code: i32) -> Self {
        Self::respond_after(code, Duration::ZERO)
    }

    /// This code after so long, with a remark that names it.
    pub fn respond_after(code: i32, delay: Duration) -> Self {
        Self::Respond { code, remark: Some(format!("scripted answer {code}")), delay }
    }

    /// Whether the request is carried out.
    pub fn performs(&self) -> bool {
        match self {
            Self::Respond { code, .. } => is_stored(*code),
            Self::Answer { store, .. } | Self::Freeze { store } | Self::Cut { store } => *store,
            Self::Stall => false,
            Self::Delay(_)
            | Self::CutInAnswer { .. }
            | Self::Garbage(_)
            | Self::AnswerTwice
            | Self::UnknownOpaqueFirst => true,
        }
    }
}

/// The response codes with which a message is stored.
fn is_stored(code: i32) -> bool {
    matches!(
        code,
        response::SUCCESS
            | response::FLUSH_DISK_TIMEOUT
            | response::SLAVE_NOT_AVAILABLE
            | response::FLUSH_SLAVE_TIMEOUT
    )
}

#[derive(Clone, Debug)]
enum Codes {
    Any,
    Sends,
    One(i32),
}

/// A fault and the requests it happens to.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    codes: Codes,
    topic: Option<String>,
    skip: u32,
    /// How often it still happens; `None` until it is cleared.
    left: Option<u32>,
}

impl Rule {
    /// Happens to every request until it is cleared. Narrow it with the other functions.
    pub fn always(fault: Fault) -> Self {
        Self { fault, codes: Codes::Any, topic: None, skip: 0, left: None }
    }

    /// Happens to the next request.
    pub fn once(fault: Fault) -> Self {
        Self::always(fault).times(1)
    }

    /// Happens so often.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// Only to requests with this code.
    #[must_use]
    pub fn code(mut self, code: i32) -> Self {
        self.codes = Codes::One(code);
        self
    }

    /// Only to requests that send a message, whatever their code.
    #[must_use]
    pub fn sends(mut self) -> Self {
        self.codes = Codes::Sends;
        self
    }

    /// Only to requests about this topic.
    #[must_use]
    pub fn topic(mut self, topic: &str) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// So many requests that would match are left alone first.
    #[must_use]
    pub fn after(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    fn matches(&self, arrival: &Arrival<'_>) -> bool {
        let code = match self.codes {
            Codes::Any => true,
            Codes::Sends => is_send(arrival.code),
            Codes::One(code) => code == arrival.code,
        };
        code && (self.topic.is_none() || self.topic.as_deref() == arrival.topic)
    }
}

/// Whether a request with this code carries a message.
pub(crate) fn is_send(code: i32) -> bool {
    matches!(
        code,
        request::SEND_MESSAGE
            | request::SEND_MESSAGE_V2
            | request::SEND_BATCH_MESSAGE
            | request::SEND_REPLY_MESSAGE
            | request::SEND_REPLY_MESSAGE_V2
    )
}

/// A request that came in, for those who decide about it one by one.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Where it came in.
    pub node: Node,
    /// Number of the connection.
    pub connection: u64,
    /// Since the cluster was made.
    pub at: Duration,
    /// Request code.
    pub code: i32,
    /// Request id.
    pub opaque: i32,
    /// Whether no answer is wanted.
    pub oneway: bool,
    /// Topic it is about.
    pub topic: Option<&'a str>,
    /// All of it.
    pub command: &'a Command,
}

/// The rules of the whole cluster and where each one holds, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Script(Vec<(Place, Rule)>);

impl Script {
    /// Whether nothing can happen at this node.
    pub(crate) fn spares(&self, node: Node) -> bool {
        !self.0.iter().any(|(place, _)| place.holds(node))
    }

    pub(crate) fn push(&mut self, place: Place, rule: Rule) {
        if rule.left != Some(0) {
            self.0.push((place, rule));
        }
    }

    pub(crate) fn clear(&mut self, place: Place) {
        self.0.retain(|(other, _)| *other != place);
    }

    pub(crate) fn clear_all(&mut self) {
        self.0.clear();
    }

    /// The fault of the first rule that applies, which is used up by one.
    pub(crate) fn take(&mut self, arrival: &Arrival<'_>) -> Option<Fault> {
        let at = self.0.iter_mut().position(|(place, rule)| {
            if !place.holds(arrival.node) || !rule.matches(arrival) {
                return false;
            }
            let applies = rule.skip == 0;
            rule.skip = rule.skip.saturating_sub(1);
            applies
        })?;
        let (_, rule) = self.0.get_mut(at)?;
        let fault = rule.fault.clone();
        if let Some(left) = &mut rule.left {
            *left -= 1;
            if *left == 0 {
                self.0.remove(at);
            }
        }
        Some(fault)
    }
}
