//! The requests, one file each: what goes into the header's fields and the body, and how a server reads it back.

pub mod heartbeat;
pub mod max_offset;
pub mod recall;
pub mod route;
pub mod send;
pub mod unregister;

use crate::DecodeError;
use crate::command::Command;

/// A field that must be there.
fn required<'a>(command: &'a Command, name: &'static str) -> Result<&'a str, DecodeError> {
    command.ext(name).ok_or(DecodeError::Missing(name))
}
