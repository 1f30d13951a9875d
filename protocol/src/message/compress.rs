//! Compression of bodies by zlib, the one kind that every consumer can read.

mod zlib;

pub use zlib::{LEVEL_MAX, deflate, inflate};

/// How much room is made at least when the output is full.
const ROOM_BYTES_MIN: usize = 1024;
