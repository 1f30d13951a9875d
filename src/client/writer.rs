//! What a connection is writing, and where in the stream each request ends.

use std::collections::VecDeque;

use protocol::HeaderFormat;
use protocol::command::Command;

use crate::client::broker::encode_command;
use crate::client::outbox::Entry;
use crate::client::write_buf::WriteBuf;

/// What is being written.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) current: WriteBuf,
    /// Encoded before the socket was found full.
    pub(crate) next: WriteBuf,
    pub(crate) entries: Vec<Entry>,
    /// Stream position after everything taken.
    pub(crate) queued: u64,
    /// Stream position after everything the socket took.
    pub(crate) written: u64,
    /// One-way requests, by the position of their end.
    pub(crate) oneways: VecDeque<(u64, i32)>,
    pub(crate) half_closed: bool,
}

impl Writer {
    pub(crate) fn is_idle(&self) -> bool {
        self.current.is_empty() && self.next.is_empty()
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.current.advance(count);
        self.written += count as u64;
    }

    /// Adds a command of our own that nobody waits for.
    pub(crate) fn put(&mut self, command: &Command, opaque: i32, format: HeaderFormat) {
        let buffer = if self.next.is_empty() { &mut self.current } else { &mut self.next };
        let before = buffer.total();
        if encode_command(command, opaque, format, buffer).is_ok() {
            self.queued += buffer.total() - before;
        }
    }
}
