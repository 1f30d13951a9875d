//! What is measured: the clients, and the rows of each section. A row is one client doing one kind of work; rows whose
//! figures are compared with each other belong to one group and are measured alternately.

pub(crate) mod languages;

use std::fmt::{self, Display};

/// One of the programs that are compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Client {
    /// The program's name, and the row's in tables.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Below the folder of the benchmark's programs.
    pub(crate) program: &'static str,
    /// What it is told beside the work.
    pub(crate) told: Option<&'static str>,
    /// A shared library that it loads, beside the programs: a variable of the environment names it.
    pub(crate) loads: Option<(&'static str, &'static str)>,
    /// What it connects to, where there is a choice.
    pub(crate) address: Address,
    /// Needs seconds until its code is compiled.
    jvm: bool,
    /// The same, of a machine that needs fewer.
    warmup_seconds: f64,
    /// Can write binary headers.
    binary: bool,
    /// Thousand messages a second that may be expected, so that a row takes its time and no more.
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sockets and nothing else: what no client can be cheaper than.
    Floor,
    /// This library.
    Ours,
    /// Somebody else's client.
    Peer,
}

/// Of a cluster with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    NameServer,
    /// The proxy's, which answers as a name server and a broker do.
    Proxy,
    /// The proxy's for gRPC.
    Grpc,
}

#[derive(Debug, PartialEq)]
struct Expected {
    window: f64,
    sync: f64,
    sync_threads: f64,
    oneway: f64,
}

const fn expected(window: f64, sync: f64, sync_threads: f64, oneway: f64) -> Expected {
    Expected { window, sync, sync_threads, oneway }
}

const fn peer(name: &'static str, program: &'static str, expected: Expected) -> Client {
    Client {
        name,
        role: Role::Peer,
        program,
        told: None,
        loads: None,
        address: Address::NameServer,
        jvm: false,
        warmup_seconds: 0.0,
        binary: false,
        expected,
    }
}

const fn jvm(client: Client) -> Client {
    Client { jvm: true, binary: true, ..client }
}

/// The programs at the base point, in the order in which they take turns.
pub(crate) const CLIENTS: [Client; 8] = [
    Client {
        role: Role::Floor,
        binary: true,
        ..peer("floor", "floor", expected(1900.0, 17.0, 100.0, 2000.0))
    },
    Client { role: Role::Ours, binary: true, ..peer("ours", "ours", expected(400.0, 14.0, 80.0, 500.0)) },
    // Its one-way sends stop for good after 65,535 in a row: fewer are expected of it than it can do.
    jvm(peer("java-5.5.0", "peers/java-5.5.0", expected(120.0, 7.5, 40.0, 30.0))),
    jvm(peer("java-4.9.8", "peers/java-4.9.8", expected(110.0, 10.0, 40.0, 50.0))),
    Client {
        told: Some("style=callback"),
        ..peer("rust-callback", "peers/rust", expected(55.0, 11.0, 30.0, 30.0))
    },
    Client { told: Some("style=task"), ..peer("rust-task", "peers/rust", expected(65.0, 11.0, 30.0, 30.0)) },
    peer("go", "peers/go", expected(25.0, 10.0, 18.0, 18.0)),
    Client {
        loads: Some(("LIBROCKETMQ", "peers/librocketmq/rocketmq/librocketmq.so")),
        ..peer("librocketmq", "librocketmq", expected(12.0, 5.0, 9.0, 8.0))
    },
];

pub(crate) const FLOOR: &Client = &CLIENTS[0];
pub(crate) const OURS: &Client = &CLIENTS[1];
pub(crate) const GO: &Client = &CLIENTS[6];
/// The fastest peer by the figures of its makers and of earlier runs.
const FASTEST_PEER: &Client = &CLIENTS[2];

impl Client {
    /// So many that strace, which makes each call slower, takes seconds.
    pub(crate) fn traced_messages(&self) -> u64 {
        if self.expected.window < 100.0 { 5_000 } else { 50_000 }
    }

    /// The floor has one thread: sockets that several share would no longer be bare. It sends what it is given, one by one.
    fn can_do(&self, work: &Work) -> bool {
        self.role != Role::Floor || (work.threads == 1 && work.together == Together::No && !work.polled)
    }
}

/// Those of all sections.
pub(crate) fn clients() -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter().chain(languages::CLIENTS)
}

pub(crate) fn peers() -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter().filter(|client| client.role == Role::Peer)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// All clients, at the base point and near it.
    Base,
    /// This library beside the floor, as the work grows.
    Axes,
    /// This library beside the fastest peer, against a server of Apache's.
    Broker,
    /// The packages of other languages, each beside what its language has already.
    Languages,
    /// The package of the one language whose other client needs Apache's proxy, beside that client.
    Proxy,
}

impl Section {
    pub(crate) const ALL: [Self; 5] = [Self::Base, Self::Axes, Self::Broker, Self::Languages, Self::Proxy];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Axes => "axes",
            Self::Broker => "broker",
            Self::Languages => "languages",
            Self::Proxy => "proxy",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Async,
    Sync,
    Oneway,
    Open,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Sync => "sync",
            Self::Oneway => "oneway",
            Self::Open => "open",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Binary,
}

impl Format {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Binary => "binary",
        }
    }
}

/// How messages come together in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Together {
    No,
    /// The library waits for more of them.
    Auto,
    /// The program sends so many at once.
    Batch(u32),
}

impl Together {
    fn name(self) -> String {
        match self {
            Self::No => "no".to_owned(),
            Self::Auto => "auto".to_owned(),
            Self::Batch(count) => count.to_string(),
        }
    }
}

/// What a client is asked to do, and against how many brokers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Work {
    pub(crate) phase: Phase,
    pub(crate) format: Format,
    pub(crate) body: u32,
    pub(crate) window: u32,
    pub(crate) threads: u32,
    pub(crate) brokers: u32,
    pub(crate) topics: u32,
    pub(crate) together: Together,
    /// The program polls for the ends of its sends, instead of being called back.
    pub(crate) polled: bool,
}

impl Work {
    /// As every client reads it, behind the name server. How many brokers there are is for the sink to know.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self { phase, format, body, window, threads, topics, together, polled, brokers: _ } = *self;
        let mut arguments = vec![
            phase.name().to_owned(),
            format!("body={body}"),
            format!("window={window}"),
            format!("threads={threads}"),
            format!("topics={topics}"),
            format!("format={}", format.name()),
        ];
        if together != Together::No {
            arguments.push(format!("batch={}", together.name()));
        }
        if polled {
            arguments.push("ends=queue".to_owned());
        }
        arguments
    }
}

/// The point at which all clients meet.
pub(crate) const BASE: Work = Work {
    phase: Phase::Async,
    format: Format::Json,
    body: 1024,
    window: 256,
    threads: 1,
    brokers: 1,
    topics: 1,
    together: Together::No,
    polled: false,
};

/// Sends a second of an open loop.
pub(crate) const RATE: u32 = 20_000;
/// So wide that the due times and not the window hold a client of an open loop.
const OPEN_WINDOW: u32 = 4096;

/// One client doing one kind of work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) section: Section,
    /// With whose rows this one is compared.
    pub(crate) group: String,
    pub(crate) client: &'static Client,
    pub(crate) work: Work,
    /// Client on one core, sink on another.
    pub(crate) pinned: bool,
    /// No ratio that is judged needs it: measured in about half of the rounds.
    pub(crate) secondary: bool,
}

/// Of a group and a client: where the figures are found.
pub(crate) fn key(section: Section, group: impl Display, client: &str) -> String {
    format!("{}/{group}/{client}", section.name())
}

/// Names of groups, for those who look for their figures.
pub(crate) const ASYNC_PINNED: &str = "async 1024 B JSON pinned";
pub(crate) const ASYNC_FREE: &str = "async 1024 B JSON free";
pub(crate) const SYNC_PINNED: &str = "sync 1 thread pinned";
pub(crate) const SYNC_THREADS: &str = "sync 16 threads free";
pub(crate) const ONEWAY: &str = "one-way free";
pub(crate) const OPEN: &str = "open loop free";
pub(crate) const CORNER: &str = "corner";
pub(crate) const AXES_BASE: &str = "base point";
pub(crate) const BROKER: &str = "async against Apache's broker";

/// A group of the section `base`.
struct Group {
    name: &'static str,
    work: Work,
    pinned: bool,
    secondary: bool,
    clients: fn(&Client) -> bool,
}

const ANY: fn(&Client) -> bool = |_| true;

const fn group(name: &'static str, work: Work, pinned: bool, secondary: bool) -> Group {
    Group { name, work, pinned, secondary, clients: ANY }
}

const SYNC: Work = Work { phase: Phase::Sync, ..BASE };
const BINARY: Work = Work { format: Format::Binary, ..BASE };

const GROUPS: [Group; 10] = [
    group(ASYNC_PINNED, BASE, true, false),
    group(ASYNC_FREE, BASE, false, false),
    group(SYNC_PINNED, SYNC, true, false),
    group(SYNC_THREADS, Work { threads: 16, ..SYNC }, false, false),
    group(ONEWAY, Work { phase: Phase::Oneway, ..BASE }, false, false),
    group(OPEN, Work { phase: Phase::Open, window: OPEN_WINDOW, ..BASE }, false, false),
    group("async 100 B JSON pinned", Work { body: 100, ..BASE }, true, true),
    group("async 100 B JSON free", Work { body: 100, ..BASE }, false, true),
    // What the JVMs' warm-up costs is spent on the mode that their users run in.
    Group {
        name: "async 1024 B binary pinned",
        work: BINARY,
        pinned: true,
        secondary: true,
        clients: |client| client.binary && !client.jvm,
    },
    Group {
        name: "async 1024 B binary free",
        work: BINARY,
        pinned: false,
        secondary: true,
        clients: |client| client.binary,
    },
];

/// The rows of a section, group by group.
pub(crate) fn rows(section: Section) -> Vec<Row> {
    match section {
        Section::Base => GROUPS.iter().flat_map(Group::rows).collect(),
        Section::Axes => axes().into_iter().flat_map(|(name, work)| beside_floor(name, work)).collect(),
        Section::Broker => [OURS, FASTEST_PEER]
            .map(|client| Row {
                section,
                group: BROKER.to_owned(),
                client,
                work: BASE,
                pinned: false,
                secondary: false,
            })
            .to_vec(),
        Section::Languages | Section::Proxy => languages::rows(section),
    }
}

impl Group {
    fn rows(&self) -> impl Iterator<Item = Row> {
        let able = |client: &&Client| (self.clients)(client) && client.can_do(&self.work);
        CLIENTS.iter().filter(able).map(|client| Row {
            section: Section::Base,
            group: self.name.to_owned(),
            client,
            work: self.work,
            pinned: self.pinned,
            secondary: self.secondary,
        })
    }
}

fn beside_floor(group: String, work: Work) -> impl Iterator<Item = Row> {
    let able = [FLOOR, OURS].into_iter().filter(move |client| client.can_do(&work));
    able.map(move |client| Row {
        section: Section::Axes,
        group: group.clone(),
        client,
        work,
        pinned: false,
        secondary: false,
    })
}

/// Each axis with its points, the base point among them, by name.
pub(crate) fn axes() -> Vec<(String, Work)> {
    let mut points = vec![(AXES_BASE.to_owned(), BASE)];
    points.extend([100, 4095, 65_536].map(|body| (format!("body {body}"), Work { body, ..BASE })));
    points.extend([1, 32, 4096].map(|window| (format!("window {window}"), Work { window, ..BASE })));
    points.extend([2, 8].map(|threads| (format!("threads {threads}"), Work { threads, ..BASE })));
    points.extend([4, 64].map(|brokers| (format!("brokers {brokers}"), Work { brokers, ..BASE })));
    points.extend([100, 10_000].map(|topics| (format!("topics {topics}"), Work { topics, ..BASE })));
    points.push((CORNER.to_owned(), Work { brokers: 64, topics: 10_000, window: 4096, ..BASE }));
    points.push(("binary header".to_owned(), BINARY));
    points.extend(
        [256, 4096].map(|window| {
            (format!("completion queue, window {window}"), Work { window, polled: true, ..BASE })
        }),
    );
    for (name, together) in [("automatic batches", Together::Auto), ("batches of 32", Together::Batch(32))] {
        points.extend(
            [100, 1024].map(|body| (format!("{name}, body {body}"), Work { body, together, ..BASE })),
        );
    }
    points
}

/// How long the timed part of a row shall be, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    pub(crate) seconds: f64,
    pub(crate) jvm_warmup_seconds: f64,
}

impl Length {
    pub(crate) const FULL: Self = Self { seconds: 1.5, jvm_warmup_seconds: 10.0 };
    pub(crate) const QUICK: Self = Self { seconds: 0.3, jvm_warmup_seconds: 2.0 };
}

/// A process's start, its connections and its end, in seconds.
const OVERHEAD: f64 = 0.2;
const JVM_OVERHEAD: f64 = 1.0;

impl Row {
    pub(crate) fn key(&self) -> String {
        key(self.section, &self.group, self.client.name)
    }

    /// Messages a second that may be expected.
    fn expected_rate(&self) -> f64 {
        /// What a byte costs on its way through both kernels.
        const BYTE_NS: f64 = 0.15;
        let Expected { window, sync, sync_threads, oneway } = self.client.expected;
        let thousands = match self.work.phase {
            Phase::Open => return f64::from(RATE).min(window * 1e3),
            Phase::Async if self.work.window == 1 => sync,
            Phase::Async => window,
            Phase::Sync if self.work.threads == 1 => sync,
            Phase::Sync => sync_threads,
            Phase::Oneway => oneway,
        };
        let body_ns = f64::from(self.work.body.saturating_sub(BASE.body)) * BYTE_NS;
        1e9 / (1e6 / thousands + body_ns)
    }

    /// Of the timed part.
    pub(crate) fn messages(&self, length: Length) -> u64 {
        /// A round number, and enough for quantiles.
        const STEP: f64 = 1000.0;
        let steps = (self.expected_rate() * length.seconds / STEP).round().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some millions at most")]
        let messages = (steps * STEP) as u64;
        messages
    }

    /// A tenth, and each topic at least once.
    fn warmup(&self, length: Length) -> u64 {
        let topics = if self.work.topics == 1 { 0 } else { u64::from(self.work.topics) };
        (self.messages(length) / 10).max(topics)
    }

    fn warmup_seconds(&self, length: Length) -> f64 {
        if self.client.jvm { length.jvm_warmup_seconds } else { self.client.warmup_seconds }
    }

    /// About how long a round of it takes.
    pub(crate) fn seconds(&self, length: Length) -> f64 {
        let overhead = if self.client.jvm { JVM_OVERHEAD } else { OVERHEAD };
        let warmup = (self.warmup(length) as f64 / self.expected_rate()).max(self.warmup_seconds(length));
        overhead + warmup + self.messages(length) as f64 / self.expected_rate()
    }

    /// The arguments of the client behind the name server.
    pub(crate) fn arguments(&self, length: Length) -> Vec<String> {
        let mut arguments = self.work.arguments();
        arguments.extend([
            format!("messages={}", self.messages(length)),
            format!("warmup={}", self.warmup(length)),
            format!("warmup_seconds={}", self.warmup_seconds(length)),
        ]);
        arguments.extend(self.client.told.map(str::to_owned));
        if self.work.phase == Phase::Open {
            arguments.push(format!("rate={RATE}"));
        }
        arguments
    }
}

impl Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} / {} / {}", self.section.name(), self.group, self.client.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn minutes(section: Section, rounds: f64) -> f64 {
        let half = (rounds / 2.0).ceil();
        let cost = |row: &Row| row.seconds(Length::FULL) * if row.secondary { half } else { rounds };
        rows(section).iter().map(cost).sum::<f64>() / 60.0
    }

    #[test]
    fn each_row_has_a_key_of_its_own() {
        let rows: Vec<Row> = Section::ALL.into_iter().flat_map(rows).collect();
        let keys: BTreeSet<String> = rows.iter().map(Row::key).collect();
        assert_eq!(keys.len(), rows.len());
        assert!(keys.iter().all(|key| !key.contains(['\t', '\n'])));
    }

    #[test]
    fn five_rounds_take_the_minutes_that_are_promised() {
        let (base, axes) = (minutes(Section::Base, 5.0), minutes(Section::Axes, 5.0));
        assert!((15.0..27.0).contains(&base) && (3.0..6.0).contains(&axes), "{base} and {axes}");
        let languages = minutes(Section::Languages, 5.0) + minutes(Section::Proxy, 5.0);
        assert!((3.0..10.0).contains(&languages), "{languages}");
    }

    #[test]
    fn a_row_lasts_as_long_whatever_its_client_costs() {
        for row in Section::ALL.into_iter().flat_map(rows) {
            let timed = row.messages(Length::FULL) as f64 / row.expected_rate();
            assert!((1.0..2.1).contains(&timed), "{row}: {timed}");
        }
    }

    #[test]
    fn a_virtual_machine_of_java_is_warm_before_it_is_timed() {
        let row = rows(Section::Broker).pop().unwrap();
        assert!(row.arguments(Length::FULL).contains(&"warmup_seconds=10".to_owned()), "{row}");
    }

    #[test]
    fn every_topic_is_known_before_the_clock_runs() {
        let rows = rows(Section::Axes);
        for row in rows.iter().filter(|row| row.work.topics > 1) {
            assert!(row.warmup(Length::QUICK) >= u64::from(row.work.topics), "{row}");
        }
    }
}
