//! The first request of a connection.

use protocol::command::Command;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::broker::{Done, NOBODY, Owner, Reply, Request, encode_command};
use crate::client::write_buf::WriteBuf;

/// A heartbeat: nobody waits for its answer.
pub(crate) struct Greeting {
    pub(crate) command: Command,
    pub(crate) deadline: Instant,
}

impl Request for Greeting {
    fn owner(&self) -> Owner {
        NOBODY
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.deadline)
    }

    fn is_oneway(&self) -> bool {
        false
    }

    fn is_patient(&self) -> bool {
        false
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        encode_command(&self.command, opaque, format, out)
    }

    fn finish(self: Box<Self>, _: Reply<'_>, _: &mut Done<'_>) {}
}
