//! What there is to tell of an instance: its peers and its routes.

use std::sync::Arc;

use tokio::time::Instant;

use crate::client::broker::Broker;
use crate::client::instance::Instance;
use crate::client::routes::TopicRoute;

/// Routes that are told of at most, of ten thousand perhaps: those that were not confirmed for longest.
const ROUTES_MAX: usize = 100;

/// An instance at one moment.
pub(crate) struct InstanceReport {
    pub(crate) now: Instant,
    pub(crate) name_servers: Vec<Arc<Broker>>,
    pub(crate) brokers: Vec<Arc<Broker>>,
    pub(crate) routes_total: usize,
    /// With the milliseconds since a name server last confirmed them, the oldest first.
    pub(crate) routes: Vec<(u64, Arc<TopicRoute>)>,
}

impl InstanceReport {
    /// Of an instance that there is not.
    pub(crate) const fn empty(now: Instant) -> Self {
        Self { now, name_servers: Vec::new(), brokers: Vec::new(), routes_total: 0, routes: Vec::new() }
    }
}

impl Instance {
    pub(crate) fn report(&self) -> InstanceReport {
        let (routes_total, routes) = self.routes.oldest(ROUTES_MAX);
        InstanceReport {
            now: self.world.clock.now(),
            name_servers: self.name_servers.servers(),
            brokers: self.all_brokers(),
            routes_total,
            routes,
        }
    }
}
