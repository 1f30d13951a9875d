//! The one thread: waits for whatever is ready, until the standard input is closed.

use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::cluster::{Cluster, Node};
use crate::connection::{Connection, Next, READ_BYTES};

/// Events taken at once.
const EVENTS: usize = 256;

/// After the end of the input, so often is what is still readable taken in.
const LAST_ROUNDS: usize = 10_000;

const STDIN: u64 = 0;

/// Listeners, connections and what they lead to.
pub(crate) struct Server {
    epoll: Epoll,
    /// The name server's, then the brokers'. Event numbers start behind [`STDIN`].
    listeners: Vec<(TcpListener, Node)>,
    /// Event numbers start behind the listeners'.
    connections: Vec<Option<Connection>>,
    namesrv: SocketAddr,
    cluster: Cluster,
    buffer: Vec<u8>,
}

impl Server {
    /// Opens the ports, which the system chooses.
    pub(crate) fn listen(brokers: usize, queues: usize) -> Result<Self, String> {
        let said = |error: io::Error| format!("the sink cannot listen: {error}");
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|errno| said(errno.into()))?;
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        for node in std::iter::once(Node::Namesrv).chain((0..brokers).map(Node::Broker)) {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(said)?;
            listener.set_nonblocking(true).map_err(said)?;
            addresses.push(listener.local_addr().map_err(said)?);
            listeners.push((listener, node));
            let event = EpollEvent::new(EpollFlags::EPOLLIN, listeners.len() as u64);
            let added = listeners.last().map_or(Ok(()), |(listener, _)| epoll.add(listener, event));
            added.map_err(|errno| said(errno.into()))?;
        }
        let (namesrv, addresses) = addresses.split_first().ok_or("a cluster has a name server")?;
        Ok(Self {
            epoll,
            listeners,
            connections: Vec::new(),
            namesrv: *namesrv,
            cluster: Cluster::new(addresses, queues),
            buffer: vec![0; READ_BYTES],
        })
    }

    pub(crate) const fn namesrv(&self) -> SocketAddr {
        self.namesrv
    }

    pub(crate) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Serves until the standard input is closed, and then what has arrived by then.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        let stdin = io::stdin();
        let event = EpollEvent::new(EpollFlags::EPOLLIN, STDIN);
        self.epoll.add(stdin.as_fd(), event).map_err(|errno| match errno {
            Errno::EPERM => {
                "the standard input must be a pipe or a terminal, since its end is the sink's end".to_owned()
            }
            errno => format!("the standard input cannot be watched: {errno}"),
        })?;
        let mut open = true;
        while open {
            open = self.serve(EpollTimeout::NONE)? != Served::InputEnded;
        }
        self.epoll
            .delete(stdin.as_fd())
            .map_err(|errno| format!("the standard input stays watched: {errno}"))?;
        for _ in 0..LAST_ROUNDS {
            if self.serve(EpollTimeout::ZERO)? == Served::Nothing {
                return Ok(());
            }
        }
        Err("clients still send although the standard input is closed".to_owned())
    }

    fn serve(&mut self, timeout: EpollTimeout) -> Result<Served, String> {
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(Errno::EINTR) => return Ok(Served::Something),
            Err(errno) => return Err(format!("epoll fails: {errno}")),
        };
        let mut served = if count == 0 { Served::Nothing } else { Served::Something };
        for event in events.iter().take(count) {
            if event.data() == STDIN {
                if input_ended()? {
                    served = Served::InputEnded;
                }
                continue;
            }
            let place = usize::try_from(event.data() - 1).unwrap_or(usize::MAX);
            match place.checked_sub(self.listeners.len()) {
                None => self.accept(place)?,
                Some(index) => self.go_on(index)?,
            }
        }
        Ok(served)
    }

    fn accept(&mut self, place: usize) -> Result<(), String> {
        let Some((listener, node)) = self.listeners.get(place) else { return Ok(()) };
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) =>
                {
                    continue;
                }
                Err(error) => return Err(format!("a connection cannot be accepted: {error}")),
            };
            let said = |error: io::Error| format!("a connection cannot be set up: {error}");
            let connection = Connection::new(stream, *node).map_err(said)?;
            let index = self.connections.iter().position(Option::is_none).unwrap_or(self.connections.len());
            let event = EpollEvent::new(EpollFlags::EPOLLIN, (1 + self.listeners.len() + index) as u64);
            self.epoll.add(connection.fd(), event).map_err(|errno| said(errno.into()))?;
            match self.connections.get_mut(index) {
                Some(free) => *free = Some(connection),
                None => self.connections.push(Some(connection)),
            }
        }
    }

    /// Reads and writes one connection; whoever sends what is no frame loses it.
    fn go_on(&mut self, index: usize) -> Result<(), String> {
        let Some(Some(connection)) = self.connections.get_mut(index) else { return Ok(()) };
        let next = connection.go_on(&mut self.cluster, &mut self.buffer).unwrap_or_else(|sentence| {
            eprintln!("rocketmq-bench-sink: a connection is closed: {sentence}");
            Next::End
        });
        let flags = match next {
            Next::Read => EpollFlags::EPOLLIN,
            Next::Write => EpollFlags::EPOLLOUT,
            Next::End => {
                if let Some(place) = self.connections.get_mut(index) {
                    *place = None;
                }
                return Ok(());
            }
        };
        if connection.waits_for(next) {
            let mut event = EpollEvent::new(flags, (1 + self.listeners.len() + index) as u64);
            let changed = self.epoll.modify(connection.fd(), &mut event);
            changed.map_err(|errno| format!("a connection cannot be watched: {errno}"))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Served {
    Nothing,
    Something,
    InputEnded,
}

/// Takes what stands in the standard input, which means nothing, and looks for its end.
fn input_ended() -> Result<bool, String> {
    let mut some = [0; 4096];
    match io::stdin().read(&mut some) {
        Ok(bytes) => Ok(bytes == 0),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(format!("the standard input cannot be read: {error}")),
    }
}
