//! The counts of a producer and of the client below it as one JSON text. `docs/STATISTICS.md` says what each member means;
//! members may be added, none changes its meaning.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::json::Json;
use super::{Counts, Failed, KINDS};
use crate::client::broker::Broker;
use crate::client::instance::InstanceReport;
use crate::client::traffic::PeerReport;
use crate::error::ErrorKind;
use crate::latency::{Summary, millis};
use crate::producer::{Producer, State};

/// The version of what is told. A member that changes its meaning makes another.
const SCHEMA: u64 = 1;
/// Peers of one kind that are told of at most.
const PEERS_MAX: usize = 500;

/// How the C API names the status of a kind of failure.
type StatusName = fn(ErrorKind) -> &'static str;

impl Producer {
    /// A snapshot of what is counted, in JSON.
    pub fn stats_json(&self, status_name: StatusName) -> String {
        let report =
            self.instance().map_or_else(|| InstanceReport::empty(self.now()), |instance| instance.report());
        let stats = &self.stats;
        // Held until the sends are told, some microseconds, so that what has ended and what is open is what was accepted.
        let counts = stats.counts();
        let held = self.budget.held();
        let uptime = stats.started.get().map_or(0, |at| millis(self.now().saturating_duration_since(*at)));
        Json::of(|json| {
            json.count("schema", SCHEMA);
            json.text("library", env!("CARGO_PKG_VERSION"));
            json.text("state", state_name(self.state()));
            json.text("client_id", self.client_id().as_str());
            json.text("group", &self.settings.group);
            json.count("uptime_ms", uptime);
            json.object("in_flight", |json| {
                json.counts(
                    "sends sends_max bytes bytes_max",
                    &[
                        held.messages as u64,
                        self.settings.in_flight_messages_max as u64,
                        held.bytes as u64,
                        self.settings.in_flight_bytes_max as u64,
                    ],
                );
            });
            json.object("completions", |json| {
                json.counts(
                    "held held_max events_dropped",
                    &[
                        held.completions as u64,
                        self.settings.completions_max as u64,
                        stats.events_dropped.load(Ordering::Relaxed),
                    ],
                );
            });
            json.object("sends", |json| sends(json, &counts, &stats.throttled, status_name));
            drop(counts);
            json.object("refused", |json| {
                let mut refused = [0; KINDS];
                refused.iter_mut().zip(&stats.refused).for_each(|(kind, count)| *kind = load(count));
                json.count("calls", refused.iter().sum());
                by_status(json, &refused, status_name);
            });
            json.object("batches", |json| {
                let [batches, messages] = &stats.batches;
                json.counts("automatic messages", &[load(batches), load(messages)]);
            });
            client(json, &report);
        })
    }
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

const fn state_name(state: State) -> &'static str {
    match state {
        State::Created => "created",
        State::Starting => "starting",
        State::Running => "running",
        State::Closing => "closing",
        State::Closed => "closed",
        State::Failed => "failed",
    }
}

fn sends(json: &mut Json, counts: &Counts, throttled: &AtomicU64, status_name: StatusName) {
    json.count("ended", counts.ended());
    json.object("stored", |json| {
        let [ok, flush_disk_timeout, flush_slave_timeout, slave_not_available] = counts.stored;
        json.counts(
            "sends messages bytes ok flush_disk_timeout flush_slave_timeout slave_not_available",
            &[
                counts.stored(),
                counts.stored_messages,
                counts.stored_bytes,
                ok,
                flush_disk_timeout,
                flush_slave_timeout,
                slave_not_available,
            ],
        );
        summary(json, "latency_us", &counts.latencies.summary());
    });
    json.object("written", |json| {
        json.counts("sends bytes", &[counts.written, counts.written_bytes]);
    });
    json.object("failed", |json| failed(json, &counts.failed, status_name));
    json.counts("attempts retries throttled", &[counts.attempts, counts.retries, load(throttled)]);
}

fn failed(json: &mut Json, failed: &Failed, status_name: StatusName) {
    json.counts(
        "sends messages bytes oneway not_sent rejected unknown",
        &[
            failed.sends,
            failed.messages,
            failed.bytes,
            failed.oneway,
            failed.not_sent,
            failed.rejected,
            failed.unknown,
        ],
    );
    by_status(json, &failed.by_kind, status_name);
    json.list("by_broker_code", &failed.by_code, |json, (code, count)| {
        json.number("code", i64::from(*code));
        json.count("sends", *count);
    });
    json.count("other_broker_codes", failed.other_codes);
}

/// Those that there were, in the order of the statuses.
fn by_status(json: &mut Json, counts: &[u64; KINDS], status_name: StatusName) {
    let present = ErrorKind::ALL.iter().zip(counts).filter(|(_, count)| **count > 0);
    json.list("by_status", present, |json, (kind, count)| {
        json.text("status", status_name(*kind));
        json.count("count", *count);
    });
}

fn client(json: &mut Json, report: &InstanceReport) {
    peers(json, ["name_servers_total", "name_servers"], &report.name_servers, report.now);
    peers(json, ["brokers_total", "brokers"], &report.brokers, report.now);
    json.size("routes_total", report.routes_total);
    json.list("routes", &report.routes, |json, (age_ms, route)| {
        json.text("topic", route.topic.as_str());
        json.counts(
            "age_ms queues brokers",
            &[*age_ms, route.queues.len() as u64, route.brokers.len() as u64],
        );
    });
}

/// A list and before it how many there are; `names` are those of both.
#[inline(never)]
fn peers(json: &mut Json, [total, listed]: [&str; 2], peers: &[Arc<Broker>], now: Instant) {
    json.size(total, peers.len());
    json.list(listed, peers.iter().take(PEERS_MAX), |json, peer| {
        tell(json, &peer.report(now), listed == "brokers");
    });
}

fn tell(json: &mut Json, peer: &PeerReport, is_broker: bool) {
    json.text("address", &peer.address);
    if is_broker {
        json.text("name", peer.name.as_str());
    }
    json.text("state", peer.state.name());
    json.count("state_ms", peer.state_ms);
    json.number("version", peer.version.map_or(-1, i64::from));
    json.counts(
        "waiting in_flight connects connects_failed connections_lost",
        &[peer.waiting as u64, peer.in_flight, peer.connects, peer.connects_failed, peer.connections_lost],
    );
    json.counts(
        "frames_out frames_in bytes_out bytes_in throttled timeouts",
        &[peer.frames_out, peer.frames_in, peer.bytes_out, peer.bytes_in, peer.throttled, peer.timeouts],
    );
    summary(json, "round_trip_us", &peer.round_trip);
}

/// The unit is in the name that it has.
fn summary(json: &mut Json, name: &str, summary: &Summary) {
    json.object(name, |json| {
        json.counts(
            "count min mean p50 p90 p99 p999 max",
            &[
                summary.count,
                summary.min_us,
                summary.mean_us,
                summary.p50_us,
                summary.p90_us,
                summary.p99_us,
                summary.p999_us,
                summary.max_us,
            ],
        );
    });
}
