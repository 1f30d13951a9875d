//! The other side of a connection. One at a time touches it, the task behind an address or who has its pen, so it needs
//! no thread; and its lock is never waited for, so that it is none that the models know.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use protocol::HeaderFormat;
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::client::world::{Link, Pen};

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
#[derive(Default)]
struct Wire {
    answers: bool,
    closed: bool,
    taken: Vec<u8>,
    answer: Vec<u8>,
    reader: Option<Waker>,
}

impl Wire {
    fn take(&mut self, bytes: &[u8]) {
        self.taken.extend_from_slice(bytes);
        self.answer();
        self.wake();
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

/// One of both ends that the client has of it.
struct End(Arc<Mutex<Wire>>);

impl End {
    fn wire(&self) -> MutexGuard<'_, Wire> {
        // Two at once that touch it are a defect.
        self.0.try_lock().unwrap()
    }
}

/// A connection to a peer that answers, or is silent.
pub(crate) fn connection(answers: bool) -> Link {
    let wire = Arc::new(Mutex::new(Wire { answers, ..Wire::default() }));
    Link { stream: Box::new(End(Arc::clone(&wire))), pen: Some(Box::new(End(wire))) }
}

impl Pen for End {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().for_each(|piece| self.wire().take(piece));
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.wire();
        if wire.answer.is_empty() && !wire.closed {
            wire.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = wire.answer.len().min(room.remaining());
        room.put_slice(&wire.answer.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wire().take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.wire();
        wire.closed = true;
        wire.wake();
        Poll::Ready(Ok(()))
    }
}
