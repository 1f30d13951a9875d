//! One client's connection: what a read brought is answered by one write.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::sys::socket::{MsgFlags, recv};

use crate::cluster::{Cluster, Node};
use crate::inbox::Inbox;

/// Room for one read.
pub(crate) const READ_BYTES: usize = 512 << 10;

/// Rest of a body from which on the system is asked to drop it instead of copying it.
const DROP_BYTES: usize = 64 << 10;

/// Reads before another connection has its turn.
const READS_IN_A_ROW: usize = 8;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// More requests.
    Read,
    /// Room for answers. Nothing is read meanwhile, which bounds them.
    Write,
    /// Nothing: it has ended.
    End,
}

/// One client.
pub(crate) struct Connection {
    stream: TcpStream,
    node: Node,
    inbox: Inbox,
    answers: Vec<u8>,
    /// So much of `answers` is written.
    written: usize,
    /// What the system was last asked to tell.
    awaited: Next,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, node: Node) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            node,
            inbox: Inbox::default(),
            answers: Vec::new(),
            written: 0,
            awaited: Next::Read,
        })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Notes what is waited for now; true if that is something else than before.
    pub(crate) fn waits_for(&mut self, next: Next) -> bool {
        std::mem::replace(&mut self.awaited, next) != next
    }

    /// Goes on after the system said that it can. An error is the client's fault, and ends the connection.
    pub(crate) fn go_on(&mut self, cluster: &mut Cluster, buffer: &mut [u8]) -> Result<Next, String> {
        for _ in 0..READS_IN_A_ROW {
            match self.write(cluster) {
                Ok(true) => {}
                Ok(false) => return Ok(Next::Write),
                Err(_) => return Ok(Next::End),
            }
            let full = match self.read(cluster, buffer)? {
                Some(0) => return Ok(Next::End),
                Some(bytes) => bytes == buffer.len(),
                None => return Ok(Next::Read),
            };
            if !full {
                break;
            }
        }
        match self.write(cluster) {
            Ok(true) => Ok(Next::Read),
            Ok(false) => Ok(Next::Write),
            Err(_) => Ok(Next::End),
        }
    }

    /// Reads once and answers what came. The bytes read, 0 at the end of the stream, `None` if there are none now.
    fn read(&mut self, cluster: &mut Cluster, buffer: &mut [u8]) -> Result<Option<usize>, String> {
        let skip = self.inbox.skip();
        let drops = skip >= DROP_BYTES;
        let result = match buffer.get_mut(..skip) {
            Some(part) if drops => drop_bytes(&self.stream, part),
            _ if drops => drop_bytes(&self.stream, buffer),
            _ => self.stream.read(buffer),
        };
        let bytes = match result {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(None);
            }
            // Reset by the client, which is one way to leave.
            Err(_) => return Ok(Some(0)),
        };
        cluster.counts.reads += u64::from(self.is_broker() && bytes > 0);
        if drops {
            self.inbox.skipped(bytes);
        } else {
            let (node, answers) = (self.node, &mut self.answers);
            let input = buffer.get(..bytes).unwrap_or_default();
            self.inbox.feed(input, |frame| cluster.answer(node, frame, answers))?;
        }
        Ok(Some(bytes))
    }

    /// Writes what is there to write; false if the system takes no more now.
    fn write(&mut self, cluster: &mut Cluster) -> io::Result<bool> {
        while let Some(rest @ [_, ..]) = self.answers.get(self.written..) {
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.written += bytes;
                    cluster.counts.writes += u64::from(self.is_broker());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.answers.clear();
        self.written = 0;
        Ok(true)
    }

    const fn is_broker(&self) -> bool {
        matches!(self.node, Node::Broker(_))
    }
}

/// Takes up to `buffer.len()` bytes off the stream without copying them (`MSG_TRUNC` in tcp(7)).
fn drop_bytes(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    recv(stream.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC).map_err(io::Error::from)
}
