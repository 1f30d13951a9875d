//! Brokers that a route has lost: asked after more often than the other routes, since a broker that was
//! restarted comes back within minutes and should get its share again before the next poll.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::text::Text;

/// For so long a broker is asked after.
pub(crate) const WATCHED: Duration = Duration::from_secs(120);
/// So often.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);

/// Topics whose routes have lost brokers. Bounded by the routes that are known.
#[derive(Default)]
pub(crate) struct Shrunk(BTreeMap<Arc<str>, Lost>);

struct Lost {
    brokers: BTreeSet<Text>,
    until: Instant,
}

impl Shrunk {
    /// The route of `topic` led to the brokers `before`, and leads to those of `after` now.
    pub(crate) fn changed(
        &mut self,
        topic: &str,
        before: impl Iterator<Item = Text>,
        after: &BTreeSet<Text>,
        now: Instant,
    ) {
        let gone: BTreeSet<Text> = before.filter(|name| !after.contains(name)).collect();
        if !gone.is_empty() {
            let fresh = Lost { brokers: BTreeSet::new(), until: now };
            let lost = self.0.entry(topic.into()).or_insert(fresh);
            lost.brokers.extend(gone);
            lost.until = now + WATCHED;
        }
        if let Some(lost) = self.0.get_mut(topic) {
            lost.brokers.retain(|name| !after.contains(name));
            if lost.brokers.is_empty() {
                self.0.remove(topic);
            }
        }
    }

    /// Whether there is a broker to ask after.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The topics and the brokers that each has lost.
    pub(crate) fn all(&mut self, now: Instant) -> Vec<(Arc<str>, BTreeSet<Text>)> {
        self.0.retain(|_, lost| now < lost.until);
        self.0.iter().map(|(topic, lost)| (Arc::clone(topic), lost.brokers.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<Text> {
        names.iter().map(|name| Text::new(name)).collect()
    }

    #[test]
    fn a_broker_is_asked_after_until_it_is_back_or_has_been_gone_for_long() {
        let now = crate::client::world::system_now();
        let topic: Arc<str> = "T".into();
        let mut shrunk = Shrunk::default();
        let change = |shrunk: &mut Shrunk, before: &[&str], after: &[&str], at| {
            shrunk.changed(&topic, names(before).into_iter(), &names(after), at);
        };
        change(&mut shrunk, &["a"], &["a", "b"], now);
        assert!(shrunk.is_empty(), "nothing is lost");
        change(&mut shrunk, &["a", "b", "c"], &["c"], now);
        assert_eq!(shrunk.all(now), [("T".into(), names(&["a", "b"]))]);
        change(&mut shrunk, &["c"], &["c", "b"], now + PERIOD);
        assert_eq!(shrunk.all(now + PERIOD), [("T".into(), names(&["a"]))]);
        assert_eq!(shrunk.all(now + WATCHED), []);
        change(&mut shrunk, &["a"], &["b"], now);
        change(&mut shrunk, &["b"], &["a"], now);
        assert_eq!(shrunk.all(now), [("T".into(), names(&["b"]))]);
    }
}
