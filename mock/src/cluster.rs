//! The cluster on the loopback interface: a listener for each node, and one thread that serves them all.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
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

/// A name server and brokers on the loopback interface, on a thread of their own, so that blocking callers can use it.
/// Dropping it stops them. It is a [`Core`] as well: everything that can be asked or scripted is there.
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
        let started = Arc::new(Started::default());
        let (served, starter) = (core.clone(), Starter(Arc::clone(&started)));
        let thread = thread::Builder::new().name("rocketmq-mock".into());
        let thread = with_signals_blocked(|| thread.spawn(move || run(&served, holders, stopped, &starter)))?;
        let cluster = Self { core, stop: Some(stop), thread: Some(thread) };
        started.wait()?;
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

/// Runs `spawn` with all signals blocked, so that a thread born in it never takes one from the program that hosts the
/// cluster: a thread inherits the mask, and blocking in the thread itself would be too late.
fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let result = spawn();
    if let Ok(before) = before {
        // Fails for an unknown `how` only.
        let _ = before.thread_set_mask();
    }
    result
}

/// A bound socket. Where the system lets a second one listen at the port of a first that does not, the first keeps the
/// port from being given away while the node is down.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Whether the thread serves, or why it does not. Not one of std's channels: those note for ever who waits, and a leak
/// checker would report that of a C program.
#[derive(Default)]
struct Started {
    result: Mutex<Option<io::Result<()>>>,
    said: Condvar,
}

impl Started {
    fn wait(&self) -> io::Result<()> {
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.said.wait_while(result, |result| result.is_none());
        result.unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Ok(()))
    }
}

/// The thread's side, which says so too when the thread ends without a word, by a panic.
struct Starter(Arc<Started>);

impl Starter {
    fn say(&self, result: io::Result<()>) {
        self.0.result.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(result);
        self.0.said.notify_all();
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.say(Err(ErrorKind::BrokenPipe.into()));
    }
}

#[expect(clippy::disallowed_methods, reason = "the thread is the cluster's own: nothing else runs on it")]
fn run(core: &Core, holders: Vec<TcpSocket>, stopped: oneshot::Receiver<()>, starter: &Starter) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return starter.say(Err(error)),
    };
    runtime.block_on(async {
        let _acceptors = match open(core, holders) {
            Ok(acceptors) => acceptors,
            Err(error) => return starter.say(Err(error)),
        };
        starter.say(Ok(()));
        // An error means that the sender was dropped, which is how the cluster says stop.
        let _ = stopped.await;
    });
}

/// A listener for each node, and a task that accepts.
fn open(core: &Core, holders: Vec<TcpSocket>) -> io::Result<JoinSet<()>> {
    let mut acceptors = JoinSet::new();
    for (index, holder) in holders.into_iter().enumerate() {
        let node = index.checked_sub(1).map_or(Node::NameServer, Node::Broker);
        let address = holder.local_addr()?;
        let holder = cfg!(target_os = "linux").then_some(holder);
        let listener = listen(address)?;
        set_listening(core, node, true);
        let core = core.clone();
        acceptors.spawn(async move {
            let _holder = holder;
            accept(core, node, address, listener).await;
        });
    }
    Ok(acceptors)
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
