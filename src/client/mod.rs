//! The shared instance: name servers, routes, one connection for each broker address, heartbeats. It knows
//! nothing about producers: they submit requests and are told of outcomes through [`broker::Request`] and
//! [`routes::RouteWaiter`].

pub mod address;
pub mod body;
pub mod broker;
pub mod call_error;
pub mod config;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod dial;
pub mod discovery;
pub(crate) mod greeting;
pub mod instance;
pub mod layout;
pub(crate) mod listener;
pub(crate) mod missing;
pub mod name_servers;
pub(crate) mod outbox;
pub(crate) mod pause;
pub(crate) mod read_buf;
pub(crate) mod reconnect;
pub(crate) mod registry;
mod route_map;
pub mod routes;
pub(crate) mod shrunk;
pub(crate) mod tcp;
pub(crate) mod timer;
pub(crate) mod traffic;
pub mod world;
pub mod write_buf;
pub(crate) mod writer;
