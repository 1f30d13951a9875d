//! The C interface as a C program meets it: here Rust plays the caller, and where only C will do, a C program is
//! compiled and run. What is declared is read from the header, never listed by hand.
//!
//! Modules are `cfg(test)` for clippy's sake, which lets tests unwrap.

#![expect(unsafe_code, reason = "a C caller has no safe code")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "each block calls C's interface as its header asks")]
#![expect(clippy::missing_safety_doc, reason = "callbacks, which the library calls as their types say")]
#![expect(clippy::disallowed_methods, reason = "here is the other side of the border")]

#[cfg(test)]
mod config;
#[cfg(test)]
mod declarations;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod fork;
#[cfg(test)]
mod header;
#[cfg(test)]
mod input;
#[cfg(test)]
mod log;
#[cfg(test)]
mod message;
#[cfg(test)]
mod null;
#[cfg(test)]
mod options;
#[cfg(test)]
mod producer;
#[cfg(test)]
mod send;
#[cfg(test)]
mod support;
#[cfg(test)]
mod symbols;
