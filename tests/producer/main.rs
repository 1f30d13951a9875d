//! The producer as its users see it, above the mock cluster: the whole client on one thread, over memory streams and
//! paused time. One seed, one run: the same every time.

#![cfg(test)]

mod auto_batch;
mod bad_input;
mod batches;
mod connections;
mod discovery;
mod documentation;
mod ending;
mod faults;
mod holding;
mod identity;
mod keys;
mod lifecycle;
mod name_servers;
mod names;
mod namespace;
mod ordered;
mod panics;
mod parity;
mod recall;
mod record;
mod recovery;
mod retry;
mod route_answers;
mod routes;
mod scripts;
mod send;
mod stats;
mod timers;
mod world;
