//! Memory streams that behave as badly as a network: late, in pieces, full, cut at any byte, silent.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rocketmq_mock::{Core, Node};
use rocketmq_producer::client::world::{Connector, Link, Pen, Promise};
use rocketmq_producer::producer::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::book::{Book, note};
use crate::dice::Dice;
use crate::world::{NAMESRV_PORT, PANIC, lock};

/// What becomes of an attempt to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dial {
    Refused,
    Hangs,
    Late(Duration),
}

/// How all streams behave for the time being.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Of a hundred reads and writes so many end at any byte.
    pub(crate) splits: u32,
    /// So many do nothing at first and have the task woken at once.
    pub(crate) stutters: u32,
    pub(crate) latency_ms_max: u64,
}

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// As by a peer that closes: what is under way still arrives.
    Fin,
    /// As by a reset; what the client wrote and the server has not read may still arrive.
    Reset { arrives: bool },
}

/// Everything between clients and servers.
pub(crate) struct Net {
    core: Core,
    pub(crate) book: Arc<Book>,
    dice: Dice,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    manner: Manner,
    dials: BTreeMap<Node, Dial>,
    /// Addresses nobody has any more, or for now.
    gone: BTreeMap<IpAddr, Dial>,
    wires: Vec<Arc<Wire>>,
    count: usize,
}

impl Net {
    pub(crate) fn new(core: Core, book: Arc<Book>, dice: Dice) -> Arc<Self> {
        Arc::new(Self { core, book, dice, state: Mutex::default() })
    }

    /// The way of one producer into this net.
    pub(crate) fn connector(self: &Arc<Self>, group: usize) -> Arc<dyn Connector> {
        Arc::new(Dialler { net: Arc::clone(self), group })
    }

    pub(crate) fn set_manner(&self, manner: Manner) {
        lock(&self.state).manner = manner;
    }

    pub(crate) fn set_dial(&self, node: Node, dial: Dial) {
        lock(&self.state).dials.insert(node, dial);
    }

    pub(crate) fn set_gone(&self, ip: IpAddr, dial: Option<Dial>) {
        let mut state = lock(&self.state);
        match dial {
            Some(dial) => drop(state.gone.insert(ip, dial)),
            None => drop(state.gone.remove(&ip)),
        }
    }

    pub(crate) fn is_gone(&self, ip: &IpAddr) -> bool {
        lock(&self.state).gone.contains_key(ip)
    }

    /// Open connections.
    pub(crate) fn wires(&self) -> Vec<Arc<Wire>> {
        let mut state = lock(&self.state);
        state.wires.retain(|wire| !lock(&wire.ways).is_over());
        state.wires.clone()
    }

    /// Ends every trouble but for addresses that moved: what was silent or bitten is reset.
    pub(crate) fn heal(&self) {
        for wire in self.wires() {
            let mut ways = lock(&wire.ways);
            ways.bomb = None;
            (ways.up.cut_at, ways.down.cut_at) = (None, None);
            if ways.damaged {
                ways.cut(Cut::Reset { arrives: true });
            }
        }
        let mut state = lock(&self.state);
        state.dials.clear();
        state.manner = Manner::default();
    }

    fn dial(self: &Arc<Self>, address: SocketAddr, group: usize) -> Promise<io::Result<Link>> {
        let node = match address.port() {
            NAMESRV_PORT => Node::NameServer,
            // The port of the VIP channel, two below, leads to the same broker.
            port => Node::Broker(usize::from(port + 2 - 10911) / 10),
        };
        let state = lock(&self.state);
        let dial = state.gone.get(&address.ip()).or_else(|| state.dials.get(&node)).copied();
        drop(state);
        note!(self.book, "group {group} dials {address}, {node}: {dial:?}");
        let net = Arc::clone(self);
        Box::pin(async move {
            match dial {
                Some(Dial::Hangs) => {
                    net.book.count("dial hung");
                    std::future::pending().await
                }
                Some(Dial::Refused) => {
                    net.book.count("dial refused");
                    return Err(ErrorKind::ConnectionRefused.into());
                }
                Some(Dial::Late(pause)) => {
                    net.book.count("dial late");
                    tokio::time::sleep(pause).await;
                }
                None => {}
            }
            if !net.core.is_up(node) {
                net.book.count("dial to a node that is down");
                return Err(ErrorKind::ConnectionRefused.into());
            }
            Ok(net.open(node, address.ip(), group))
        })
    }

    fn open(self: &Arc<Self>, node: Node, ip: IpAddr, group: usize) -> Link {
        let room = self.dice.pick(&[1 << 10, 8 << 10, 64 << 10, 64 << 10]);
        let mut state = lock(&self.state);
        state.count += 1;
        let number = state.count;
        let ways = Ways { up: Way::new(room), down: Way::new(64 << 10), ..Ways::default() };
        let wire = Arc::new(Wire { number, group, ip, ways: Mutex::new(ways) });
        state.wires.push(Arc::clone(&wire));
        drop(state);
        note!(self.book, "wire {number}: group {group} to {node}, room for {room} bytes");
        let side = |client| Side { net: Arc::clone(self), wire: Arc::clone(&wire), client };
        let end = |client| End { side: side(client), sleep: None };
        let theirs = end(false);
        let core = self.core.clone();
        tokio::spawn(async move { core.serve(node, theirs).await });
        Link { stream: Box::new(end(true)), pen: Some(Box::new(side(true))), line: None }
    }

    fn manner(&self) -> Manner {
        lock(&self.state).manner
    }
}

struct Dialler {
    net: Arc<Net>,
    group: usize,
}

impl Connector for Dialler {
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>> {
        self.net.dial(address, self.group)
    }
}

/// A connection.
pub(crate) struct Wire {
    pub(crate) number: usize,
    /// The producers that share it.
    pub(crate) group: usize,
    pub(crate) ip: IpAddr,
    ways: Mutex<Ways>,
}

impl Wire {
    pub(crate) fn cut(&self, cut: Cut) {
        lock(&self.ways).cut(cut);
    }

    /// Cuts it when so many more bytes were written, by the client or by the server.
    pub(crate) fn cut_after(&self, client: bool, bytes: u64, cut: Cut) {
        let mut ways = lock(&self.ways);
        let way = ways.out(client);
        way.cut_at = Some((way.taken + bytes.max(1), cut));
    }

    /// Nothing that one side writes arrives any more, until it is cut.
    pub(crate) fn silence(&self, client: bool) {
        let mut ways = lock(&self.ways);
        ways.damaged = true;
        ways.out(client).stopped = true;
    }

    /// Its next read or write panics.
    pub(crate) fn arm(&self, on_read: bool) {
        let mut ways = lock(&self.ways);
        ways.bomb = Some(on_read);
        ways.down.wake_reader();
    }
}

#[derive(Default)]
struct Ways {
    /// From the client to the server.
    up: Way,
    down: Way,
    reset: bool,
    bomb: Option<bool>,
    damaged: bool,
}

impl Ways {
    fn out(&mut self, client: bool) -> &mut Way {
        if client { &mut self.up } else { &mut self.down }
    }

    fn is_over(&self) -> bool {
        self.reset || self.up.gone || self.down.gone
    }

    fn cut(&mut self, cut: Cut) {
        match cut {
            Cut::Fin => {}
            Cut::Reset { arrives } => {
                self.reset = true;
                self.down.chunks.clear();
                if !arrives {
                    self.up.chunks.clear();
                }
            }
        }
        for way in [&mut self.up, &mut self.down] {
            way.finished = true;
            way.gone = true;
            way.stopped = false;
            way.cut_at = None;
            way.wake_reader();
            way.wake_writer();
        }
    }
}

/// One direction.
#[derive(Default)]
struct Way {
    /// When it arrives, and what is left of it.
    chunks: VecDeque<(Instant, VecDeque<u8>)>,
    held: usize,
    room: usize,
    taken: u64,
    /// Nothing more is written.
    finished: bool,
    /// Nobody reads any more.
    gone: bool,
    stopped: bool,
    cut_at: Option<(u64, Cut)>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Way {
    fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    fn wake_reader(&mut self) {
        self.reader.take().into_iter().for_each(Waker::wake);
    }

    fn wake_writer(&mut self) {
        self.writer.take().into_iter().for_each(Waker::wake);
    }

    /// Bytes that have arrived, up to `most`.
    fn arrived(&self, now: Instant, most: usize) -> usize {
        let due = self.chunks.iter().take_while(|(due, _)| *due <= now).map(|(_, chunk)| chunk.len());
        due.sum::<usize>().min(most)
    }

    fn give(&mut self, mut count: usize, buffer: &mut ReadBuf<'_>) {
        self.held -= count;
        while count > 0
            && let Some((_, chunk)) = self.chunks.front_mut()
        {
            let (piece, _) = chunk.as_slices();
            let piece = &piece[..piece.len().min(count)];
            buffer.put_slice(piece);
            count -= piece.len();
            drop(chunk.drain(..piece.len()));
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
        }
        self.wake_writer();
    }
}

/// One side of a wire.
struct Side {
    net: Arc<Net>,
    wire: Arc<Wire>,
    client: bool,
}

impl Side {
    /// Whether this call does nothing.
    fn stutters(&self) -> bool {
        self.client && self.net.dice.percent(self.net.manner().stutters)
    }

    fn explode(&self, on_read: bool) {
        if !self.client || lock(&self.wire.ways).bomb != Some(on_read) {
            return;
        }
        lock(&self.wire.ways).bomb = None;
        note!(self.net.book, "wire {} panics, on_read: {on_read}", self.wire.number);
        self.net.book.count("panic in a task");
        self.net.book.explode(self.wire.group);
        panic!("{PANIC}");
    }

    /// So many bytes, or fewer.
    fn piece(&self, count: usize) -> usize {
        if self.client && count > 1 && self.net.dice.percent(self.net.manner().splits) {
            // Small pieces find as much as large ones, but of a large frame they would take for ever.
            let most = self.net.dice.pick(&[count, count.min(16 + count / 8)]);
            return 1 + self.net.dice.below(most);
        }
        count
    }

    /// Takes what there is room for; if there is none, `waker` is woken when there is.
    fn take(&self, slices: &[IoSlice<'_>], waker: Option<&Waker>) -> io::Result<usize> {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        if offered == 0 {
            return Ok(0);
        }
        if self.stutters() {
            waker.into_iter().for_each(Waker::wake_by_ref);
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut ways = lock(&self.wire.ways);
        if ways.reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let way = ways.out(self.client);
        if way.gone {
            // A first write after the peer is gone may still look as if it went well.
            let lost = self.net.dice.percent(50);
            return if lost { Ok(offered) } else { Err(ErrorKind::BrokenPipe.into()) };
        }
        if way.finished {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let room = way.room.saturating_sub(way.held);
        if room == 0 {
            if self.client {
                self.net.book.count("write to a full stream");
            }
            way.writer = waker.cloned();
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut count = self.piece(offered.min(room));
        if let Some((at, _)) = way.cut_at {
            count = count.min(usize::try_from(at - way.taken).unwrap());
        }
        let mut chunk = VecDeque::with_capacity(count);
        for slice in slices {
            let wanted = count - chunk.len();
            chunk.extend(&slice[..slice.len().min(wanted)]);
        }
        let latency = self.net.dice.ms(0, self.net.manner().latency_ms_max);
        let due = Instant::now() + latency;
        let due = way.chunks.back().map_or(due, |(last, _)| due.max(*last));
        way.chunks.push_back((due, chunk));
        way.held += count;
        way.taken += count as u64;
        way.wake_reader();
        if let Some((at, cut)) = way.cut_at
            && way.taken == at
        {
            ways.cut(cut);
            drop(ways);
            note!(self.net.book, "wire {}: {cut:?} at byte {at}, client: {}", self.wire.number, self.client);
            self.net.book.count("cut at a byte");
        }
        Ok(count)
    }
}

impl Pen for Side {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.take(pieces, None).inspect(|_| self.net.book.count("written by its sender"))
    }
}

/// One side's end of a wire.
struct End {
    side: Side,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl End {
    fn poll_take(&self, context: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.side.explode(false);
        match self.side.take(slices, Some(context.waker())) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            taken => Poll::Ready(taken),
        }
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.side.explode(true);
        if self.side.stutters() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let now = Instant::now();
        let (wire, client) = (Arc::clone(&self.side.wire), self.side.client);
        let mut ways = lock(&wire.ways);
        if ways.reset && client {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let way = ways.out(!client);
        let arrived = if way.stopped { 0 } else { way.arrived(now, buffer.remaining()) };
        if arrived > 0 {
            let count = self.side.piece(arrived);
            way.give(count, buffer);
            return Poll::Ready(Ok(()));
        }
        if way.finished && way.chunks.is_empty() {
            return Poll::Ready(Ok(()));
        }
        way.reader = Some(context.waker().clone());
        let due = if way.stopped { None } else { way.chunks.front().map(|(due, _)| *due) };
        drop(ways);
        if let Some(due) = due {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
            sleep.as_mut().reset(due);
            if sleep.as_mut().poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_take(context, &[IoSlice::new(data)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_take(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ways = lock(&self.side.wire.ways);
        let way = ways.out(self.side.client);
        way.finished = true;
        way.wake_reader();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut ways = lock(&self.side.wire.ways);
        let out = ways.out(self.side.client);
        out.finished = true;
        // What was held up on its way arrives late, then the end.
        out.stopped = false;
        out.wake_reader();
        let into = ways.out(!self.side.client);
        into.gone = true;
        into.chunks.clear();
        into.wake_writer();
    }
}
