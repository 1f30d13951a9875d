//! The cluster without sockets: shared, switched and scripted from any thread. What one can ask it is in `inspect.rs`.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use protocol::command::Command;
use protocol::frame::HeaderFormat;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::connection::{self, Link};
use crate::fault::{Arrival, Fault, Rule};
use crate::node::{Node, Place, Switches};
use crate::options::Options;
use crate::reply::Unpushed;
use crate::state::{Broker, State};
use crate::stored::Stored;
use crate::topics::{PERM_READ_WRITE, Topic};

/// Ports of a cluster that has no sockets: RocketMQ's usual ones.
const NAMESRV_PORT: u16 = 9876;
const BROKER_PORT: u16 = 10911;

/// A name server and brokers without sockets. Clones are the same cluster.
///
/// A test gives it connections with [`serve`](Self::serve); [`Cluster`](crate::Cluster) adds sockets and a thread. All
/// functions may be called from any thread; those that name a broker past the end do nothing.
#[derive(Clone)]
pub struct Core {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Signalled after every change, for threads that wait.
    changed: Condvar,
    /// The same for tasks.
    progress: Notify,
    /// A node was switched on or off. Apart from `progress`, so that messages do not wake the acceptors.
    switched: Notify,
    started: Instant,
}

impl Core {
    /// A cluster whose nodes are at 127.0.0.1:9876 and, for the brokers, 10911, 10921, … in name only.
    pub fn new(options: Options) -> Self {
        let broker_ports = (0..options.brokers).map(|index| {
            let offset = u16::try_from(index.saturating_mul(10)).unwrap_or(0);
            BROKER_PORT.wrapping_add(offset)
        });
        let ports: Vec<u16> = std::iter::once(NAMESRV_PORT).chain(broker_ports).collect();
        Self::at(options, &ports)
    }

    /// A cluster with these ports: the name server's, then one for each broker.
    pub(crate) fn at(options: Options, ports: &[u16]) -> Self {
        let shared = Shared {
            state: Mutex::new(State::new(options, ports)),
            changed: Condvar::new(),
            progress: Notify::new(),
            switched: Notify::new(),
            started: Instant::now(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Is `node` for one connection, until either side ends it. A node that is down ends it at once. May be dropped at
    /// any time, which cuts the connection. Uses tokio's clock and nothing else of the runtime.
    pub async fn serve<S>(&self, node: Node, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        connection::serve(self, node, stream).await;
    }

    /// The node that is reached at this address.
    pub fn node_at(&self, address: &str) -> Option<Node> {
        self.read(|state| {
            let mut nodes = state.switches.iter();
            nodes.find(|(_, switches)| switches.address == address).map(|(node, _)| *node)
        })
    }

    /// Whether the node takes connections.
    pub fn is_up(&self, node: impl Into<Node>) -> bool {
        let node = node.into();
        self.read(|state| state.is_up(node))
    }

    /// Makes a topic on every broker, with perm 6. On those that have it, its number of queues is changed.
    pub fn add_topic(&self, topic: &str, queues_per_broker: i32) {
        let brokers = self.read(|state| state.brokers.len());
        for broker in 0..brokers {
            self.add_topic_on(broker, topic, queues_per_broker);
        }
    }

    /// Makes a topic on one broker, with perm 6, or changes its number of queues there.
    pub fn add_topic_on(&self, broker: usize, topic: &str, queues: i32) {
        self.broker(broker, |broker| match broker.topics.0.get_mut(topic) {
            Some(topic) => topic.resize(queues),
            None => {
                broker.topics.0.insert(topic.into(), Topic::new(queues, PERM_READ_WRITE));
            }
        });
    }

    /// Takes a topic off a broker, and so out of its route. What was stored stays in [`messages`](Self::messages).
    pub fn remove_topic(&self, broker: usize, topic: &str) {
        self.broker(broker, |broker| broker.topics.0.remove(topic));
    }

    /// Changes a topic's permission on a broker: 2 write, 4 read. Shows in the route; like 4.7.0 the broker itself takes
    /// messages all the same.
    pub fn set_perm(&self, broker: usize, topic: &str, perm: i32) {
        self.broker(broker, |broker| {
            if let Some(topic) = broker.topics.0.get_mut(topic) {
                topic.perm = perm;
            }
        });
    }

    /// Makes a topic an order topic: `broker-a:4;broker-b:2`. `None` takes that back.
    pub fn set_order_conf(&self, topic: &str, conf: Option<&str>) {
        self.update(|state| match conf {
            Some(conf) => drop(state.order_confs.insert(topic.into(), conf.into())),
            None => drop(state.order_confs.remove(topic)),
        });
    }

    /// Whether the routes list the broker, without touching the broker: a broker that is down and still listed is one
    /// that the name server has not yet missed.
    pub fn set_registered(&self, broker: usize, registered: bool) {
        self.broker(broker, |broker| broker.registered = registered);
    }

    /// Whether the routes list the broker without its queues, as a name server of 4.x may answer while it takes a broker
    /// off its lists: it writes the answer after it has let go of their lock.
    pub fn set_leaving(&self, broker: usize, leaving: bool) {
        self.broker(broker, |broker| broker.leaving = leaving);
    }

    /// Has the routes list the broker at another address, where there may be a broker of another cluster. Touches
    /// nothing else: the broker still takes connections where it did.
    pub fn set_address(&self, broker: usize, address: &str) {
        self.switch(Node::Broker(broker), |switches| switches.address = address.into());
    }

    /// Whether the routes list the broker with id 0. False lists it with id 1 only, as when its master is gone.
    pub fn set_master(&self, broker: usize, master: bool) {
        self.broker(broker, |broker| broker.master = master);
    }

    /// Down: all connections are cut, no new ones taken, and a broker leaves the routes. Up: the reverse.
    pub fn set_up(&self, node: impl Into<Node>, up: bool) {
        let node = node.into();
        self.switch(node, |switches| switches.up = up);
        if let Node::Broker(broker) = node {
            self.set_registered(broker, up);
        }
        if !up {
            self.cut_connections(node);
        }
        self.shared.switched.notify_waiters();
    }

    /// Frozen: connections are taken, but nothing is read from them, as when the process is stopped by SIGSTOP. What
    /// was sent meanwhile is handled when it thaws.
    pub fn set_frozen(&self, node: impl Into<Node>, frozen: bool) {
        let node = node.into();
        self.switch(node, |switches| switches.frozen = frozen);
        self.update(|state| state.links(node).for_each(|link| link.wake()));
    }

    /// Every answer of the node waits for this long. Requests are carried out at once all the same.
    pub fn set_latency(&self, node: impl Into<Node>, latency: Duration) {
        self.switch(node.into(), |switches| switches.latency = latency);
    }

    /// Adds a rule at a place. Of several that match a request the oldest happens.
    pub fn fault(&self, place: impl Into<Place>, rule: Rule) {
        let place = place.into();
        self.update(|state| state.script.push(place, rule));
    }

    /// Takes the rules off that were added at this place.
    pub fn clear_faults(&self, place: impl Into<Place>) {
        let place = place.into();
        self.update(|state| state.script.clear(place));
    }

    /// Takes all rules off.
    pub fn clear_all_faults(&self) {
        self.update(|state| state.script.clear_all());
    }

    /// Has `decide` asked about every request that no rule matched, on the connection's task. It must not call back
    /// into the cluster. Replaces the one before.
    pub fn on_request(&self, decide: impl FnMut(&Arrival<'_>) -> Option<Fault> + Send + 'static) {
        self.update(|state| state.director = Some(Box::new(decide)));
    }

    /// Cuts all connections to a node, which stays up. Returns how many.
    pub fn cut_connections(&self, node: impl Into<Node>) -> usize {
        let node = node.into();
        self.update(|state| state.links(node).map(|link| link.cut()).count())
    }

    /// Sends a command of the broker's own to every connection over which `client_id` sent heartbeats. Returns how many.
    pub fn push(&self, broker: usize, client_id: &str, command: &Command) -> usize {
        let mut bytes = Vec::new();
        if command.encode(HeaderFormat::Json, &mut bytes).is_err() {
            return 0;
        }
        self.update(|state| {
            let of_client = state
                .connections
                .values()
                .filter(|open| open.node == Node::Broker(broker) && open.clients.contains(client_id));
            of_client.map(|open| open.link.push(&bytes)).count()
        })
    }

    /// Asks a producer what became of its half message: of those connected to the broker that has it, one of its group.
    pub fn ask(&self, unique_id: &str) -> Result<(), Unpushed> {
        self.update(|state| state.ask(unique_id))
    }

    /// Pushes a reply to a request message to the client that waits for it, over the broker that has the message.
    pub fn reply(&self, unique_id: &str, body: impl Into<Bytes>) -> Result<(), Unpushed> {
        self.update(|state| state.reply(unique_id, body.into()))
    }

    /// Writes these bytes to every connection of a node, whatever they mean. Returns to how many.
    pub fn push_bytes(&self, node: impl Into<Node>, bytes: &[u8]) -> usize {
        let node = node.into();
        self.update(|state| state.links(node).map(|link| link.push(bytes)).count())
    }

    /// Every message stored from now on, as it comes in, until the last clone of the cluster is gone. What is not
    /// received piles up.
    pub fn follow(&self) -> Receiver<Arc<Stored>> {
        let (sender, receiver) = channel();
        self.update(|state| state.followers.push(sender));
        receiver
    }

    /// Ends what [`follow`](Self::follow) began.
    pub fn end_following(&self) {
        self.update(|state| state.followers.clear());
    }

    fn broker<T>(&self, index: usize, change: impl FnOnce(&mut Broker) -> T) -> Option<T> {
        self.update(|state| state.brokers.get_mut(index).map(change))
    }

    fn switch(&self, node: Node, change: impl FnOnce(&mut Switches)) {
        self.update(|state| state.switches.get_mut(&node).map(change));
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state and tells everyone who waits.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.shared.changed.notify_all();
        self.shared.progress.notify_waiters();
        result
    }

    /// Waits on this thread until `reached`; false when it took too long.
    pub(crate) fn wait(&self, limit: Duration, mut reached: impl FnMut(&State) -> bool) -> bool {
        let guard = self.lock();
        let waited = self.shared.changed.wait_timeout_while(guard, limit, |state| !reached(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The same for a task, without a limit.
    pub(crate) async fn reach(&self, reached: impl FnMut(&State) -> bool) {
        self.await_on(&self.shared.progress, reached).await;
    }

    /// Waits for a node to be switched.
    pub(crate) async fn switched(&self, node: Node, up: bool) {
        self.await_on(&self.shared.switched, |state| state.is_up(node) == up).await;
    }

    async fn await_on(&self, notify: &Notify, mut reached: impl FnMut(&State) -> bool) {
        loop {
            let mut notified = std::pin::pin!(notify.notified());
            // Registered before looking, so that no change is missed in between.
            notified.as_mut().enable();
            if self.read(&mut reached) {
                return;
            }
            notified.await;
        }
    }

    pub(crate) fn since_start(&self, now: Instant) -> Duration {
        now.duration_since(self.shared.started)
    }

    pub(crate) fn is_frozen(&self, node: Node) -> bool {
        self.read(|state| state.is_frozen(node))
    }

    pub(crate) fn connected(&self, node: Node, link: &Arc<Link>) -> Option<u64> {
        let at = self.since_start(Instant::now());
        self.update(|state| state.connect(node, link, at))
    }

    pub(crate) fn disconnected(&self, number: u64) {
        let at = self.since_start(Instant::now());
        self.update(|state| state.disconnect(number, at));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
