//! Reaches the peer, or does not.

use crate::client::broker::Broker;
use crate::client::call_error::CallError;
use crate::client::peer::{Peer, connection};
use crate::client::world::Link;

pub(crate) async fn dial(broker: &Broker) -> Result<Link, CallError> {
    match broker.world.peer {
        Peer::Unreachable => {
            Err(CallError::Connect { address: broker.address.clone(), reason: "unreachable".into() })
        }
        Peer::Answers => Ok(connection(usize::MAX)),
        Peer::AnswersOnce => Ok(connection(1)),
        Peer::Silent => Ok(connection(0)),
    }
}
