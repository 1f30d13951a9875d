//! Peers that say nothing, each in its own way, and how long the calls of `tests/c/deadlines.c` take against them.
//!
//! `tests/c_api` and `tests/soak` compile this file; both have `program.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rocketmq_mock::{Cluster, Fault, Node, Options, Rule};
use socket2::{Domain, Socket, Type};

use crate::program::{Ended, Program, root};

/// An address where connections are never made: its queue of connections to accept is full, so that the system drops
/// whatever more comes.
pub(crate) struct Dropping {
    listener: Socket,
    _fillers: Vec<Socket>,
}

impl Dropping {
    /// At this address, or with port 0 at a free one.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.set_reuse_address(true).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let mut dropping = Self { listener, _fillers: Vec::new() };
        for _ in 0..8 {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            let connected =
                filler.connect_timeout(&dropping.address().into(), Duration::from_millis(300)).is_ok();
            dropping._fillers.push(filler);
            if !connected {
                return dropping;
            }
        }
        panic!("the queue of {address} takes ever more");
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap().as_socket().unwrap()
    }
}

/// Forwards every connection to it until it is told to hold back what comes, in both directions: the peers of its two
/// sides are there, and half-open.
pub(crate) struct Relay {
    held: Arc<AtomicBool>,
    address: SocketAddr,
}

impl Relay {
    pub(crate) fn between(address: SocketAddr, target: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&held);
        // Ends with the process, as its connections do when a side closes.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Ok(other) = TcpStream::connect(target) else { continue };
                forward(stream.try_clone().unwrap(), other.try_clone().unwrap(), Arc::clone(&shared));
                forward(other, stream, Arc::clone(&shared));
            }
        });
        Self { held, address }
    }

    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, held: Arc<AtomicBool>) {
    thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            // What is held back is lost, which nobody can tell from late.
            if !held.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        if !held.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Write);
        }
    });
}

/// A peer's way of saying nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Silence {
    /// Requests are read and never answered.
    Unanswered,
    /// Connections are made by the system, nothing is read, as when a process is stopped.
    Frozen,
    /// Packets that would make a connection are dropped.
    Dropping,
    /// A network that swallows what is sent over connections which stay.
    HalfOpen,
    /// The name leads nowhere: the resolver never answers.
    Unresolved,
}

/// Who says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    NameServer,
    Broker,
}

/// Every kind of silence, of a name server and of a broker.
pub(crate) const SCENARIOS: [(Who, Silence); 10] = {
    use Silence::{Dropping, Frozen, HalfOpen, Unanswered, Unresolved};
    use Who::{Broker, NameServer};
    [
        (NameServer, Unanswered),
        (NameServer, Frozen),
        (NameServer, Dropping),
        (NameServer, HalfOpen),
        (NameServer, Unresolved),
        (Broker, Unanswered),
        (Broker, Frozen),
        (Broker, Dropping),
        (Broker, HalfOpen),
        (Broker, Unresolved),
    ]
};

/// What a call took.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) call: String,
    pub(crate) limit: Duration,
    pub(crate) took: Duration,
    pub(crate) status: String,
}

impl Cell {
    /// In milliseconds; negative for a call that ended before its limit.
    pub(crate) fn excess_ms(&self) -> f64 {
        (self.took.as_secs_f64() - self.limit.as_secs_f64()) * 1000.0
    }
}

/// What the calls took in one scenario, and how long the process lived after its last word.
pub(crate) struct Matrix {
    pub(crate) cells: Vec<Cell>,
    pub(crate) exit: Duration,
}

impl Matrix {
    /// By the scenario's name and beside it; the latest end of all.
    pub(crate) fn shown(&self, scenario: (Who, Silence)) -> String {
        let ((who, silence), worst, exit) = (scenario, self.worst_ms(), self.exit);
        let mut text =
            format!("{who:?} {silence:?}: {worst:+.1} ms at most, gone {exit:?} after its last word\n");
        let mut rows: BTreeMap<&str, String> = BTreeMap::new();
        for cell in &self.cells {
            let (limit, excess) = (cell.limit.as_millis(), cell.excess_ms());
            let status = cell.status.trim_start_matches("ROCKETMQ_").trim_start_matches("ERR_");
            let row = rows.entry(&cell.call).or_default();
            *row += &format!("  {limit} ms {excess:+.1} {status}");
        }
        for (call, row) in rows {
            text += &format!("    {call:22}{row}\n");
        }
        text
    }

    /// The latest end after its limit, in milliseconds.
    pub(crate) fn worst_ms(&self) -> f64 {
        self.cells.iter().map(Cell::excess_ms).fold(f64::MIN, f64::max)
    }

    /// Calls that cannot succeed did wait, and failed for that reason; no call took longer than `excess` beyond its
    /// limit.
    pub(crate) fn check(&self, scenario: (Who, Silence), excess: Duration) {
        let stuck = stuck(scenario);
        for cell in &self.cells {
            let told = || format!("{scenario:?}: {cell:?}\n{}", self.shown(scenario));
            assert!(cell.took <= cell.limit + excess, "too late: {}", told());
            if stuck.contains(&cell.call.as_str()) {
                assert!(cell.excess_ms() > -20.0, "it did not wait: {}", told());
                assert!(cell.call == "oneway" || cell.status != "ROCKETMQ_OK", "it went well: {}", told());
            }
            let expected = expected(scenario, &cell.call);
            assert!(expected.iter().all(|name| cell.status == format!("ROCKETMQ_{name}")), "{}", told());
        }
        assert_eq!(self.cells.len(), 29);
    }
}

/// The calls that cannot come to a good end.
fn stuck((who, silence): (Who, Silence)) -> Vec<&'static str> {
    let mut stuck = vec!["flush", "shutdown", "sync", "sync_new_topic", "async"];
    if who == Who::NameServer {
        stuck.extend(["prepare_topic", "fetch_queues", "start"]);
    } else if matches!(silence, Silence::Dropping | Silence::Unresolved) {
        // It makes connections.
        stuck.push("prepare_topic");
    }
    if matches!(silence, Silence::Dropping | Silence::Unresolved) || who == Who::NameServer {
        // Not written before its time is over.
        stuck.push("oneway");
    }
    if silence == Silence::Unresolved {
        stuck.extend(["global_shutdown", "global_shutdown_again"]);
    }
    stuck
}

/// How a call ends, where there is one way only.
fn expected(scenario: (Who, Silence), call: &str) -> Option<&'static str> {
    let resolving = scenario.1 == Silence::Unresolved;
    match call {
        "oneway" => Some("OK"),
        // It may be that the callback threads got no core in time; the program sees to the end.
        "shutdown" => None,
        // That nobody answered, or that the time is over: whichever is found first.
        "start" => None,
        // Once everything has ended, only the thread in the resolver can hold it up.
        "global_shutdown_again" => Some(if resolving { "ERR_TIMEOUT" } else { "OK" }),
        "global_shutdown" => resolving.then_some("ERR_TIMEOUT"),
        _ => stuck(scenario).contains(&call).then_some("ERR_TIMEOUT"),
    }
}

/// Runs the program against peers that say nothing in this way.
pub(crate) fn measure(deadlines: &Deadlines, (who, silence): (Who, Silence)) -> Matrix {
    let host = match (who, silence) {
        (Who::Broker, Silence::Dropping | Silence::HalfOpen) => "127.0.0.2",
        (Who::Broker, Silence::Unresolved) => "broker.silent",
        _ => "127.0.0.1",
    };
    let cluster = Cluster::start(Options { host: host.into(), ..Options::default() }).unwrap();
    let node = if who == Who::NameServer { Node::NameServer } else { Node::Broker(0) };
    let port = |address: String| address.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let beside = SocketAddr::from(([127, 0, 0, 2], port(cluster.broker_address(0))));
    let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, port(cluster.broker_address(0))));
    let namesrv: SocketAddr = cluster.namesrv().parse().unwrap();
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));

    let dropping =
        (silence == Silence::Dropping).then(|| Dropping::at(if who == Who::Broker { beside } else { free }));
    let relay = (silence == Silence::HalfOpen).then(|| match who {
        Who::Broker => Relay::between(beside, behind),
        Who::NameServer => Relay::between(free, namesrv),
    });
    let address = match (who, &dropping, &relay) {
        (Who::NameServer, Some(dropping), _) => dropping.address().to_string(),
        (Who::NameServer, _, Some(relay)) => relay.address().to_string(),
        (Who::NameServer, ..) if silence == Silence::Unresolved => "namesrv.silent:9876".into(),
        _ => cluster.namesrv(),
    };
    // What cannot be reached cannot be sent to before. Where the name server is silent nobody knows a route, or the
    // sends of known topics would go well.
    let warm =
        matches!(silence, Silence::Unanswered | Silence::Frozen | Silence::HalfOpen) && who == Who::Broker;
    let silent = || match silence {
        Silence::Unanswered => cluster.fault(node, Rule::always(Fault::Freeze { store: false })),
        Silence::Frozen => cluster.set_frozen(node, true),
        Silence::HalfOpen => relay.iter().for_each(Relay::hold),
        Silence::Dropping | Silence::Unresolved => {}
    };
    if !warm {
        silent();
    }
    let mut live = deadlines.program.start(&[&address, if warm { "warm" } else { "cold" }]);
    if warm {
        live.wait_for("ready");
        silent();
        live.go_on();
    }
    live.wait_for("leaving_us");
    let leaving = Instant::now();
    let ended = live.end().with_code(3);
    Matrix { cells: cells(&ended), exit: ended.at.duration_since(leaving) }
}

fn cells(ended: &Ended) -> Vec<Cell> {
    let cell = |line: &str| {
        let [call, limit_ms, took_us, status] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        Cell {
            call: call.into(),
            limit: Duration::from_millis(limit_ms.parse().unwrap()),
            took: Duration::from_micros(took_us.parse().unwrap()),
            status: status.into(),
        }
    };
    ended.all("cell").into_iter().map(cell).collect()
}

/// The program, with a resolver before the system's that never answers for some names.
pub(crate) struct Deadlines {
    program: Program,
    resolver: PathBuf,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        let name = format!("silent_resolver-{}.so", std::process::id());
        let resolver = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let mut compiler = Command::new("cc");
        compiler.args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", "-o"]);
        compiler.arg(&resolver).arg(root().join("tests/c/silent_resolver.c")).arg("-ldl");
        let compiled = compiler.output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let preload = format!("LD_PRELOAD={}", resolver.display());
        Self { program: Program::new("deadlines").under(&["env", &preload]), resolver }
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.resolver);
    }
}
