//! A RocketMQ cluster inside a test program, which keeps what it is sent and fails on demand.
//!
//! Library: librocketmq_mock. It is for tests, and no substitute for a real broker: the ABI promise of
//! rocketmq_producer.h does not cover it, whose types are not needed here either. C99 and later, C++11 and later (and
//! C89 with `<stdint.h>`).
//!
//! Rules that hold for the whole file, unless a comment says otherwise:
//!
//!  M1  What is done answers 0, what failed -1. A function that answers a value says -1, 0, "" or NULL instead of a
//!      failure. Failures are NULL, text that is not UTF-8, a broker or message that is not there, a number that means
//!      nothing: rocketmq_mock_error() says why in a sentence.
//!  M2  Every function may be called from any thread at any time, and rocketmq_mock_destroy() last of all.
//!  M3  Text is UTF-8 and NUL-terminated; a NUL inside ends it. Returned text and bodies are good until
//!      rocketmq_mock_destroy(), whatever comes in meanwhile. Input is copied.
//!  M4  A mock is a thread that serves sockets on 127.0.0.1. All signals are blocked in that thread; it writes
//!      nothing anywhere and raises no SIGPIPE.
//!  M5  After fork() the child's mock is the parent's: every function fails, and destroy does nothing. The
//!      sockets stay open in the child too until it ends or execs. A new mock works.

// The text above opens the generated header (`build/header.rs` takes it from here), as the doc comments of the exported
// functions describe them there; their `# Safety` sections speak to Rust alone and stay behind.
//
// Inside, `handle` alone turns pointers into references and back, `input` reads text, buffers and numbers, and
// `boundary` keeps panics in. What a `SAFETY` comment means by a promise is one of the rules above, which every C
// caller keeps.
#![expect(unsafe_code, reason = "here is the border to C")]

mod boundary;
mod handle;
mod input;
mod mock;
mod texts;

mod cluster;
mod fault;
mod message;
mod push;
mod types;

pub use cluster::*;
pub use fault::*;
pub use message::*;
pub use push::*;
pub use types::*;
