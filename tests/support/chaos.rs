//! A cluster in which everything goes wrong that the mock can do, by chance: in answers, and to whole servers.
//!
//! `tests/c_api` and `tests/soak` compile this file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fastrand::Rng;
use rocketmq_mock::{Arrival, Cluster, Fault, Node, Options};

use crate::program::{Ended, Program};

/// Faults of answers are drawn from so many.
const ODDS: u32 = 10_000;
/// Between two troubles of whole servers, at most.
const PAUSE_MS: u64 = 150;

/// A cluster of two brokers in trouble, until it is healed.
pub(crate) struct Chaos {
    pub(crate) cluster: Arc<Cluster>,
    over: Arc<AtomicBool>,
    faults: Arc<AtomicU64>,
    thread: Option<JoinHandle<u64>>,
}

impl Chaos {
    /// All is well until [`Self::begin`].
    pub(crate) fn new() -> Self {
        let options = Options { brokers: 2, keep: false, ..Options::default() };
        let cluster = Arc::new(Cluster::start(options).unwrap());
        for topic in 0..4 {
            cluster.add_topic(&format!("Faults{topic}"), 4);
        }
        Self { cluster, over: Arc::default(), faults: Arc::default(), thread: None }
    }

    pub(crate) fn begin(&mut self, seed: u64) {
        println!("seed {seed}");
        let (mut rng, faults) = (Rng::with_seed(seed), Arc::clone(&self.faults));
        self.cluster.on_request(move |arrival| {
            let fault = answer_fault(&mut rng, arrival);
            faults.fetch_add(u64::from(fault.is_some()), Ordering::Relaxed);
            fault
        });
        let (cluster, over) = (Arc::clone(&self.cluster), Arc::clone(&self.over));
        self.thread = Some(thread::spawn(move || {
            let mut rng = Rng::with_seed(seed ^ 1);
            let mut troubles = 0;
            while !over.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(rng.u64(1..PAUSE_MS)));
                trouble(&mut rng, &cluster);
                troubles += 1;
            }
            troubles
        }));
    }

    /// Everything works again. How many answers went wrong, and how often a server as a whole.
    pub(crate) fn heal(&mut self) -> (u64, u64) {
        self.over.store(true, Ordering::SeqCst);
        let troubles = self.thread.take().unwrap().join().unwrap();
        self.cluster.on_request(|_| None);
        // What was told to say nothing any more does not begin to.
        for node in [Node::NameServer, Node::Broker(0), Node::Broker(1)] {
            self.cluster.cut_connections(node);
        }
        (self.faults.load(Ordering::Relaxed), troubles)
    }
}

/// One server is down, frozen, slow or cut off for a moment.
fn trouble(rng: &mut Rng, cluster: &Cluster) {
    let node = [Node::NameServer, Node::Broker(0), Node::Broker(1)][rng.usize(0..3)];
    let moment = Duration::from_millis(rng.u64(1..80));
    match rng.u32(0..5) {
        0 => drop(cluster.cut_connections(node)),
        1 => {
            cluster.set_frozen(node, true);
            thread::sleep(moment);
            cluster.set_frozen(node, false);
        }
        2 => {
            cluster.set_latency(node, moment);
            thread::sleep(moment);
            cluster.set_latency(node, Duration::ZERO);
        }
        3 => {
            cluster.push_bytes(node, b"\xff\xff\xff\xffno frame at all");
        }
        _ => {
            set_up(cluster, node, false);
            thread::sleep(moment);
            set_up(cluster, node, true);
        }
    }
}

fn set_up(cluster: &Cluster, node: Node, up: bool) {
    match node {
        Node::NameServer => cluster.set_namesrv(up).unwrap(),
        Node::Broker(index) => cluster.set_broker(index, up).unwrap(),
    }
}

/// What becomes of one answer: some in a thousand are lost with their connection, some in a hundred wrong or late.
fn answer_fault(rng: &mut Rng, arrival: &Arrival<'_>) -> Option<Fault> {
    if arrival.oneway {
        return None;
    }
    match rng.u32(0..ODDS) {
        0..3 => Some(Fault::Cut { store: rng.bool() }),
        3..5 => Some(Fault::CutInAnswer { bytes: rng.usize(0..40) }),
        5..7 => Some(Fault::Garbage(vec![rng.u8(..); rng.usize(1..64)].into())),
        7..8 => Some(Fault::Stall),
        8..50 => Some(Fault::Freeze { store: rng.bool() }),
        50..150 => Some(Fault::Delay(Duration::from_millis(rng.u64(1..80)))),
        150..350 => {
            Some(Fault::respond([1, 2, 10, 11, 12, 13, 14, 16, 17, 204, 215, 1500][rng.usize(0..12)]))
        }
        350..400 => Some(Fault::AnswerTwice),
        400..450 => Some(Fault::UnknownOpaqueFirst),
        _ => None,
    }
}

/// Sends of every kind in a storm, to its end and beyond: every promise of `tests/c/faults.c`. What it printed; it is
/// killed at the limit.
pub(crate) fn storm(sends: u64, in_flight_max: i64, limit: Duration) -> Ended {
    let mut chaos = Chaos::new();
    let (sends, most) = (sends.to_string(), in_flight_max.to_string());
    let program = Program::new("faults").within(limit);
    let mut live = program.start(&[&chaos.cluster.namesrv(), "8", &sends, &most]);
    live.wait_for("ready");
    chaos.begin(fastrand::u64(..));
    live.go_on();
    live.wait_for("over");
    let (faults, troubles) = chaos.heal();
    chaos.cluster.set_frozen(0, true);
    chaos.cluster.set_frozen(1, true);
    live.go_on();
    live.wait_for("filled");
    chaos.cluster.set_frozen(0, false);
    chaos.cluster.set_frozen(1, false);
    live.go_on();
    let ended = live.end().well();
    println!("{faults} answers and {troubles} times a server went wrong\n{}", ended.shown());
    assert_eq!(ended.number("in_flight"), 0);
    assert_eq!(ended.number("ended_async"), ended.number("accepted_async"));
    assert_eq!(ended.number("room_by_number"), in_flight_max);
    assert_eq!(ended.number("room_by_bytes"), in_flight_max / 2);
    assert_eq!((ended.number("late"), ended.number("threads_more")), (0, 0));
    assert_eq!(ended.number("descriptors_more"), 0);
    // There was a storm, and not only one.
    assert!(faults > 0 && troubles > 0);
    assert!(ended.number("failed") > 0 && ended.number("succeeded") > 0);
    ended
}
