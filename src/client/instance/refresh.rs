//! Keeps the routes in use up to date: all of them regularly, sooner those that lead to brokers which cannot be
//! reached or which have lost a broker; and lets brokers go that no route leads to.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep_until;

use super::{Instance, Master};
use crate::client::name_servers::Source;
use crate::client::shrunk;
use crate::runtime::lock;

/// Between two rounds of questions because of brokers that cannot be reached.
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

/// Looks routes up again until the instance ends: all of them every `route.poll.ms`; at once those that lead to a
/// broker which cannot be reached; every second those that have lost a broker lately.
pub(super) async fn run(instance: Weak<Instance>) {
    let Some((stopped, troubled, clock, period)) = instance.upgrade().map(|instance| {
        let clock = Arc::clone(&instance.world.clock);
        (instance.routes.stopped(), Arc::clone(&instance.troubled), clock, instance.config.route_poll)
    }) else {
        return;
    };
    let mut due = clock.now() + period;
    let mut quiet_until = clock.now();
    let mut watch = None;
    loop {
        // Made before the check, so that a stop in between is not missed.
        let over = stopped.notified();
        let has_shrunk = match instance.upgrade() {
            Some(instance) if !instance.routes.is_stopped() => instance.routes.has_shrunk(),
            _ => return,
        };
        watch = has_shrunk.then(|| watch.unwrap_or_else(|| clock.now() + shrunk::PERIOD));
        let trouble = async {
            sleep_until(quiet_until).await;
            troubled.notified().await;
        };
        let why = tokio::select! {
            biased;
            () = over => return,
            () = sleep_until(due) => Why::Due,
            () = trouble => Why::Trouble,
            () = sleep_until(watch.unwrap_or(due)), if watch.is_some() => Why::Shrunk,
        };
        let Some(instance) = instance.upgrade() else { return };
        match why {
            Why::Due => {
                instance.refresh_all().await;
                due = clock.now() + period;
            }
            Why::Trouble => {
                instance.refresh_troubled().await;
                quiet_until = clock.now() + TROUBLE_PAUSE;
            }
            Why::Shrunk => {
                instance.refresh_shrunk().await;
                watch = None;
            }
        }
        instance.retire_brokers();
    }
}

/// Why routes are looked up again.
enum Why {
    Due,
    Trouble,
    Shrunk,
}

/// Looks the routes in use up again because of a new list of name servers, until there is a newer one.
pub(super) async fn all_once(instance: Weak<Instance>, source: Source) {
    let Some(routes) = instance.upgrade().map(|instance| instance.routes.all()) else { return };
    for route in routes {
        let Some(instance) = instance.upgrade() else { return };
        if instance.routes.is_stopped() || instance.name_servers.source() != source {
            return;
        }
        instance.refresh_topic(route.topic.as_str()).await;
    }
}

impl Instance {
    /// Lets the brokers go that no route leads to any more.
    fn retire_brokers(&self) {
        let mut retired = Vec::new();
        self.routes.after_change(|routes| {
            let brokers = routes.iter().flat_map(|route| route.brokers.iter());
            let mut used: Vec<_> = brokers.map(|known| Arc::as_ptr(&known.broker)).collect();
            used.sort_unstable();
            let is_used = |master: &Master| used.binary_search(&Arc::as_ptr(&master.sends)).is_ok();
            retired.extend(lock(&self.brokers).extract_if(.., |_, master| !is_used(master)));
        });
        for (address, master) in retired {
            log::debug!("no route leads to the broker {address} any more");
            let mut leaving = lock(&self.retired);
            leaving.retain(|broker| broker.strong_count() > 0);
            for broker in [&master.main, &master.sends] {
                leaving.push(Arc::downgrade(broker));
                broker.retire();
            }
        }
    }

    /// Looks every known route up again.
    async fn refresh_all(&self) {
        for route in self.routes.all() {
            self.refresh_topic(route.topic.as_str()).await;
        }
    }

    /// Looks the routes up again that lead to brokers which cannot be reached. One topic stands for all of a
    /// broker: the others are asked about when its route has changed.
    async fn refresh_troubled(&self) {
        let mut settled = BTreeSet::new();
        for route in self.routes.all() {
            let down = || route.brokers.iter().map(|known| &known.broker).filter(|broker| broker.is_down());
            if down().all(|broker| settled.contains(broker.address())) {
                continue;
            }
            if !self.refresh_topic(route.topic.as_str()).await {
                settled.extend(down().map(|broker| broker.address().clone()));
            }
        }
    }

    /// Looks the routes up again that have lost brokers, in the same way.
    async fn refresh_shrunk(&self) {
        let mut settled = BTreeSet::new();
        for (topic, lost) in self.routes.shrunk() {
            if !lost.is_subset(&settled) && !self.refresh_topic(&topic).await {
                settled.extend(lost);
            }
        }
    }

    /// Whether the route of `topic` has changed.
    async fn refresh_topic(&self, topic: &str) -> bool {
        match self.fetch_known_route(topic, false).await {
            Ok(Some(route)) => self.routes.put(self, topic, &route, false),
            // A name server that was restarted does not know its brokers yet: the route stays.
            Ok(None) => false,
            Err(error) => {
                log::info!("the route of {topic} could not be refreshed: {error}");
                false
            }
        }
    }
}
