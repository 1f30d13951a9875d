//! Fault avoidance: brokers that answered late or not at all are left alone for a while, as RocketMQ's own
//! client does from 5.1.4 on (`LatencyFaultToleranceImpl`). Off unless `fault.avoidance` is set.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use protocol::codes::response;
use tokio::time::Instant;

use crate::client::call_error::CallError;
use crate::producer::attempt::Failure;
use crate::runtime::lock;
use crate::text::Text;

/// Brokers remembered at most; beyond that those that do well are forgotten.
const BROKERS_MAX: usize = 4096;
/// A failure counts as an answer that took this long.
const FAILURE_LATENCY: Duration = Duration::from_secs(10);

/// From which latency on a broker is left alone for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table(Vec<(Duration, Duration)>);

impl Table {
    /// Two lists of equal length, the first ascending.
    pub(crate) fn new(latencies: &[Duration], isolations: &[Duration]) -> Option<Self> {
        let ascending = latencies.is_sorted_by(|one, next| one < next);
        let fits = ascending && latencies.len() == isolations.len();
        fits.then(|| Self(latencies.iter().copied().zip(isolations.iter().copied()).collect()))
    }

    /// For how long a broker is left alone that took `latency`.
    pub(crate) fn isolation(&self, latency: Duration) -> Duration {
        let reached = self.0.iter().rev().find(|(least, _)| latency >= *least);
        reached.map_or(Duration::ZERO, |(_, isolation)| *isolation)
    }
}

/// How brokers did lately, by name.
pub(crate) struct Faults {
    table: Table,
    /// With the detector a broker that failed is unreachable until it answers a probe.
    has_detector: bool,
    brokers: RwLock<HashMap<Text, Mutex<Record>, BuildHasherDefault<DefaultHasher>>>,
}

#[derive(Clone, Copy)]
struct Record {
    /// Left alone until then. Only ever extended: one fast answer does not make a slow broker good.
    until: Instant,
    reachable: bool,
}

/// What an attempt says of its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered, in its time.
    Answered,
    /// It answered that it cannot, or did not answer.
    Failed {
        /// Whether it answered at all.
        answered: bool,
    },
}

impl Verdict {
    /// Of a failed attempt; `None` when it says nothing of the broker.
    pub(crate) const fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Call(
                CallError::Encode(_)
                | CallError::VersionUnknown
                | CallError::TooOld { .. }
                | CallError::Closed { .. }
                | CallError::Cancelled { .. },
            ) => None,
            Failure::Call(_) => Some(Self::Failed { answered: false }),
            Failure::Garbled(_) => Some(Self::Failed { answered: true }),
            // What is wrong with the message or the topic says nothing of the broker.
            Failure::Refused { code, .. } => Some(match *code {
                response::SYSTEM_ERROR
                | response::SYSTEM_BUSY
                | response::SERVICE_NOT_AVAILABLE
                | response::FLOW_CONTROL
                | response::GO_AWAY => Self::Failed { answered: true },
                _ => Self::Answered,
            }),
        }
    }
}

impl Faults {
    pub(crate) fn new(table: Table, has_detector: bool) -> Self {
        Self { table, has_detector, brokers: RwLock::default() }
    }

    /// How gladly the broker is taken: 0 is well, 1 answers but is to be left alone, 2 does not answer.
    pub(crate) fn rank(&self, broker: &Text, now: Instant) -> u8 {
        let brokers = self.brokers.read().unwrap_or_else(PoisonError::into_inner);
        brokers.get(broker).map_or(0, |record| {
            let record = *lock(record);
            match (now >= record.until, record.reachable) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            }
        })
    }

    /// Remembers what an attempt of `latency` said of its broker.
    pub(crate) fn record(&self, broker: &Text, verdict: Verdict, latency: Duration, now: Instant) {
        let (latency, reachable) = match verdict {
            Verdict::Answered => (latency, true),
            // Without the detector nobody would find out that it answers again.
            Verdict::Failed { answered } => (FAILURE_LATENCY, answered || !self.has_detector),
        };
        let isolation = self.table.isolation(latency);
        let change = |record: &mut Record| {
            record.reachable = reachable;
            if isolation > Duration::ZERO {
                record.until = record.until.max(now + isolation);
            }
        };
        if let Some(record) = self.brokers.read().unwrap_or_else(PoisonError::into_inner).get(broker) {
            return change(&mut lock(record));
        }
        if isolation == Duration::ZERO && reachable {
            // As good as one that nothing is known of.
            return;
        }
        let mut brokers = self.brokers.write().unwrap_or_else(PoisonError::into_inner);
        if brokers.len() >= BROKERS_MAX {
            brokers.retain(|_, record| lock(record).until > now);
        }
        if brokers.len() < BROKERS_MAX {
            let fresh = Mutex::new(Record { until: now, reachable: true });
            change(&mut lock(brokers.entry(broker.clone()).or_insert(fresh)));
        }
    }

    /// The brokers that did not answer, for the detector to ask.
    pub(crate) fn unreachable(&self) -> Vec<Text> {
        let brokers = self.brokers.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = brokers
            .iter()
            .filter(|(_, record)| !lock(record).reachable)
            .map(|(name, _)| name.clone())
            .collect();
        // The map's order must not show.
        names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        names
    }

    /// The broker answered a probe. Its isolation is not touched.
    pub(crate) fn answered(&self, broker: &Text) {
        if let Some(record) = self.brokers.read().unwrap_or_else(PoisonError::into_inner).get(broker) {
            lock(record).reachable = true;
        }
    }

    /// No route has a broker of this name any more.
    pub(crate) fn forget(&self, broker: &Text) {
        self.brokers.write().unwrap_or_else(PoisonError::into_inner).remove(broker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn table() -> Table {
        let latencies = [50, 100, 550, 1800, 3000, 5000, 15000].map(ms);
        Table::new(&latencies, &[0, 0, 2000, 5000, 6000, 10000, 30000].map(ms)).unwrap()
    }

    #[test]
    fn latencies_map_to_isolations_at_their_edges() {
        for (latency, isolation) in [
            (49, 0),
            (50, 0),
            (100, 0),
            (549, 0),
            (550, 2000),
            (1799, 2000),
            (1800, 5000),
            (3000, 6000),
            (5000, 10000),
            (14999, 10000),
            (15000, 30000),
        ] {
            assert_eq!(table().isolation(ms(latency)), ms(isolation), "{latency}");
        }
        assert_eq!(Table::new(&[ms(1), ms(1)], &[ms(0), ms(1)]), None, "not ascending");
        assert_eq!(Table::new(&[ms(1)], &[]), None, "not of one length");
    }

    #[test]
    fn an_isolation_is_only_ever_extended() {
        let now = crate::client::world::system_now();
        let faults = Faults::new(table(), false);
        let a = Text::new("a");
        assert_eq!(faults.rank(&a, now), 0, "nothing is known");
        faults.record(&a, Verdict::Failed { answered: false }, ms(1), now);
        assert_eq!(faults.rank(&a, now + ms(9999)), 1);
        faults.record(&a, Verdict::Answered, ms(1), now + ms(10));
        assert_eq!(faults.rank(&a, now + ms(9999)), 1, "one fast answer is not enough");
        faults.record(&a, Verdict::Answered, ms(600), now + ms(20));
        assert_eq!(faults.rank(&a, now + ms(9999)), 1, "nor does a shorter isolation end a longer one");
        assert_eq!(faults.rank(&a, now + ms(10000)), 0);
    }

    #[test]
    fn with_the_detector_a_broker_that_failed_is_unreachable_until_it_answers() {
        let now = crate::client::world::system_now();
        let faults = Faults::new(table(), true);
        let a = Text::new("a");
        faults.record(&a, Verdict::Failed { answered: false }, ms(1), now);
        assert_eq!((faults.rank(&a, now), faults.unreachable()), (2, vec![a.clone()]));
        faults.answered(&a);
        assert_eq!((faults.rank(&a, now), faults.unreachable()), (1, vec![]));
        faults.forget(&a);
        assert_eq!(faults.rank(&a, now), 0);
    }

    #[test]
    fn a_refusal_of_the_message_says_nothing_bad_of_the_broker() {
        let refused = |code| Verdict::of(&Failure::Refused { code, remark: String::new() });
        assert_eq!(refused(response::MESSAGE_ILLEGAL), Some(Verdict::Answered));
        assert_eq!(refused(response::SYSTEM_BUSY), Some(Verdict::Failed { answered: true }));
        assert_eq!(Verdict::of(&Failure::Call(CallError::Closed { sent: true })), None);
    }

    #[test]
    fn the_table_of_brokers_is_bounded() {
        let now = crate::client::world::system_now();
        let faults = Faults::new(table(), false);
        for broker in 0..BROKERS_MAX + 10 {
            faults.record(&Text::from(format!("b{broker}")), Verdict::Failed { answered: false }, ms(1), now);
        }
        assert_eq!(faults.brokers.read().unwrap().len(), BROKERS_MAX);
        faults.record(&Text::new("late"), Verdict::Failed { answered: false }, ms(1), now + ms(20_000));
        assert_eq!(faults.brokers.read().unwrap().len(), 1, "those that are over made room");
    }
}
