//! What can go wrong, as the upper layers see it: a kind for every status of the C API, the sentence,
//! and what is known of the message's fate. A leaf: it knows no other module but `text`.

use std::fmt;

use crate::text::Text;

/// What went wrong, one variant for each failing status of the C API. The texts are those of
/// `rocketmq_status_str()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ErrorKind {
    /// NULL, out of range, or an unknown enum value.
    #[error("an argument is NULL, out of range or not a known value")]
    InvalidArgument,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// A producer that was destroyed before.
    #[error("the object was destroyed before")]
    InvalidHandle,
    /// Not started, started twice, or too late for the call.
    #[error("the call does not fit the producer's state")]
    InvalidState,
    /// No such configuration key.
    #[error("there is no such configuration key")]
    UnknownKey,
    /// A value that its key does not accept, or a required key that is missing.
    #[error("a configuration value is missing or not accepted")]
    InvalidValue,
    /// A call that waits for callbacks, made on a library thread.
    #[error("the call would wait for the thread that it runs on")]
    WouldDeadlock,
    /// The handle belongs to the parent process.
    #[error("the handle belongs to the parent process")]
    Forked,
    /// No such property, key or index.
    #[error("there is nothing of that name or index")]
    NotFound,
    /// This build, or this broker, cannot do it.
    #[error("this build or this broker does not support it")]
    NotSupported,
    /// The application's callback refused or misbehaved.
    #[error("the application's callback refused")]
    Callback,
    /// A bug in the library.
    #[error("internal error of the library")]
    Internal,
    /// Out of memory, threads or descriptors.
    #[error("the system refused memory, a thread or a descriptor")]
    System,
    /// The in-flight limit is reached.
    #[error("the limit of sends in flight is reached")]
    QueueFull,
    /// Finished sends are not taken.
    #[error("finished sends are not taken: a callback blocks or the queue is not polled")]
    CompletionFull,
    /// The producer shut down.
    #[error("the producer is shut down")]
    Closed,
    /// Removed on request.
    #[error("the send was cancelled")]
    Cancelled,
    /// The time limit passed.
    #[error("the time limit passed")]
    Timeout,
    /// The route is not known yet.
    #[error("the topic's route is not known yet")]
    RouteNotReady,
    /// A topic that RocketMQ does not accept.
    #[error("the topic is not valid")]
    InvalidTopic,
    /// A body or properties over the limit.
    #[error("the message is too large")]
    MessageTooLarge,
    /// A property that RocketMQ does not accept.
    #[error("a property is not valid")]
    InvalidProperty,
    /// A message without body.
    #[error("the message has no body")]
    EmptyBody,
    /// No name server answered.
    #[error("no name server answered")]
    NoNamesrv,
    /// No connection.
    #[error("the connection could not be made")]
    Connect,
    /// The connection ended while a request was under way.
    #[error("the connection was lost")]
    ConnectionLost,
    /// No secure connection.
    #[error("the secure connection could not be made")]
    Tls,
    /// A signature or key was refused.
    #[error("the signature or the key was refused")]
    Auth,
    /// Bytes that make no sense.
    #[error("the peer's bytes make no sense")]
    Protocol,
    /// A host name that does not resolve.
    #[error("the host name could not be resolved")]
    Resolve,
    /// No route for the topic.
    #[error("no name server knows the topic")]
    TopicNotFound,
    /// A topic without a writable queue.
    #[error("the topic has no writable queue")]
    NoWritableQueue,
    /// The broker forbids it.
    #[error("the broker does not permit it")]
    NoPermission,
    /// The broker asks to slow down.
    #[error("the broker is busy")]
    BrokerBusy,
    /// Any other refusal of a broker.
    #[error("the broker refused")]
    Broker,
    /// A request that nobody answered.
    #[error("no reply came in time")]
    NoReply,
}

/// Whether a broker stored a message although its send failed, over all attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// Perhaps: sending it again may duplicate it.
    Unknown,
    /// Certainly not: no attempt's bytes reached a broker whole.
    #[default]
    NotSent,
    /// A broker answered and refused it.
    Rejected,
}

/// A failed call or send. One word wide; the detail is behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Detail>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
    kind: ErrorKind,
    message: Text,
    outcome: Outcome,
    broker_code: Option<i32>,
    broker_remark: Text,
    broker: Text,
    message_id: Text,
    attempts: u32,
}

impl Error {
    /// A failure of `kind`; `message` is a sentence that names the value and the reason. Not inlined: there are very many
    /// places to fail, and none of them is in a hurry.
    #[cold]
    #[inline(never)]
    pub fn new(kind: ErrorKind, message: impl Into<Text>) -> Self {
        Self(Box::new(Detail {
            kind,
            message: message.into(),
            outcome: Outcome::NotSent,
            broker_code: None,
            broker_remark: Text::default(),
            broker: Text::default(),
            message_id: Text::default(),
            attempts: 0,
        }))
    }

    /// With what is known of the message's fate.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// With the broker's own answer.
    #[must_use]
    pub fn with_answer(mut self, code: i32, remark: &str) -> Self {
        self.0.broker_code = Some(code);
        self.0.broker_remark = remark.into();
        self
    }

    /// With the broker concerned, `name@host:port`.
    #[must_use]
    pub fn with_broker(mut self, broker: impl Into<Text>) -> Self {
        self.0.broker = broker.into();
        self
    }

    /// With the unique id of the message and the attempts made.
    #[must_use]
    pub fn with_send(mut self, message_id: &str, attempts: u32) -> Self {
        self.0.message_id = message_id.into();
        self.0.attempts = attempts;
        self
    }

    /// What went wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The sentence.
    pub const fn message(&self) -> &Text {
        &self.0.message
    }

    /// What is known of the message's fate.
    pub const fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The broker's response code, if one answered.
    pub const fn broker_code(&self) -> Option<i32> {
        self.0.broker_code
    }

    /// The broker's own words.
    pub const fn broker_remark(&self) -> &Text {
        &self.0.broker_remark
    }

    /// The broker concerned, `name@host:port`.
    pub const fn broker(&self) -> &Text {
        &self.0.broker
    }

    /// The unique id that the message had.
    pub const fn message_id(&self) -> &Text {
        &self.0.message_id
    }

    /// Attempts made.
    pub const fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later without a change by the caller.
    pub const fn is_retriable(&self) -> bool {
        self.0.kind.is_passing()
    }
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::InvalidArgument,
        Self::InvalidUtf8,
        Self::InvalidHandle,
        Self::InvalidState,
        Self::UnknownKey,
        Self::InvalidValue,
        Self::WouldDeadlock,
        Self::Forked,
        Self::NotFound,
        Self::NotSupported,
        Self::Callback,
        Self::Internal,
        Self::System,
        Self::QueueFull,
        Self::CompletionFull,
        Self::Closed,
        Self::Cancelled,
        Self::Timeout,
        Self::RouteNotReady,
        Self::InvalidTopic,
        Self::MessageTooLarge,
        Self::InvalidProperty,
        Self::EmptyBody,
        Self::NoNamesrv,
        Self::Connect,
        Self::ConnectionLost,
        Self::Tls,
        Self::Auth,
        Self::Protocol,
        Self::Resolve,
        Self::TopicNotFound,
        Self::NoWritableQueue,
        Self::NoPermission,
        Self::BrokerBusy,
        Self::Broker,
        Self::NoReply,
    ];

    /// Whether the cause may pass by itself.
    pub const fn is_passing(self) -> bool {
        match self {
            Self::System
            | Self::QueueFull
            | Self::CompletionFull
            | Self::Timeout
            | Self::RouteNotReady
            | Self::NoNamesrv
            | Self::Connect
            | Self::ConnectionLost
            | Self::Resolve
            | Self::TopicNotFound
            | Self::NoWritableQueue
            | Self::BrokerBusy
            | Self::NoReply => true,
            Self::InvalidArgument
            | Self::InvalidUtf8
            | Self::InvalidHandle
            | Self::InvalidState
            | Self::UnknownKey
            | Self::InvalidValue
            | Self::WouldDeadlock
            | Self::Forked
            | Self::NotFound
            | Self::NotSupported
            | Self::Callback
            | Self::Internal
            | Self::Closed
            | Self::Cancelled
            | Self::InvalidTopic
            | Self::MessageTooLarge
            | Self::InvalidProperty
            | Self::EmptyBody
            | Self::Tls
            | Self::Auth
            | Self::Protocol
            | Self::NoPermission
            | Self::Broker => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message.as_str())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}
