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
use tokio::time::Instant;

use crate::client::world::{ByteStream, Ear, Line, Link, Pen};
use crate::runtime::lock;
use crate::sync;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    /// Answers every request as soon as it is written.
    Answers,
    /// Answers the first request, and no other.
    AnswersOnce,
    /// Takes everything and says nothing.
    Silent,
    /// Cannot be reached.
    Unreachable,
}

/// A connection to it. Closed by the peer as soon as our side is.
#[derive(Default)]
struct Wire {
    /// How many more requests it answers.
    answers: usize,
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
            if self.answers > 0 && !head.is_oneway() {
                self.answers -= 1;
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

/// The connection as the client has it.
#[derive(Clone)]
struct End(Arc<Mutex<Wire>>);

impl End {
    fn wire(&self) -> MutexGuard<'_, Wire> {
        // Two at once that touch it are a defect.
        self.0.try_lock().unwrap()
    }
}

/// A connection to a peer that answers so many requests, and no more.
pub(crate) fn connection(answers: usize) -> Link {
    let end = End(Arc::new(Mutex::new(Wire { answers, ..Wire::default() })));
    Link { stream: end.watched().unwrap(), pen: Some(Box::new(end.clone())), line: Some(Box::new(end)) }
}

impl Line for End {
    fn watched(&self) -> io::Result<Box<dyn ByteStream>> {
        Ok(Box::new(Watched(self.clone())))
    }

    fn ear(&self) -> io::Result<Arc<dyn Ear>> {
        let silent = self.wire().answers == 0;
        let (closed, close) = (sync::Mutex::new(false), sync::Condvar::new());
        Ok(Arc::new(Listener { end: self.clone(), silent, closed, close }))
    }
}

struct Listener {
    end: End,
    /// No answer comes. Otherwise it has come by the time that somebody waits for it.
    silent: bool,
    closed: sync::Mutex<bool>,
    close: sync::Condvar,
}

impl Ear for Listener {
    fn wait(&self, _: Option<Instant>) -> bool {
        let mut closed = lock(&self.closed);
        while !*closed && self.silent {
            closed = self.close.wait(closed).unwrap();
        }
        !*closed
    }

    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.end.wire();
        if wire.answer.is_empty() && !wire.closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = wire.answer.len().min(room.len());
        room.iter_mut().zip(wire.answer.drain(..count)).for_each(|(place, byte)| *place = byte);
        Ok(count)
    }

    fn close(&self) {
        *lock(&self.closed) = true;
        self.close.notify_all();
    }
}

impl Pen for End {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().for_each(|piece| self.wire().take(piece));
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }
}

/// One end that wakes its task.
struct Watched(End);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.wire().reader = None;
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut wire = self.0.wire();
        if wire.answer.is_empty() && !wire.closed {
            wire.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = wire.answer.len().min(room.remaining());
        room.put_slice(&wire.answer.drain(..count).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.wire().take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.0.wire();
        wire.closed = true;
        wire.wake();
        Poll::Ready(Ok(()))
    }
}
