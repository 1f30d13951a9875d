//! RocketMQ's remoting protocol as bytes and state machines. Nothing here opens a socket, reads a clock,
//! starts a thread or keeps a global: input is bytes and the caller's time, output is bytes and values.
//!
//! | to | see |
//! |---|---|
//! | cut a byte stream into frames, or write one | [`frame`] |
//! | read or write a whole command, or only the head of an answer | [`command`] |
//! | look up a request code, a response code, a language, a send status | [`codes`] |
//! | write a send and read its answer; route, heartbeat, unregister and recall requests | [`header`] |
//! | turn a name server's answer into the queues one may write to | [`route`] |
//! | properties, ids, names, keys, flags, compression and batches of messages | [`message`] |
//! | match answers to requests and expire those that wait too long | [`session`] |
//! | repair the name servers' not-quite-JSON, find the end of a string | [`json`] |
//! | write decimal numbers | [`number`] |
//!
//! Everything that reads trusts nobody: a hostile length, depth or count is an error, never a panic and never an
//! allocation that the input itself does not pay for.

#![forbid(unsafe_code)]

mod base64;
pub mod codes;
pub mod command;
mod error;
pub mod frame;
pub mod header;
pub mod json;
pub mod message;
pub mod number;
pub mod route;
pub mod session;

pub use error::{DecodeError, EncodeError};
pub use frame::HeaderFormat;
