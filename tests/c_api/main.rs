//! C programs that use the library as any C program would: compiled as strictly as a compiler can be, linked with the
//! shared library, run against the mock cluster. `tests/ffi` plays the caller in Rust; here is what only a process of
//! its own can show: threads and descriptors, signals, exit, fork, unloading, leaks.
//!
//! The programs are in `tests/c`. One prints what it saw as lines `name value` and fails by itself when a promise does
//! not hold; what the cluster saw is checked here. `pages` does the same with the code in the documentation.

#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "programs run in real time")]

#[path = "../support/chaos.rs"]
mod chaos;
mod cpp;
mod deadlines;
mod deb;
mod end;
mod examples;
mod fork;
#[path = "../support/install.rs"]
mod install;
mod lifecycle;
mod log;
mod memory;
mod mock;
#[path = "../support/offer.rs"]
mod offer;
mod package;
mod pages;
#[path = "../support/peers.rs"]
mod peers;
mod program;
mod queues;
mod refusals;
mod sends;
mod signals;
mod valgrind;
