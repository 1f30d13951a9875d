//! What a caller may ask of a single send.

use std::time::Duration;

use crate::text::Text;

/// How long a call may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timeout {
    /// `send.timeout.ms`.
    #[default]
    Default,
    /// No limit of the whole; each attempt still has one.
    Forever,
    /// This long; zero does not wait.
    After(Duration),
}

/// What a caller may ask of a single send.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Limit of all attempts together.
    pub timeout: Timeout,
    /// Asynchronous and one-way sends wait for room in flight.
    pub block: bool,
    /// One attempt only.
    pub no_retry: bool,
    /// Broker name and queue id; any queue if `None`.
    pub queue: Option<(Text, i32)>,
}
