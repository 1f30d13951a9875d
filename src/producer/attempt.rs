//! What the outcome of one attempt leads to. Pure: outcome and policy in, verdict out.

use std::time::Duration;

use protocol::codes::response;
use tokio::time::Instant;

use crate::client::call_error::CallError;
use crate::client::routes::RouteError;
use crate::error::{ErrorKind, Outcome};
use crate::producer::config::{BUSY_CODES, Settings};

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There was no answer.
    Call(CallError),
    /// The broker refused.
    Refused { code: i32, remark: String },
    /// The broker answered success and its fields make no sense.
    Garbled(String),
}

/// Retry or not: what the caller fixed for one send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// When the whole send ends.
    pub(crate) deadline: Option<Instant>,
    /// Attempts that may be made.
    pub(crate) attempts_max: u32,
}

impl Failure {
    /// What is known of the message's fate after it.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Call(error) if error.may_have_arrived() => Outcome::Unknown,
            Self::Call(_) => Outcome::NotSent,
            Self::Refused { .. } => Outcome::Rejected,
            Self::Garbled(_) => Outcome::Unknown,
        }
    }

    /// Whether the broker asks to slow down.
    pub(crate) fn is_throttle(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if BUSY_CODES.contains(code))
    }

    /// The kind of error that the caller sees if it is the last.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Call(error) => call_kind(error),
            Self::Refused { .. } if self.is_throttle() => ErrorKind::BrokerBusy,
            Self::Refused { code: response::TOPIC_NOT_EXIST, .. } => ErrorKind::TopicNotFound,
            Self::Refused { code: response::NO_PERMISSION, .. } => ErrorKind::NoPermission,
            Self::Refused { .. } => ErrorKind::Broker,
            Self::Garbled(_) => ErrorKind::Protocol,
        }
    }

    /// Whether `settings` have it tried again.
    pub(crate) fn may_be_retried(&self, settings: &Settings) -> bool {
        match (self, self.outcome()) {
            (
                Self::Call(CallError::Encode(_) | CallError::Closed { .. } | CallError::Cancelled { .. }),
                _,
            ) => false,
            (Self::Refused { code, .. }, _) => settings.retry_codes.contains(code),
            (_, Outcome::Unknown) => settings.retry_unknown,
            (_, Outcome::NotSent | Outcome::Rejected) => true,
        }
    }

    /// The sentence's second half.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Call(CallError::TooOld { version }) => format!(
                "the broker is of version {}, and those before 5.0.0 deliver a message with a timer at once",
                shown_version(*version)
            ),
            Self::Call(error) => error.to_string(),
            Self::Refused { code, remark } if remark.is_empty() => format!("the broker answered code {code}"),
            Self::Refused { code, remark } => format!("the broker answered code {code}: {remark}"),
            Self::Garbled(reason) => format!("the broker's answer makes no sense: {reason}"),
        }
    }
}

/// The first version of brokers that know timers, 5.0.0; those before take them for ordinary properties.
pub(crate) const TIMER_VERSION: i32 = 413;

/// As people know it: `MQVersion` numbers snapshots and releases of 4.x, two for each patch, from 4.0.0 on.
pub(crate) fn shown_version(version: i32) -> String {
    match version.checked_sub(213) {
        Some(since @ 0..200) => format!("4.{}.{} ({version})", since / 20, since % 20 / 2),
        _ => version.to_string(),
    }
}

/// The kind of a failed call.
pub(crate) const fn call_kind(error: &CallError) -> ErrorKind {
    match error {
        CallError::Resolve { .. } => ErrorKind::Resolve,
        CallError::Connect { .. } => ErrorKind::Connect,
        CallError::Lost { .. } => ErrorKind::ConnectionLost,
        CallError::Garbled { .. } => ErrorKind::Protocol,
        CallError::Timeout { .. } => ErrorKind::Timeout,
        CallError::Encode(_) => ErrorKind::MessageTooLarge,
        CallError::VersionUnknown | CallError::TooOld { .. } => ErrorKind::NotSupported,
        CallError::Closed { .. } => ErrorKind::Closed,
        CallError::Cancelled { .. } => ErrorKind::Cancelled,
    }
}

/// The kind of a missing route.
pub(crate) const fn route_kind(error: &RouteError) -> ErrorKind {
    match error {
        RouteError::NotFound => ErrorKind::TopicNotFound,
        RouteError::NoNameServer(_) => ErrorKind::NoNamesrv,
        RouteError::Timeout => ErrorKind::Timeout,
        RouteError::Closed => ErrorKind::Closed,
        RouteError::Cancelled => ErrorKind::Cancelled,
    }
}

/// Of two outcomes the one that is true of both attempts together.
pub(crate) const fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
        (Outcome::Rejected, _) | (_, Outcome::Rejected) => Outcome::Rejected,
        (Outcome::NotSent, Outcome::NotSent) => Outcome::NotSent,
    }
}

/// The pause after the first busy answer; doubled by each further one.
const THROTTLE_FIRST: Duration = Duration::from_millis(50);
const THROTTLE_MAX: Duration = Duration::from_secs(2);

/// How long to stay away after `busy` answers in a row that asked for it: half of it certain, half by chance,
/// `chance` being a number below its argument.
pub(crate) fn throttle_pause(busy: u32, chance: impl FnOnce(usize) -> usize) -> Duration {
    let whole = THROTTLE_FIRST.saturating_mul(1 << busy.clamp(1, 16).saturating_sub(1)).min(THROTTLE_MAX);
    let half = whole / 2;
    half + Duration::from_micros(chance(usize::try_from(half.as_micros()).unwrap_or(0) + 1) as u64)
}

impl Plan {
    /// When the attempt that begins `now` as the `attempt`th ends. While another broker may still be tried
    /// it has its own limit, so that one frozen broker does not eat the whole budget.
    pub(crate) fn attempt_deadline(
        &self,
        now: Instant,
        attempt: u32,
        has_other: bool,
        settings: &Settings,
    ) -> Option<Instant> {
        let attempts_left = self.attempts_max.saturating_sub(attempt.saturating_sub(1)).max(1);
        let Some(deadline) = self.deadline else {
            return Some(now + settings.attempt_timeout.unwrap_or(settings.send_timeout));
        };
        if attempts_left == 1 || !has_other {
            return Some(deadline);
        }
        let left = deadline.saturating_duration_since(now);
        let own = settings.attempt_timeout.unwrap_or(left / attempts_left);
        Some(now + own.min(left).max(Duration::from_millis(1)))
    }

    /// Whether another attempt may follow after `attempts` of them.
    pub(crate) fn allows_another(&self, now: Instant, attempts: u32) -> bool {
        attempts < self.attempts_max && self.deadline.is_none_or(|deadline| now < deadline)
    }
}

#[cfg(test)]
mod tests;
