//! A RocketMQ name server and brokers for tests and for a first try without Java: they really keep what they are sent,
//! answer as 4.7.0 does or, as far as [`Options::version`] says, later brokers, and fail on demand.
//!
//! | where | what |
//! |---|---|
//! | [`Cluster`] | name server and brokers on 127.0.0.1 with a thread of their own |
//! | [`Core`] | the same without sockets: [`Core::serve`] runs a connection over any byte stream, on tokio's clock |
//! | [`Options`] | what the cluster looks like |
//! | [`Rule`], [`Fault`], [`Place`] | scripted failures |
//! | [`Stored`] | a message as it was kept |
//! | [`Transaction`] | what became of a half message |
//! | [`Event`] | everything that reached a node, in order |
//!
//! The crate shares the codec with the producer and none of its logic, so that a mistake there is not repeated here.
//! Inside, `state` and its neighbours decide what a frame leads to and know no sockets, clocks or tasks;
//! `connection` and `cluster` move the bytes.

mod answer;
mod broker;
mod cluster;
mod connection;
mod core;
mod dispatch;
mod fault;
mod inspect;
mod log;
mod name_server;
mod node;
mod options;
mod record;
mod reply;
mod sink;
mod state;
mod store;
mod stored;
mod timer;
mod topics;
mod transaction;

pub use crate::cluster::Cluster;
pub use crate::core::Core;
pub use crate::fault::{Arrival, Fault, Rule};
pub use crate::log::{Attempt, End, Event, HeartBeat, Unregistration, What};
pub use crate::node::{Node, Place};
pub use crate::options::{BROKERS_MAX, Options, QUEUES_MAX};
pub use crate::reply::Unpushed;
pub use crate::stored::Stored;
pub use crate::topics::objection as topic_objection;
pub use crate::transaction::Transaction;
