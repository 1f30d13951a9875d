//! What goes over the wire to the nodes, as commands.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use protocol::command::Command;
use protocol::frame;
use rocketmq_producer::client::world::ByteStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::world::Sim;

/// To whom, and what was written.
type Written = (SocketAddr, Vec<u8>);

/// Every byte that is written on streams connected from now on.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Written>>>);

impl Record {
    pub(crate) fn of(sim: &Sim) -> Self {
        let record = Self::default();
        let to = record.clone();
        sim.connector.wrap(move |stream, address| {
            let mut streams = to.0.lock().unwrap();
            streams.push((address, Vec::new()));
            Box::new(Recorded { stream, number: streams.len() - 1, record: to.clone() })
        });
        record
    }

    /// The requests of all streams, one stream after the other, and to whom each went.
    pub(crate) fn requests(&self) -> Vec<(SocketAddr, Command)> {
        let mut requests = Vec::new();
        for (address, bytes) in &*self.0.lock().unwrap() {
            let mut rest = &bytes[..];
            while let Some(found) = frame::decode(rest, frame::FRAME_BYTES_MAX).unwrap() {
                requests.push((*address, Command::decode(&found).unwrap()));
                rest = &rest[found.len..];
            }
        }
        requests
    }

    /// The requests with this code.
    pub(crate) fn with_code(&self, code: i32) -> Vec<Command> {
        self.requests()
            .into_iter()
            .map(|(_, command)| command)
            .filter(|command| command.code == code)
            .collect()
    }
}

struct Recorded {
    stream: Box<dyn ByteStream>,
    number: usize,
    record: Record,
}

impl Recorded {
    fn note<'a>(&self, written: usize, parts: impl Iterator<Item = &'a [u8]>) {
        let bytes: Vec<u8> = parts.flatten().copied().take(written).collect();
        self.record.0.lock().unwrap()[self.number].1.extend(bytes);
    }
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.note(count, std::iter::once(bytes));
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        if let Poll::Ready(Ok(count)) = written {
            self.note(count, parts.iter().map(|part| &**part));
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
