//! A question for the broker's version, for a send that must not come to one that is too old. Every answer names it, so
//! that the question is a heartbeat, and only asked before the first answer over a connection.

use protocol::command::Command;
use protocol::{EncodeError, HeaderFormat};
use tokio::time::Instant;

use crate::client::broker::{Done, Owner, Reply, Request, encode_command};
use crate::client::write_buf::WriteBuf;
use crate::error::ErrorKind;
use crate::producer::attempt::Failure;
use crate::producer::flight::{Flight, Target};

/// A send that waits for the answer.
struct Question {
    flight: Box<Flight>,
    command: Command,
}

impl Flight {
    /// Goes on with this attempt when the broker has answered something.
    pub(super) fn ask_version(self: Box<Self>, done: &mut Done<'_>) {
        let broker = self.target.as_ref().and_then(Target::broker);
        let (Some(broker), Some(instance)) = (broker, self.producer.instance()) else {
            return self.end_with(ErrorKind::Internal, "the send has no broker", done);
        };
        broker.submit(Box::new(Question { flight: self, command: instance.heartbeat() }), done);
    }
}

impl Request for Question {
    fn owner(&self) -> Owner {
        Request::owner(&*self.flight)
    }

    fn deadline(&self) -> Option<Instant> {
        Request::deadline(&*self.flight)
    }

    fn is_oneway(&self) -> bool {
        false
    }

    fn is_patient(&self) -> bool {
        self.flight.is_patient()
    }

    fn encode(&self, opaque: i32, format: HeaderFormat, out: &mut WriteBuf) -> Result<(), EncodeError> {
        encode_command(&self.command, opaque, format, out)
    }

    fn finish(self: Box<Self>, reply: Reply<'_>, done: &mut Done<'_>) {
        match reply {
            Reply::Answer(_) | Reply::Written => self.flight.submit_again(done),
            // Whatever became of the question, the message was not sent.
            Reply::Failed(error) => self.flight.on_failure(&Failure::Call(error.with_sent(false)), done),
        }
    }
}
