//! The same window above a byte stream that counts: how many writes the client makes where it takes its streams from.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use rocketmq_producer::client::world::{ByteStream, Connector, Link, Pen, Promise, World};
use rocketmq_producer::error::Error;
use rocketmq_producer::producer::{Callback, Config, Message, Producer, SendOptions, Timeout};
use rocketmq_producer::runtime::wait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes that a stream took bytes in.
static WRITES: AtomicU64 = AtomicU64::new(0);

pub(crate) fn writes() -> u64 {
    WRITES.load(Ordering::Relaxed)
}

/// A producer above counted streams.
pub(crate) struct Counted {
    producer: Arc<Producer>,
    message: Message,
}

impl Counted {
    pub(crate) fn start(topic: &str, settings: &[(&str, &str)], body: &[u8]) -> Result<Self, String> {
        let made = || -> Result<Self, Error> {
            let mut config = Config::new();
            for (key, value) in settings {
                config.set(key, Some(value))?;
            }
            let mut world = World::system()?;
            world.connector = Arc::new(CountedStreams(world.connector));
            let producer = Producer::with_world(&config, world)?;
            let mut message = Message::new(topic)?;
            message.set_body(body)?;
            wait(None, producer.start(None, true)).transpose()?;
            Ok(Self { producer, message })
        };
        made().map_err(|error| error.to_string())
    }

    /// Sends one message; `ended` is called once with whether it failed.
    pub(crate) fn send(&self, ended: impl FnOnce(bool) + Send + 'static) -> Result<(), String> {
        let options = SendOptions::default();
        let deadline = self.producer.deadline(Timeout::Default);
        let callback = Callback::new(move |outcome| ended(outcome.is_err()));
        let sent = wait(deadline, self.producer.send_async(&self.message, &options, deadline, callback));
        sent.transpose().map(drop).map_err(|error| error.to_string())
    }

    pub(crate) fn shutdown(self) -> Result<(), String> {
        let deadline = self.producer.deadline(Timeout::Default);
        let ended = wait(deadline, self.producer.shutdown(deadline));
        ended.transpose().map(drop).map_err(|error| error.to_string())
    }
}

struct CountedStreams(Arc<dyn Connector>);

impl Connector for CountedStreams {
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>> {
        let connecting = self.0.connect(address);
        Box::pin(async {
            let Link { stream, pen, .. } = connecting.await?;
            let pen = pen.map(|pen| Box::new(CountedPen(pen)) as Box<dyn Pen>);
            Ok(Link { stream: Box::new(CountedStream(stream)), pen, line: None })
        })
    }
}

struct CountedStream(Box<dyn ByteStream>);

struct CountedPen(Box<dyn Pen>);

impl Pen for CountedPen {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write(pieces).inspect(|_| count_one())
    }
}

fn count_one() {
    WRITES.fetch_add(1, Ordering::Relaxed);
}

fn count(written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    if matches!(written, Poll::Ready(Ok(_))) {
        count_one();
    }
    written
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, room)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        count(Pin::new(&mut *self.0).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        count(Pin::new(&mut *self.0).poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}
