//! What C owns.

#[path = "../../src/ffi/owned.rs"]
mod owned;

pub mod handles;
