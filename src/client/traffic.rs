//! What the task behind an address counts: connections, bytes, frames, round trips; and what there is to tell of a peer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::codes::response;
use tokio::time::Instant;

use crate::client::broker::Broker;
use crate::latency::{Latencies, Summary, micros, millis};
use crate::runtime::lock;
use crate::text::Text;

/// A number that one thread alone changes: the task's.
#[derive(Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self, more: u64) {
        self.set(self.get().wrapping_add(more));
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerState {
    /// There is no connection, and nobody wants one.
    Idle,
    /// A connection is being made.
    Connecting,
    /// There is one.
    Connected,
    /// It could not be reached lately; it is dialled again as long as somebody wants it.
    Down,
}

impl PeerState {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Down => "down",
        }
    }
}

/// What is counted of a peer, from its first connection on.
pub(crate) struct Traffic {
    state: Mutex<(PeerState, Instant)>,
    /// The broker's name in the cluster, as the last route has it that leads here.
    name: Mutex<Text>,
    connects: Count,
    connects_failed: Count,
    connections_lost: Count,
    bytes_out: Count,
    bytes_in: Count,
    frames_out: Count,
    frames_in: Count,
    throttled: Count,
    timeouts: Count,
    in_flight: Count,
    round_trips: Mutex<Latencies>,
}

/// What one read brought.
#[derive(Default)]
pub(crate) struct ReadTally {
    frames: u64,
    throttled: u64,
    /// In microseconds, and how many in a row took the same: they are written together and read together.
    round_trips: Vec<(u32, u32)>,
}

impl ReadTally {
    /// One more frame.
    pub(crate) const fn add_frame(&mut self) {
        self.frames += 1;
    }

    /// The answer, with this code, to a request that was taken so long before.
    pub(crate) fn add_answer(&mut self, code: i32, round_trip_us: u32) {
        match self.round_trips.last_mut() {
            Some((us, times)) if *us == round_trip_us => *times += 1,
            _ => self.round_trips.push((round_trip_us, 1)),
        }
        if code != response::SUCCESS {
            self.throttled += u64::from(matches!(code, response::SYSTEM_BUSY | response::FLOW_CONTROL));
        }
    }
}

impl Traffic {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: Mutex::new((PeerState::Idle, now)),
            name: Mutex::default(),
            connects: Count::default(),
            connects_failed: Count::default(),
            connections_lost: Count::default(),
            bytes_out: Count::default(),
            bytes_in: Count::default(),
            frames_out: Count::default(),
            frames_in: Count::default(),
            throttled: Count::default(),
            timeouts: Count::default(),
            in_flight: Count::default(),
            round_trips: Mutex::default(),
        }
    }

    /// It stands so from `now` on, unless it did before.
    #[inline(never)]
    pub(crate) fn enter(&self, state: PeerState, now: Instant) {
        let mut present = lock(&self.state);
        if present.0 != state {
            *present = (state, now);
        }
    }

    pub(crate) fn set_name(&self, name: &Text) {
        lock(&self.name).become_one_with(name);
    }

    pub(crate) fn add_connect(&self) {
        self.connects.add(1);
    }

    pub(crate) fn add_failed_connect(&self) {
        self.connects_failed.add(1);
    }

    pub(crate) fn add_lost_connection(&self) {
        self.connections_lost.add(1);
    }

    /// So many bytes were read, and all that `tally` has; it is empty afterwards.
    pub(crate) fn add_read(&self, bytes: usize, tally: &mut ReadTally) {
        self.bytes_in.add(bytes as u64);
        self.frames_in.add(std::mem::take(&mut tally.frames));
        self.throttled.add(std::mem::take(&mut tally.throttled));
        if !tally.round_trips.is_empty() {
            let mut round_trips = lock(&self.round_trips);
            for (us, times) in tally.round_trips.drain(..) {
                round_trips.record(us, times);
            }
        }
    }

    /// One request and its answer, of so many bytes, which took so long: both without the task, which counts nothing
    /// meanwhile.
    pub(crate) fn add_exchange(&self, (bytes_out, bytes_in): (usize, usize), took: Duration) {
        self.frames_out.add(1);
        self.bytes_out.add(bytes_out as u64);
        self.frames_in.add(1);
        self.bytes_in.add(bytes_in as u64);
        lock(&self.round_trips).record(micros(took), 1);
    }

    /// So many bytes were written.
    pub(crate) fn add_written(&self, bytes: usize) {
        self.bytes_out.add(bytes as u64);
    }

    /// So many frames were taken to be written.
    pub(crate) fn add_frames_out(&self, frames: usize) {
        self.frames_out.add(frames as u64);
    }

    /// The time of so many requests was over.
    pub(crate) fn add_timeouts(&self, requests: usize) {
        self.timeouts.add(requests as u64);
    }

    /// So many requests are open on the connection.
    pub(crate) fn set_in_flight(&self, requests: usize) {
        self.in_flight.set(requests as u64);
    }
}

/// A peer at one moment.
pub(crate) struct PeerReport {
    pub(crate) address: String,
    /// Of a broker; empty where no route gives it one.
    pub(crate) name: Text,
    pub(crate) state: PeerState,
    /// For how long it has been in it.
    pub(crate) state_ms: u64,
    /// The ordinal that its answers over this connection name.
    pub(crate) version: Option<i32>,
    /// Requests that no connection has taken.
    pub(crate) waiting: usize,
    pub(crate) in_flight: u64,
    pub(crate) connects: u64,
    pub(crate) connects_failed: u64,
    pub(crate) connections_lost: u64,
    pub(crate) frames_out: u64,
    pub(crate) frames_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) throttled: u64,
    pub(crate) timeouts: u64,
    pub(crate) round_trip: Summary,
}

impl Broker {
    /// What there is to tell of it.
    pub(crate) fn report(&self, now: Instant) -> PeerReport {
        let (version, waiting, ahead) = {
            let outbox = lock(&self.outbox);
            let ahead = usize::from(outbox.is_ahead());
            (outbox.peer_version.filter(|_| outbox.connected), outbox.len() - ahead, ahead as u64)
        };
        let traffic = &self.traffic;
        let (state, since) = *lock(&traffic.state);
        // Some microseconds, for which the task may wait.
        let round_trip = lock(&traffic.round_trips).summary();
        let name = lock(&traffic.name).clone();
        PeerReport {
            address: format!("{}", self.address),
            name,
            state,
            state_ms: millis(now.saturating_duration_since(since)),
            version,
            waiting,
            in_flight: traffic.in_flight.get() + ahead,
            connects: traffic.connects.get(),
            connects_failed: traffic.connects_failed.get(),
            connections_lost: traffic.connections_lost.get(),
            frames_out: traffic.frames_out.get(),
            frames_in: traffic.frames_in.get(),
            bytes_out: traffic.bytes_out.get(),
            bytes_in: traffic.bytes_in.get(),
            throttled: traffic.throttled.get(),
            timeouts: traffic.timeouts.get(),
            round_trip,
        }
    }
}
