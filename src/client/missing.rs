//! Topics that no name server knows, remembered for a moment: whoever sends to one in a loop asks once a second
//! and is logged once a minute. Bounded: of too many the one that was logged first is forgotten.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How long a topic stays missing without being asked for again.
const REMEMBERED: Duration = Duration::from_secs(1);
const LOG_PERIOD: Duration = Duration::from_secs(60);
const TOPICS_MAX: usize = 1024;

/// Topics without a route.
#[derive(Default)]
pub(crate) struct Missing(HashMap<Arc<str>, Entry, BuildHasherDefault<DefaultHasher>>);

struct Entry {
    until: Instant,
    logged: Instant,
}

impl Missing {
    /// Whether nobody knew `topic` a moment ago.
    pub(crate) fn has(&self, topic: &str, now: Instant) -> bool {
        self.0.get(topic).is_some_and(|entry| now < entry.until)
    }

    /// Nobody knows `topic`. Whether this is to be logged.
    pub(crate) fn add(&mut self, topic: &Arc<str>, now: Instant) -> bool {
        let until = now + REMEMBERED;
        if let Some(entry) = self.0.get_mut(topic) {
            entry.until = until;
            let log = now >= entry.logged + LOG_PERIOD;
            if log {
                entry.logged = now;
            }
            return log;
        }
        if self.0.len() >= TOPICS_MAX {
            self.0.retain(|_, entry| now < entry.logged + LOG_PERIOD);
        }
        // A full table does not know what was logged before and is now forgotten: nothing more is logged.
        let full = self.0.len() >= TOPICS_MAX;
        if full {
            // By name among those logged at once: the map's order must not show.
            let oldest = self.0.iter().min_by_key(|(topic, entry)| (entry.logged, *topic));
            if let Some(oldest) = oldest.map(|(topic, _)| Arc::clone(topic)) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(Arc::clone(topic), Entry { until, logged: now });
        !full
    }

    /// `topic` is to be asked for again; that it was logged stays known.
    pub(crate) fn ask_again(&mut self, topic: &str, now: Instant) {
        if let Some(entry) = self.0.get_mut(topic) {
            entry.until = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_remembered_for_a_second_and_logged_once_a_minute() {
        let (mut missing, start) = (Missing::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let topic = Arc::from("T");
        assert!(!missing.has("T", start));
        assert!(missing.add(&topic, start));
        assert!(missing.has("T", at(999)) && !missing.has("T", at(1000)) && !missing.has("U", start));
        assert!(!missing.add(&topic, at(59_999)));
        missing.ask_again("T", at(59_999));
        assert!(!missing.has("T", at(59_999)));
        assert!(missing.add(&topic, at(60_000)) && !missing.add(&topic, at(60_001)));
    }

    #[test]
    fn too_many_topics_are_forgotten_and_not_logged_twice() {
        let (mut missing, now) = (Missing::default(), Instant::now());
        let mut logged = 0;
        for _ in 0..2 {
            for number in 0..2 * TOPICS_MAX {
                logged += usize::from(missing.add(&format!("T{number}").into(), now));
                assert!(missing.0.len() <= TOPICS_MAX && missing.has(&format!("T{number}"), now));
            }
        }
        assert_eq!(logged, TOPICS_MAX);
        assert!(missing.add(&"later".into(), now + LOG_PERIOD));
        assert_eq!(missing.0.len(), 1);
    }
}
