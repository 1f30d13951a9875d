//! Sends messages to Apache RocketMQ, for any program that can call C.
//!
//! | layer | knows about | holds |
//! |---|---|---|
//! | [`ffi`] | `producer` | the C functions, one file for each object |
//! | [`producer`] | `client` | validation, limits, the send pipeline, retries, completion |
//! | [`client`] | the `protocol` crate | routes, name servers, connections, heartbeats; nothing of producers |
//! | [`runtime`], [`error`], [`text`], `latency`, `sync` | nothing | leaves that the three share |
//!
//! A message's way: `ffi::producer` checks pointers and calls [`producer::Producer`]; `producer::send`
//! validates, takes permits and fixes the deadline; `client::routes` gives the queues, `producer::select`
//! takes one; `client::broker` encodes the frame into the connection's outbox on the caller's thread;
//! `client::connection` writes it, reads the answer and gives it to `producer::flight`, which tries again
//! elsewhere or ends the send; `runtime` runs the callback.

pub mod error;
mod latency;
mod sync;
pub mod text;

pub mod runtime;

pub mod client;

pub mod producer;

pub mod ffi;
