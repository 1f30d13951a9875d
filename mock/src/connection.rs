//! One connection over any byte stream: reads in big pieces, hands whole frames to the state, writes the answers of one
//! read at once. Reading goes on while the peer takes its answers slowly.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::frame;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::core::Core;
use crate::dispatch::{Origin, Outputs};
use crate::node::Node;

/// A read asks for this much.
const READ_BYTES: usize = 256 << 10;
/// While this much waits to be written nothing is read: a peer that takes no answers is pushed back.
const UNWRITTEN_BYTES_MAX: usize = 64 << 20;
/// How long a connection that is to be cut may take to get out what was answered before.
const LAST_WRITE: Duration = Duration::from_millis(100);

/// The way into a connection from outside.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pushed: Mutex<Vec<u8>>,
    cut: AtomicBool,
    changed: Notify,
}

impl Link {
    /// Ends the connection as soon as its task runs; nothing more is written.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Has bytes written.
    pub(crate) fn push(&self, bytes: &[u8]) {
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        self.changed.notify_one();
    }

    /// Has the task look again at the switches of its node.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn take_pushed(&self, out: &mut Vec<u8>) {
        out.append(&mut self.pushed.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Takes the connection off the books however its task ends.
struct Registration<'a> {
    core: &'a Core,
    node: Node,
    number: u64,
    link: Arc<Link>,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.core.disconnected(self.number);
    }
}

/// Runs a connection to its end, see [`Core::serve`].
pub(crate) async fn serve(core: &Core, node: Node, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    let link = Arc::new(Link::default());
    let Some(number) = core.connected(node, &link) else { return };
    let registration = Registration { core, node, number, link };
    let (reader, writer) = tokio::io::split(stream);
    let served = Served {
        registration,
        reader,
        writer,
        input: Vec::with_capacity(READ_BYTES),
        out: Vec::new(),
        written: 0,
        later: BTreeMap::new(),
        delayed: 0,
        stalled: false,
    };
    served.run().await;
}

/// A connection's buffers.
struct Served<'a, R, W> {
    registration: Registration<'a>,
    reader: R,
    writer: W,
    /// Read and not yet handled: the start of a frame.
    input: Vec<u8>,
    /// To be written, of which `written` bytes are out.
    out: Vec<u8>,
    written: usize,
    /// Answers that wait for their time; the number keeps those of one moment in order.
    later: BTreeMap<(Instant, u64), Vec<u8>>,
    delayed: u64,
    stalled: bool,
}

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send> Served<'_, R, W> {
    async fn run(mut self) {
        let link = Arc::clone(&self.registration.link);
        while !link.is_cut() {
            let due = self.later.first_key_value().map(|((due, _), _)| *due);
            let unwritten = self.out.len() - self.written;
            let frozen = self.registration.core.is_frozen(self.registration.node);
            let writes = unwritten > 0 && !frozen;
            let reads = !self.stalled && !frozen && unwritten < UNWRITTEN_BYTES_MAX;
            self.input.reserve(if reads { READ_BYTES } else { 0 });
            tokio::select! {
                biased;
                () = link.changed.notified() => link.take_pushed(&mut self.out),
                count = self.writer.write(self.out.get(self.written..).unwrap_or_default()), if writes => {
                    match count {
                        Ok(count) if count > 0 => self.wrote(count),
                        _ => return,
                    }
                }
                count = self.reader.read_buf(&mut self.input), if reads => {
                    if !count.is_ok_and(|count| count > 0) {
                        return;
                    }
                    if self.handle_input() {
                        return self.write_last().await;
                    }
                }
                () = sleep_to(due), if due.is_some() && !frozen => self.release_due(),
            }
        }
    }

    fn wrote(&mut self, count: usize) {
        self.written += count;
        if self.written >= self.out.len() {
            self.out.clear();
            self.written = 0;
        }
    }

    /// Hands over all whole frames; true when the connection is to be cut.
    fn handle_input(&mut self) -> bool {
        let now = Instant::now();
        let core = self.registration.core;
        let origin = Origin {
            node: self.registration.node,
            connection: self.registration.number,
            at: core.since_start(now),
        };
        let mut outputs = Outputs { now: std::mem::take(&mut self.out), ..Outputs::default() };
        let mut used = 0;
        core.update(|state| {
            while !outputs.cut && !outputs.stall {
                match frame::decode(self.input.get(used..).unwrap_or_default(), frame::FRAME_BYTES_MAX) {
                    Ok(Some(frame)) => {
                        used += frame.len;
                        state.handle(origin, &frame, &mut outputs);
                    }
                    Ok(None) => break,
                    Err(error) => state.broken(origin, error.to_string(), &mut outputs),
                }
            }
        });
        self.input.drain(..used.min(self.input.len()));
        self.out = outputs.now;
        self.stalled |= outputs.stall;
        for (delay, bytes) in outputs.later {
            self.delayed += 1;
            self.later.insert((now + delay, self.delayed), bytes);
        }
        outputs.cut
    }

    fn release_due(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > now {
                break;
            }
            self.out.append(&mut entry.remove());
        }
    }

    /// Before a scripted cut: what was answered before still gets out, if the peer takes it.
    async fn write_last(mut self) {
        let rest = self.out.get(self.written..).unwrap_or_default();
        let _ = timeout(LAST_WRITE, self.writer.write_all(rest)).await;
        let _ = timeout(LAST_WRITE, self.writer.shutdown()).await;
    }
}

async fn sleep_to(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
