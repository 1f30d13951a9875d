//! The cluster on the loopback interface: a listener for each node, and one thread that serves them all.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::core::Core;
use crate::node::Node;
use crate::options::Options;

/// How long switching a node may take before it counts as failed.
const SWITCH_LIMIT: Duration = Duration::from_secs(5);
/// Between two tries to get a port back.
const LISTEN_AGAIN: Duration = Duration::from_millis(10);
const BACKLOG: u32 = 1024;

/// A name server and brokers on the loopback interface, on a thread of their own, so that blocking callers can use it. Dropping it
/// stops them. It is a [`Core`] as well: everything that can be asked or scripted is there.
pub struct Cluster {
    core: Core,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// Starts; all nodes take connections when this returns.
    pub fn start(options: Options) -> io::Result<Self> {
        let ip = options.ip();
        let mut holders = vec![hold(SocketAddr::new(ip, options.namesrv_port))?];
        for index in 0..options.brokers {
            let next = |first: u16| u16::try_from(index).ok().and_then(|index| first.checked_add(index));
            let port = match options.broker_port {
                0 => 0,
                first => next(first).ok_or(ErrorKind::AddrNotAvailable)?,
            };
            holders.push(hold(SocketAddr::new(ip, port))?);
        }
        let mut ports = Vec::with_capacity(holders.len());
        for holder in &holders {
            ports.push(holder.local_addr()?.port());
        }
        let core = Core::at(options, &ports);
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = sync_channel(1);
        let served = core.clone();
        let thread = thread::Builder::new().name("rocketmq-mock".into()).spawn(move || {
            run(&served, holders, stopped, &ready);
        })?;
        let cluster = Self { core, stop: Some(stop), thread: Some(thread) };
        // The thread ends without a word only if it panicked.
        started.recv().unwrap_or_else(|_| Err(ErrorKind::BrokenPipe.into()))?;
        Ok(cluster)
    }

    /// Its heart, to be cloned into threads and tasks. It can still be asked when the cluster is gone.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Switches a broker off (listener closed, connections cut, gone from the routes) or on again at the same port.
    /// Done when this returns.
    pub fn set_broker(&self, broker: usize, up: bool) -> io::Result<()> {
        self.switch(Node::Broker(broker), up)
    }

    /// Switches the name server off or on again at the same port. Done when this returns.
    pub fn set_namesrv(&self, up: bool) -> io::Result<()> {
        self.switch(Node::NameServer, up)
    }

    fn switch(&self, node: Node, up: bool) -> io::Result<()> {
        if self.core.read(|state| !state.switches.contains_key(&node)) {
            return Err(io::Error::new(ErrorKind::NotFound, format!("there is no {node}")));
        }
        self.core.set_up(node, up);
        let done = self.core.wait(SWITCH_LIMIT, |state| {
            let listening = state.switches.get(&node).is_some_and(|switches| switches.listening);
            listening == up && (up || state.links(node).next().is_none())
        });
        if done { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    }
}

impl Deref for Cluster {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed; there is nobody to tell here.
            let _ = thread.join();
        }
    }
}

/// A bound socket. Where the system lets a second one listen at the port of a first that does not, the first keeps the
/// port from being given away while the node is down.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[expect(clippy::disallowed_methods, reason = "the thread is the cluster's own: nothing else runs on it")]
fn run(
    core: &Core,
    holders: Vec<TcpSocket>,
    stopped: oneshot::Receiver<()>,
    ready: &SyncSender<io::Result<()>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let mut acceptors = JoinSet::new();
        for (index, holder) in holders.into_iter().enumerate() {
            let node = index.checked_sub(1).map_or(Node::NameServer, Node::Broker);
            let opened = holder.local_addr().and_then(|address| {
                let holder = cfg!(target_os = "linux").then_some(holder);
                Ok((address, holder, listen(address)?))
            });
            let (address, holder, listener) = match opened {
                Ok(opened) => opened,
                Err(error) => return drop(ready.send(Err(error))),
            };
            set_listening(core, node, true);
            let core = core.clone();
            acceptors.spawn(async move {
                let _holder = holder;
                accept(core, node, address, listener).await;
            });
        }
        let _ = ready.send(Ok(()));
        // An error means that the sender was dropped, which is how the cluster says stop.
        let _ = stopped.await;
    });
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    hold(address)?.listen(BACKLOG)
}

/// Accepts while the node is up, and has no listener while it is down.
async fn accept(core: Core, node: Node, address: SocketAddr, mut listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        while core.is_up(node) {
            tokio::select! {
                biased;
                () = core.switched(node, false) => {}
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    // Answers are small and must not wait for one another.
                    let _ = stream.set_nodelay(true);
                    let core = core.clone();
                    connections.spawn(async move { core.serve(node, stream).await });
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        set_listening(&core, node, false);
        listener = listen_again(&core, node, address).await;
        set_listening(&core, node, true);
    }
}

async fn listen_again(core: &Core, node: Node, address: SocketAddr) -> TcpListener {
    loop {
        core.switched(node, true).await;
        match listen(address) {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(LISTEN_AGAIN).await,
        }
    }
}

fn set_listening(core: &Core, node: Node, listening: bool) {
    core.update(|state| {
        if let Some(switches) = state.switches.get_mut(&node) {
            switches.listening = listening;
        }
    });
}
