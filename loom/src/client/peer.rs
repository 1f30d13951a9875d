//! The other side of a connection. Only the task behind an address touches it, so it needs no thread.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use protocol::HeaderFormat;
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    /// Answers every request as soon as it is written.
    Answers,
    /// Takes everything and says nothing.
    Silent,
    /// Cannot be reached.
    Unreachable,
}

/// A connection to it. Closed by the peer as soon as our side is.
pub(crate) struct Stream {
    answers: bool,
    closed: bool,
    taken: Vec<u8>,
    answer: Vec<u8>,
    reader: Option<Waker>,
}

impl Stream {
    pub(crate) const fn new(answers: bool) -> Self {
        Self { answers, closed: false, taken: Vec::new(), answer: Vec::new(), reader: None }
    }

    fn answer(&mut self) {
        while let Some(frame) = frame::decode(&self.taken, FRAME_BYTES_MAX).unwrap() {
            let head = Head::read(&frame).unwrap();
            if self.answers && !head.is_oneway() {
                let answer = Command::response(0, head.opaque);
                answer.encode(HeaderFormat::Json, &mut self.answer).unwrap();
            }
            let length = frame.len;
            self.taken.drain(..length);
        }
    }

    /// Only when there is something to read: a wake-up too many would hide one that is missing.
    fn wake(&mut self) {
        if self.answer.is_empty() && !self.closed {
            return;
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer.is_empty() && !self.closed {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = self.answer.len().min(room.remaining());
        room.put_slice(&self.answer.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.taken.extend_from_slice(bytes);
        self.answer();
        self.wake();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        self.wake();
        Poll::Ready(Ok(()))
    }
}
