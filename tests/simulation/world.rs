//! One run: a cluster and producers drawn from a seed, their lives, and what is checked of them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rocketmq_mock::{Core, Options};
use rocketmq_producer::client::world::{Clock, Random, Resolver, World};
use rocketmq_producer::producer::Instant;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

use crate::answers::{self, Mood};
use crate::book::{Book, Counts};
use crate::dice::Dice;
use crate::invariants;
use crate::lanes::Lanes;
use crate::member::{self, Member};
use crate::names::Names;
use crate::script;
use crate::streams::Net;

pub(crate) const NAMESRV_PORT: u16 = 9876;
/// What a planned panic says.
pub(crate) const PANIC: &str = "a stream panics, as planned";
const BROKERS_HOST: &str = "brokers.sim";
/// When the simulated wall clock starts: the 24th of a month.
const WALL_MS: i64 = 1_700_800_000_000;
const MONTH_MS: i64 = 30 * 86_400_000;
/// No run takes longer unless something hangs.
const RUN_LIMIT: Duration = Duration::from_secs(1800);
/// How often a run may look at the clock before it is taken for a loop without end.
const LOOKS_MAX: u64 = 20_000_000;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// A topic and its queues on each broker, when nothing is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) queues: Vec<i32>,
}

/// Everything of one run.
pub(crate) struct Run {
    pub(crate) core: Core,
    pub(crate) net: Arc<Net>,
    pub(crate) names: Arc<Names>,
    pub(crate) wall: Arc<Wall>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) book: Arc<Book>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) brokers: usize,
    /// Whether anything goes wrong at all.
    pub(crate) troubled: bool,
    pub(crate) mood: Arc<Mutex<Mood>>,
    pub(crate) members: Vec<Arc<Member>>,
    /// Those that every producer begins with.
    pub(crate) name_servers: String,
    /// A producer has been sent to others.
    pub(crate) elsewhere: AtomicBool,
    /// All troubles are over.
    pub(crate) calm: AtomicBool,
    /// Notified then. (A watch channel would wake those who wait in an order of its own chance.)
    pub(crate) calmed: Notify,
    /// Producers that may still have to show that all is well.
    unproven: AtomicUsize,
    proven: Notify,
}

impl Run {
    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Waits until all troubles are over.
    pub(crate) async fn calm(&self) {
        let calmed = self.calmed.notified();
        if !self.is_calm() {
            calmed.await;
        }
    }

    /// One producer has no more to show.
    pub(crate) fn prove(&self) {
        self.unproven.fetch_sub(1, Ordering::Relaxed);
        self.proven.notify_waiters();
    }

    /// Waits until no producer has.
    pub(crate) async fn proven(&self) {
        while self.unproven.load(Ordering::Relaxed) > 0 {
            self.proven.notified().await;
        }
    }
}

/// What a run showed.
pub(crate) struct Report {
    pub(crate) hash: u64,
    pub(crate) broken: Vec<String>,
    pub(crate) counts: Counts,
    pub(crate) simulated: Duration,
}

/// Runs one seed.
#[expect(clippy::disallowed_methods, reason = "this is where a simulation's runtime runs")]
pub(crate) fn simulate(seed: u64, trace: bool) -> Report {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let book = Arc::new(Book::new(trace));
        // The users' tasks need not be able to change threads.
        let local = LocalSet::new();
        let played = local.run_until(tokio::time::timeout(RUN_LIMIT, play(seed, Arc::clone(&book)))).await;
        book.check(played.is_ok(), || "the run hangs".to_owned());
        Report {
            broken: book.take_broken(),
            hash: book.hash(),
            counts: book.counts(),
            simulated: book.began.elapsed(),
        }
    })
}

async fn play(seed: u64, book: Arc<Book>) {
    let dice = Dice::new(seed);
    let run = Arc::new(set_up(&dice, book));
    let lives: Vec<_> = run
        .members
        .iter()
        .map(|member| spawn_local(member::live(Arc::clone(&run), Arc::clone(member), dice.fork())))
        .collect();
    script::play(&run, &dice.fork()).await;
    run.calm.store(true, Ordering::Relaxed);
    run.calmed.notify_waiters();
    for life in lives {
        if let Err(error) = life.await {
            run.book.broken(format!("a producer's life ended early: {error}"));
        }
    }
    script::heal(&run);
    invariants::check(&run).await;
}

fn set_up(dice: &Dice, book: Arc<Book>) -> Run {
    let brokers = dice.pick(&[1, 2, 2, 3]);
    let named = dice.percent(40);
    let host = if named { BROKERS_HOST } else { "10.1.0.1" };
    let core = Core::new(Options {
        brokers,
        auto_create: dice.percent(70),
        default_queues: 4,
        host: host.to_owned(),
        standard_json: dice.percent(50),
        mirror_format: dice.percent(50),
        answer_unsupported: dice.percent(50),
        ..Options::default()
    });
    let names = Names::new(Arc::clone(&book));
    if named {
        names.set(BROKERS_HOST, vec![Ipv4Addr::new(10, 1, 0, 1).into()]);
    }
    let mut topics = Vec::new();
    for index in 0..dice.between(1, 3) {
        let mut queues: Vec<_> = (0..brokers).map(|_| dice.pick(&[1, 1, 4, 0])).collect();
        // Somewhere it must be.
        queues[0] = queues[0].max(1);
        topics.push(Topic { name: format!("T{index}"), queues });
    }
    let net = Net::new(core.clone(), Arc::clone(&book), dice.fork());
    let lanes = Lanes::new(dice.fork());
    let wall = Arc::new(Wall::new());
    let name_servers = name_servers(dice, &names);
    let world = |group| World {
        connector: net.connector(group),
        resolver: Arc::clone(&names) as Arc<dyn Resolver>,
        clock: Arc::clone(&wall) as Arc<dyn Clock>,
        random: Random::with_seed(dice.number()),
        dispatcher: Arc::clone(&lanes) as _,
        tasks: tokio::runtime::Handle::current(),
        instances: Arc::default(),
    };
    let members = member::draw(dice, &name_servers, world);
    let run = Run {
        core,
        names,
        wall,
        lanes,
        topics,
        brokers,
        troubled: dice.percent(90),
        mood: Arc::default(),
        unproven: AtomicUsize::new(members.len()),
        members,
        name_servers,
        elsewhere: AtomicBool::new(false),
        calm: AtomicBool::new(false),
        calmed: Notify::new(),
        proven: Notify::new(),
        net,
        book,
    };
    script::heal_topics(&run);
    answers::direct(&run, dice.fork());
    run
}

/// One to three, by name or number.
fn name_servers(dice: &Dice, names: &Names) -> String {
    let addresses: Vec<_> = (1..=dice.pick(&[1, 1, 2, 3]))
        .map(|index| {
            let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, index));
            if dice.percent(30) {
                let host = format!("ns-{index}.sim");
                names.set(&host, vec![ip]);
                return format!("{host}:{NAMESRV_PORT}");
            }
            format!("{ip}:{NAMESRV_PORT}")
        })
        .collect();
    addresses.join(";")
}

/// Paused time, and a wall clock that jumps.
pub(crate) struct Wall {
    began: Instant,
    jumped_ms: AtomicI64,
    looks: AtomicU64,
}

impl Wall {
    fn new() -> Self {
        Self { began: Instant::now(), jumped_ms: AtomicI64::new(0), looks: AtomicU64::new(0) }
    }

    pub(crate) fn jump(&self, ms: i64) {
        self.jumped_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Wall {
    fn now(&self) -> Instant {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        assert!(looks < LOOKS_MAX, "a task runs in circles");
        Instant::now()
    }

    fn wall_ms(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        WALL_MS + passed + self.jumped_ms.load(Ordering::Relaxed)
    }

    fn month_start_ms(&self, wall_ms: i64) -> i64 {
        wall_ms - wall_ms.rem_euclid(MONTH_MS)
    }
}
