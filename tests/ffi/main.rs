//! The C interface as a C program meets it: here Rust plays the caller, and where only C will do, a C program is
//! compiled and run. What is declared is read from the header, never listed by hand.

#![cfg(test)]
#![expect(unsafe_code, reason = "a C caller has no safe code")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "each block calls C's interface as its header asks")]
#![expect(clippy::missing_safety_doc, reason = "callbacks, which the library calls as their types say")]
#![expect(clippy::disallowed_methods, reason = "here is the other side of the border")]

mod abi;
mod batch;
mod borrowed;
mod config;
mod declarations;
mod errors;
mod errors_page;
mod fork;
mod header;
mod ids;
mod input;
mod listening;
mod log;
mod message;
mod mock;
mod name_servers;
mod null;
mod options;
mod producer;
mod recall;
mod send;
mod stats;
mod support;
mod symbols;
mod wrapper;
