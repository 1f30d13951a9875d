//! Why a request got no answer, and whether the peer may have acted on it.

use std::sync::Arc;

use protocol::EncodeError;

use crate::client::address::Address;

/// Why a request got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The host name has no address, or the resolver failed.
    #[error("the host name of {address} could not be resolved: {reason}")]
    Resolve {
        /// Whom.
        address: Address,
        /// The resolver's words.
        reason: Arc<str>,
    },
    /// There is no connection.
    #[error("no connection to {address}: {reason}")]
    Connect {
        /// Whom.
        address: Address,
        /// The system's words.
        reason: Arc<str>,
    },
    /// The connection ended before the answer came.
    #[error("the connection to {address} was lost: {reason}")]
    Lost {
        /// Whom.
        address: Address,
        /// The system's words.
        reason: Arc<str>,
        /// The whole frame was given to the socket, so that the peer may have acted on it.
        sent: bool,
    },
    /// The peer's bytes make no sense.
    #[error("{address} answered with bytes that make no sense: {reason}")]
    Garbled {
        /// Whom.
        address: Address,
        /// What is wrong with them.
        reason: Arc<str>,
        /// The whole frame was given to the socket.
        sent: bool,
    },
    /// The request's deadline passed.
    #[error("{address} did not answer in time")]
    Timeout {
        /// Whom.
        address: Address,
        /// The whole frame was given to the socket.
        sent: bool,
    },
    /// The request makes no frame.
    #[error("the request cannot be encoded: {0}")]
    Encode(EncodeError),
    /// The peer's version must be known, and it has not answered anything over this connection yet.
    #[error("the peer's version is not known")]
    VersionUnknown,
    /// The peer's version does not know what is asked of it.
    #[error("the peer's version {version} is too old for what is asked of it")]
    TooOld {
        /// The ordinal that its answers name.
        version: i32,
    },
    /// Cut off: the owner or the instance is shutting down.
    #[error("shut down")]
    Closed {
        /// The frame was encoded for a connection that lives on.
        sent: bool,
    },
    /// Cut off on request.
    #[error("cancelled")]
    Cancelled {
        /// The frame was encoded for a connection that lives on.
        sent: bool,
    },
}

impl CallError {
    /// Whether the peer may have acted on the request.
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Lost { sent, .. }
            | Self::Garbled { sent, .. }
            | Self::Timeout { sent, .. }
            | Self::Closed { sent }
            | Self::Cancelled { sent } => *sent,
            Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::Encode(_)
            | Self::VersionUnknown
            | Self::TooOld { .. } => false,
        }
    }

    /// As it reads for a request whose bytes may have reached the peer, or certainly have not.
    pub(crate) fn with_sent(&self, now: bool) -> Self {
        let mut error = self.clone();
        if let Self::Lost { sent, .. }
        | Self::Garbled { sent, .. }
        | Self::Timeout { sent, .. }
        | Self::Closed { sent }
        | Self::Cancelled { sent } = &mut error
        {
            *sent = now;
        }
        error
    }
}
