//! Models of the places where the producer's threads meet, explored by `loom` in every order that the threads
//! allow, up to a bound of preemptions.
//!
//! What is explored are the library's own files, compiled here a second time under the same module names. What
//! they meet by comes from [`sync`], which is loom's here and the standard library's and tokio's there. What they
//! take from the world is a double that never fails for a reason of its own and whose timers never ring: nothing
//! but a wake-up ends a sleep, so that a lost one shows as a deadlock.

// Tests in all but the compiler's eyes: a wrong answer must end the exploration.
#![expect(clippy::unwrap_used, reason = "a model fails by a panic")]

#[path = "../../src/error.rs"]
pub mod error;
mod explore;
mod sync;
#[path = "../../src/text/mod.rs"]
pub mod text;

pub mod client;
pub mod ffi;
pub mod producer;
pub mod runtime;
