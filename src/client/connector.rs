//! The system's sockets and names: the only file that opens a socket.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;

use crate::client::world::{Connector, Link, Pen, Promise, Resolver};
use crate::runtime::{Running, lock};

/// TCP.
pub(crate) struct SystemConnector;

impl Connector for SystemConnector {
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            watch_peer(&SockRef::from(&stream));
            let (reader, writer) = stream.into_split();
            let writer = Arc::new(writer);
            let pen = Box::new(QuietPen(Arc::clone(&writer)));
            Ok(Link { stream: Box::new(QuietTcp { reader, writer }), pen: Some(pen) })
        })
    }
}

/// A connection over which nothing comes is probed after this, and this often.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// What a host does not acknowledge for this long ends the connection: it is gone, and nobody said so.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(15);

/// Has the system find out about a host that vanished. Without it the connection works as well, so that a
/// system which refuses is only noted.
fn watch_peer(socket: &SockRef<'_>) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    let watched = socket.set_tcp_keepalive(&keepalive);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let watched = watched.and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)));
    if let Err(error) = watched {
        log::debug!("a vanished peer will be noticed late: {error}");
    }
}

/// TCP whose writes never raise SIGPIPE: tokio's own are `write` and `writev`, which kill a C program that
/// left the signal at its default when the peer is gone.
struct QuietTcp {
    reader: OwnedReadHalf,
    writer: Arc<OwnedWriteHalf>,
}

impl QuietTcp {
    fn poll_send(&self, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let stream: &TcpStream = (*self.writer).as_ref();
        loop {
            ready!(stream.poll_write_ready(context))?;
            match send(stream, pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

/// Writes what the socket takes at once.
fn send(stream: &TcpStream, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let send = || SockRef::from(stream).send_vectored_with_flags(pieces, libc::MSG_NOSIGNAL);
    stream.try_io(Interest::WRITABLE, send)
}

struct QuietPen(Arc<OwnedWriteHalf>);

impl Pen for QuietPen {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        send((*self.0).as_ref(), pieces)
    }
}

impl AsyncRead for QuietTcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(context, buffer)
    }
}

impl AsyncWrite for QuietTcp {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_send(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.writer).as_ref();
        Poll::Ready(SockRef::from(stream).shutdown(Shutdown::Write))
    }
}

/// Look-ups under way at once: each holds a thread for as long as the system's resolver takes.
const RESOLVER_THREADS_MAX: usize = 4;

/// The system's resolver, on threads of its own: one look-up for each name at a time.
pub(crate) struct SystemResolver(Arc<Lookups>);

struct Lookups {
    /// Not owned: the threads end before what they run on.
    running: Weak<Running>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Who waits for a name; the name is queued or being looked up.
    waiting: BTreeMap<String, Vec<oneshot::Sender<Answer>>>,
    queue: VecDeque<String>,
    threads: usize,
}

type Answer = Result<Vec<IpAddr>, (io::ErrorKind, String)>;

impl SystemResolver {
    pub(crate) fn new(running: &Arc<Running>) -> Self {
        Self(Arc::new(Lookups { running: Arc::downgrade(running), state: Mutex::default() }))
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str) -> Promise<io::Result<Vec<IpAddr>>> {
        let (tell, told) = oneshot::channel();
        let mut state = lock(&self.0.state);
        if let Some(waiting) = state.waiting.get_mut(host) {
            // Callers that gave up make room.
            waiting.retain(|waiter| !waiter.is_closed());
            waiting.push(tell);
        } else {
            state.waiting.insert(host.to_owned(), vec![tell]);
            state.queue.push_back(host.to_owned());
        }
        let more = !state.queue.is_empty() && state.threads < RESOLVER_THREADS_MAX;
        state.threads += usize::from(more);
        drop(state);
        if more && let Err(error) = self.0.start_thread() {
            lock(&self.0.state).threads -= 1;
            return Box::pin(async move { Err(error) });
        }
        Box::pin(async move {
            match told.await {
                Ok(Ok(addresses)) => Ok(addresses),
                Ok(Err((kind, text))) => Err(io::Error::new(kind, text)),
                Err(_) => Err(io::Error::other("the look-up was given up")),
            }
        })
    }

    fn local_address(&self) -> IpAddr {
        let addresses = getifaddrs().into_iter().flatten().filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
        });
        // As RocketMQ's own client: an IPv4 that others may see, else any IPv4, else an IPv6.
        addresses
            .min_by_key(rank)
            .filter(|address| !address.is_unspecified())
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }
}

const fn rank(address: &IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_link_local() => 3,
        IpAddr::V4(v4) if v4.is_private() => 1,
        IpAddr::V4(_) => 0,
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unicast_link_local() => 4,
        IpAddr::V6(_) => 2,
    }
}

impl Lookups {
    fn start_thread(self: &Arc<Self>) -> io::Result<()> {
        let lookups = Arc::clone(self);
        let running = self.running.upgrade().ok_or(io::ErrorKind::Interrupted)?;
        running
            .spawn_thread("dns", move || lookups.run())
            .map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error.to_string()))
    }

    /// Takes names until there is none.
    fn run(&self) {
        loop {
            let mut state = lock(&self.state);
            let Some(host) = state.queue.pop_front() else {
                state.threads -= 1;
                return;
            };
            drop(state);
            let answer: Answer = match (host.as_str(), 0).to_socket_addrs() {
                Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
                Err(error) => Err((error.kind(), error.to_string())),
            };
            let waiting = lock(&self.state).waiting.remove(&host).unwrap_or_default();
            for waiter in waiting {
                // Gone when its deadline passed.
                let _ = waiter.send(answer.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_watches_for_peers_that_vanish() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = SockRef::from(&stream);
        watch_peer(&socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_IDLE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED_MAX));
    }
}
