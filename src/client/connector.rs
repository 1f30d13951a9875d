//! The system's connections and names: the only file that resolves one.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, Weak};

use nix::ifaddrs::getifaddrs;
use tokio::sync::oneshot;

use crate::client::tcp;
use crate::client::world::{Connector, Link, Promise, Resolver};
use crate::runtime::{Running, lock};

/// TCP.
pub(crate) struct SystemConnector;

impl Connector for SystemConnector {
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>> {
        Box::pin(tcp::connect(address))
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
