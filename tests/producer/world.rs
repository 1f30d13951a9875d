//! The world of a simulation: memory streams to the mock's nodes, a table of names, paused time, a seed, callbacks on
//! the same thread.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocketmq_mock::{Core, Node, Options};
use rocketmq_producer::client::world::{
    ByteStream, Clock, Connector, Dispatcher, Link, Promise, Random, Resolver, World,
};
use rocketmq_producer::error::{Error, ErrorKind};
use rocketmq_producer::producer::{
    Callback, Config, Instant, Message, Producer, SendOptions, SendResult, Timeout,
};
use rocketmq_producer::runtime::Jobs;
use tokio::io::DuplexStream;

/// When the simulated wall clock starts: the 24th of a month.
pub(crate) const WALL_MS: i64 = 1_700_800_000_000;
const MONTH_MS: i64 = 1_698_796_800_000;

/// A cluster and the world above it.
pub(crate) struct Sim {
    pub(crate) core: Core,
    pub(crate) connector: Arc<Streams>,
    pub(crate) resolver: Arc<Names>,
    clock: Arc<Paused>,
    pub(crate) world: World,
}

/// Runs `test` on one thread with paused time.
#[expect(clippy::disallowed_methods, reason = "this is where a simulation's runtime runs")]
pub(crate) fn simulate<F: Future>(options: Options, test: impl FnOnce(Arc<Sim>) -> F) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let core = Core::new(options);
        let connector = Arc::new(Streams {
            core: core.clone(),
            dialled: Mutex::default(),
            aliases: Mutex::default(),
            hanging: Mutex::default(),
            wrap: Mutex::new(None),
            others: Mutex::default(),
        });
        let resolver = Arc::new(Names::default());
        let clock =
            Arc::new(Paused { begun: Instant::now(), looks: AtomicUsize::new(0), fuse: AtomicUsize::new(0) });
        let world = World {
            connector: Arc::clone(&connector) as Arc<dyn Connector>,
            resolver: Arc::clone(&resolver) as Arc<dyn Resolver>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Random::with_seed(7),
            dispatcher: Arc::new(Inline),
            tasks: tokio::runtime::Handle::current(),
            instances: Arc::default(),
        };
        // An hour of silence is a hang.
        let limit = Duration::from_secs(3600);
        let test = test(Arc::new(Sim { core, connector, resolver, clock, world }));
        assert!(tokio::time::timeout(limit, test).await.is_ok(), "the test hangs");
    });
}

/// The same with one broker that makes topics.
pub(crate) fn simulate_one<F: Future>(test: impl FnOnce(Arc<Sim>) -> F) {
    simulate(Options::default(), test);
}

/// The same with two.
pub(crate) fn simulate_two<F: Future>(test: impl FnOnce(Arc<Sim>) -> F) {
    simulate(Options { brokers: 2, ..Options::default() }, test);
}

impl Sim {
    /// A producer with these settings beside name server and group.
    pub(crate) fn create(&self, values: &[(&str, &str)]) -> Result<Arc<Producer>, Error> {
        let server = self.core.namesrv();
        let all: Vec<_> =
            [("namesrv.addr", server.as_str())].into_iter().chain(values.iter().copied()).collect();
        self.create_bare(&all)
    }

    /// A producer with these settings beside the group.
    pub(crate) fn create_bare(&self, values: &[(&str, &str)]) -> Result<Arc<Producer>, Error> {
        let mut config = Config::new();
        config.set("producer.group", Some("G"))?;
        for (key, value) in values {
            config.set(key, Some(value))?;
        }
        Producer::with_world(&config, self.world.clone())
    }

    /// Takes a broker down before the name server misses it.
    pub(crate) fn kill(&self, broker: usize) {
        self.core.set_up(broker, false);
        self.core.set_registered(broker, true);
    }

    /// Dials so far.
    pub(crate) fn dials(&self) -> usize {
        self.connector.dialled().len()
    }

    /// How often the library has looked at the clock: whoever sleeps does not.
    pub(crate) fn looks(&self) -> usize {
        self.clock.looks.load(Ordering::Relaxed)
    }

    /// The library's next look at the clock but `looks` panics.
    pub(crate) fn break_clock(&self, looks: usize) {
        self.clock.fuse.store(looks + 1, Ordering::Relaxed);
    }

    /// Whether the clock has panicked; it does not any more.
    pub(crate) fn mend_clock(&self) -> bool {
        self.clock.fuse.swap(0, Ordering::Relaxed) == 0
    }

    /// The same cluster for a process with other luck.
    pub(crate) fn with_seed(&self, seed: u64) -> Self {
        Self {
            core: self.core.clone(),
            connector: Arc::clone(&self.connector),
            resolver: Arc::clone(&self.resolver),
            clock: Arc::clone(&self.clock),
            world: World { random: Random::with_seed(seed), ..self.world.clone() },
        }
    }

    /// A running one.
    pub(crate) async fn start(&self, values: &[(&str, &str)]) -> Arc<Producer> {
        let producer = self.create(values).unwrap();
        producer.start(None, false).await.unwrap();
        producer
    }
}

/// Sends as C's sync send does.
pub(crate) async fn send(
    p: &Arc<Producer>,
    message: &Message,
    options: &SendOptions,
) -> Result<SendResult, Error> {
    p.send(message, options, p.deadline(options.timeout)).await
}

/// Sends as C's asynchronous send does; it is accepted.
pub(crate) async fn begin(p: &Arc<Producer>, message: &Message, options: &SendOptions, told: &Told) {
    p.send_async(message, options, p.deadline(options.timeout), told.callback()).await.unwrap();
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn message(topic: &str) -> Message {
    let mut message = Message::new(topic).unwrap();
    message.set_body(b"body").unwrap();
    message
}

pub(crate) fn within(ms: u64) -> SendOptions {
    SendOptions { timeout: Timeout::After(Duration::from_millis(ms)), ..SendOptions::default() }
}

/// What callbacks told, in order.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Result<SendResult, Error>>>>);

impl Told {
    pub(crate) fn callback(&self) -> Callback {
        let told = self.clone();
        Callback::new(move |outcome| {
            told.0.lock().unwrap().push(outcome.cloned().map_err(Clone::clone));
        })
    }

    pub(crate) fn all(&self) -> Vec<Result<SendResult, Error>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn kinds(&self) -> Vec<Option<ErrorKind>> {
        self.all().iter().map(|outcome| outcome.as_ref().err().map(Error::kind)).collect()
    }
}

type Wrap = Box<dyn Fn(Box<dyn ByteStream>, SocketAddr) -> Box<dyn ByteStream> + Send>;

/// Memory streams to the mock's nodes.
pub(crate) struct Streams {
    core: Core,
    dialled: Mutex<Vec<String>>,
    /// Addresses under which nodes are reached as well.
    aliases: Mutex<BTreeMap<String, String>>,
    /// Addresses that never answer a dial.
    hanging: Mutex<BTreeSet<String>>,
    wrap: Mutex<Option<Wrap>>,
    /// Further addresses, and who takes connections there.
    others: Mutex<BTreeMap<SocketAddr, Listener>>,
}

type Listener = Box<dyn Fn(DuplexStream) + Send>;

impl Streams {
    /// Every address that was dialled, in order.
    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }

    /// Lets the node at `address` be reached as `alias` too.
    pub(crate) fn alias(&self, alias: &str, address: &str) {
        self.aliases.lock().unwrap().insert(alias.into(), address.into());
    }

    /// Dials to `address` are never answered from now on, as when packets are dropped.
    pub(crate) fn hang(&self, address: &str) {
        self.hanging.lock().unwrap().insert(address.into());
    }

    fn wrapped(&self, stream: DuplexStream, address: SocketAddr) -> Link {
        match &*self.wrap.lock().unwrap() {
            Some(wrap) => wrap(Box::new(stream), address).into(),
            None => stream.into(),
        }
    }

    /// Takes connections at one more address.
    pub(crate) fn listen(&self, address: &str, accept: impl Fn(DuplexStream) + Send + 'static) {
        self.others.lock().unwrap().insert(address.parse().unwrap(), Box::new(accept));
    }

    /// Is a node at one more address.
    pub(crate) fn serve(&self, address: &str, core: &Core, node: impl Into<Node>) {
        let (core, node) = (core.clone(), node.into());
        self.listen(address, move |stream| {
            let core = core.clone();
            tokio::spawn(async move { core.serve(node, stream).await });
        });
    }

    /// Refuses connections at such an address. Those there are stay.
    pub(crate) fn refuse(&self, address: &str) {
        self.others.lock().unwrap().remove(&address.parse().unwrap());
    }

    /// The addresses dialled since this was asked last.
    pub(crate) fn take_dialled(&self) -> Vec<String> {
        std::mem::take(&mut self.dialled.lock().unwrap())
    }

    /// Every further stream goes through `wrap`.
    pub(crate) fn wrap(
        &self,
        wrap: impl Fn(Box<dyn ByteStream>, SocketAddr) -> Box<dyn ByteStream> + Send + 'static,
    ) {
        *self.wrap.lock().unwrap() = Some(Box::new(wrap));
    }
}

impl Connector for Streams {
    fn connect(&self, address: SocketAddr) -> Promise<io::Result<Link>> {
        let mut place = address.to_string();
        self.dialled.lock().unwrap().push(place.clone());
        if self.hanging.lock().unwrap().contains(&place) {
            return Box::pin(std::future::pending());
        }
        if let Some(accept) = self.others.lock().unwrap().get(&address) {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            accept(theirs);
            let stream = self.wrapped(ours, address);
            return Box::pin(async { Ok(stream) });
        }
        if let Some(real) = self.aliases.lock().unwrap().get(&place) {
            place.clone_from(real);
        }
        let Some(node) = self.core.node_at(&place).filter(|node| self.core.is_up(*node)) else {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        };
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let core = self.core.clone();
        tokio::spawn(async move { core.serve(node, theirs).await });
        let stream = self.wrapped(ours, address);
        Box::pin(async { Ok(stream) })
    }
}

/// A table of names; one that is not there is never answered.
#[derive(Default)]
pub(crate) struct Names(pub(crate) Mutex<BTreeMap<String, Result<Vec<IpAddr>, io::ErrorKind>>>);

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Promise<io::Result<Vec<IpAddr>>> {
        match self.0.lock().unwrap().get(host).cloned() {
            Some(Ok(addresses)) => Box::pin(async { Ok(addresses) }),
            Some(Err(kind)) => Box::pin(async move { Err(kind.into()) }),
            None => Box::pin(std::future::pending()),
        }
    }

    fn local_address(&self) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, 9).into()
    }
}

struct Paused {
    begun: Instant,
    looks: AtomicUsize,
    /// Looks until it panics; 0: it does not.
    fuse: AtomicUsize,
}

impl Clock for Paused {
    fn now(&self) -> Instant {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let left = self.fuse.load(Ordering::Relaxed);
        self.fuse.store(left.saturating_sub(1), Ordering::Relaxed);
        assert!(left != 1, "the clock panics, as planned");
        Instant::now()
    }

    fn wall_ms(&self) -> i64 {
        WALL_MS + i64::try_from(self.begun.elapsed().as_millis()).unwrap()
    }

    fn month_start_ms(&self, _: i64) -> i64 {
        MONTH_MS
    }
}

/// Callbacks run in a task of their own, never on the submitter's stack. One that panics is alone with it, as on the
/// library's threads.
struct Inline;

impl Dispatcher for Inline {
    fn hand_over(&self, _: usize, jobs: &mut Jobs) {
        let jobs = std::mem::take(jobs);
        tokio::spawn(async {
            for job in jobs {
                let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
            }
        });
    }
}
