//! A descriptor that is readable while something waits: one end of a socketpair, in whose other end a byte is written.
//! An eventfd cannot be watched by plain Node, and writing to a pipe raises SIGPIPE.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;

use socket2::SockRef;

pub(super) struct Signal {
    /// The application's to watch; it may read what it finds there, and need not.
    reader: UnixStream,
    writer: UnixStream,
    /// A byte was written since the last clear.
    raised: bool,
}

impl Signal {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self { reader, writer, raised: false })
    }

    /// Makes the descriptor readable, also when the application has read what was there.
    pub(super) fn raise(&mut self) {
        self.raised = true;
        // Refused when so much lies there unread that it is readable anyway, or when the application has shut the
        // socket down, which is its own choice.
        let _ = SockRef::from(&self.writer).send_with_flags(&[1], libc::MSG_NOSIGNAL);
    }

    /// Makes it unreadable.
    pub(super) fn clear(&mut self) {
        if !std::mem::take(&mut self.raised) {
            return;
        }
        let mut bytes = [0; 64];
        while let Ok(1..) = self.reader.read(&mut bytes) {}
    }

    /// The library's own descriptor.
    pub(super) fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// Another one for the same, the caller's to close.
    pub(super) fn duplicate(&self) -> io::Result<i32> {
        Ok(self.reader.try_clone()?.into_raw_fd())
    }
}
