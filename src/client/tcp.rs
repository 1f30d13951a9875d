//! The system's sockets: the only file that opens one.

use std::io::{self, IoSlice, Read};
use std::net::{self, Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::client::world::{ByteStream, Line, Link, Pen};

/// A connection to `address`.
pub(crate) async fn connect(address: SocketAddr) -> io::Result<Link> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    watch_peer(&SockRef::from(&stream));
    let socket = Socket(Arc::new(stream.into_std()?));
    Ok(Link {
        stream: socket.watched()?,
        pen: Some(Box::new(socket.clone())),
        #[cfg(target_os = "linux")]
        line: Some(Box::new(socket)),
        #[cfg(not(target_os = "linux"))]
        line: None,
    })
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

/// A socket that never waits, and whose writes never raise SIGPIPE: tokio's own are `write` and `writev`, which kill a C
/// program that left the signal at its default when the peer is gone.
#[derive(Clone)]
struct Socket(Arc<net::TcpStream>);

impl Socket {
    #[expect(
        deprecated,
        reason = "the newer form is unsafe code; what it asks for holds: the `Arc` keeps the socket open"
    )]
    fn watched(&self) -> io::Result<Box<dyn ByteStream>> {
        Ok(Box::new(Watched(AsyncFd::new(Arc::clone(&self.0))?)))
    }
}

/// Writes what the socket takes at once.
fn send(socket: &net::TcpStream, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    SockRef::from(socket).send_vectored_with_flags(pieces, libc::MSG_NOSIGNAL)
}

/// Reads what is there.
fn receive(mut socket: &net::TcpStream, room: &mut [u8]) -> io::Result<usize> {
    socket.read(room)
}

impl Pen for Socket {
    fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        send(&self.0, pieces)
    }
}

/// A socket that the runtime watches.
struct Watched(AsyncFd<Arc<net::TcpStream>>);

impl Watched {
    fn poll_send(&self, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(context))?;
            match send(self.0.get_ref(), pieces) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                result => return Poll::Ready(result),
            }
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(context))?;
            let room = buffer.initialize_unfilled();
            let offered = room.len();
            match receive(self.0.get_ref(), room) {
                Ok(count) => {
                    // There was no more: the next read would find that out by a call. That the peer has closed stays known.
                    if 0 < count && count < offered {
                        guard.clear_ready();
                    }
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Watched {
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
        Poll::Ready(self.0.get_ref().shutdown(Shutdown::Write))
    }
}

/// Where the system can wake one who waits for a socket without anything on the socket.
#[cfg(target_os = "linux")]
mod ear {
    use std::io;
    use std::net;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::time::Duration;

    use nix::errno::Errno;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::eventfd::{EfdFlags, EventFd};
    use tokio::time::Instant;

    use super::{ByteStream, Line, Socket, receive};
    use crate::client::world::{Ear, system_now};

    impl Line for Socket {
        fn watched(&self) -> io::Result<Box<dyn ByteStream>> {
            self.watched()
        }

        fn ear(&self) -> io::Result<Arc<dyn Ear>> {
            let over = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
            Ok(Arc::new(SocketEar { socket: Arc::clone(&self.0), over }))
        }
    }

    struct SocketEar {
        socket: Arc<net::TcpStream>,
        /// Readable once it is closed, for ever.
        over: EventFd,
    }

    impl Ear for SocketEar {
        fn wait(&self, until: Option<Instant>) -> bool {
            loop {
                let mut watched = [&self.over.as_fd(), &self.socket.as_fd()]
                    .map(|place| PollFd::new(*place, PollFlags::POLLIN));
                let answered = match poll(&mut watched, left(until)) {
                    Ok(count) => count > 0,
                    Err(Errno::EINTR) => continue,
                    Err(_) => return false,
                };
                if answered {
                    let [over, _] = watched;
                    return over.any() == Some(false);
                }
                if until.is_some_and(|until| until <= system_now()) {
                    return false;
                }
            }
        }

        fn read(&self, room: &mut [u8]) -> io::Result<usize> {
            receive(&self.socket, room)
        }

        fn close(&self) {
            // It fails where the counter is at its end: then it is readable too.
            let _ = self.over.write(1);
        }
    }

    /// How long to wait, in whole milliseconds, none of them in vain.
    fn left(until: Option<Instant>) -> PollTimeout {
        let Some(until) = until else { return PollTimeout::NONE };
        let left = until.saturating_duration_since(system_now());
        let whole = left + Duration::from_nanos(999_999);
        PollTimeout::try_from(whole).unwrap_or(PollTimeout::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_system_watches_for_peers_that_vanish() {
        let listener = net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = SockRef::from(&stream);
        watch_peer(&socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_IDLE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED_MAX));
    }
}
