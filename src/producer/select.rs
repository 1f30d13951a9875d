//! Which queue a message goes to.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use protocol::message::sharding;
use tokio::time::Instant;

use crate::client::layout::{RouteBroker, RouteQueue};
use crate::client::routes::TopicRoute;
use crate::producer::fault::Faults;
use crate::producer::result::QueueList;
use crate::text::Text;

/// The named queue, if it is writable.
pub(crate) fn named(route: &TopicRoute, broker: &Text, id: i32) -> Option<RouteQueue> {
    route.queues.iter().copied().find(|queue| {
        queue.id == id && route.brokers.get(queue.broker).is_some_and(|known| known.name == *broker)
    })
}

/// The queue of the keys with this hash.
pub(crate) fn of_key(route: &TopicRoute, hash: i32, now: Instant) -> Option<(Text, i32)> {
    let order = route.order(now);
    let count = NonZeroUsize::new(order.queues.len())?;
    let queue = order.queues.get(sharding::queue_index(hash, count))?;
    Some((order.brokers.get(queue.broker)?.name.clone(), queue.id))
}

/// The writable queues as a selector sees them.
pub(crate) fn list(route: &TopicRoute) -> QueueList {
    let named = |queue: &RouteQueue| Some((route.brokers.get(queue.broker)?.name.clone(), queue.id));
    QueueList(route.queues.iter().filter_map(named).collect())
}

/// What is known of the brokers when a queue is chosen.
pub(crate) struct Known<'a> {
    /// Brokers of this send's failed attempts, the last one last.
    pub(crate) tried: &'a [Text],
    /// With fault avoidance: how brokers did lately.
    pub(crate) faults: Option<(&'a Faults, Instant)>,
}

impl Known<'_> {
    /// How gladly `broker` is taken, 0 is best. A broker that cannot be reached comes after all others; of
    /// those that can, one that did well comes first, then one that at least answers; and each time one that
    /// this send has not tried, then any but the last.
    fn rank(&self, broker: &RouteBroker) -> u8 {
        let again = match self.tried.split_last() {
            None => 0,
            Some((last, _)) if *last == broker.name => 2,
            Some((_, others)) => u8::from(others.contains(&broker.name)),
        };
        let doing = match self.faults {
            None => 0,
            Some((faults, now)) => faults.rank(&broker.name, now),
        };
        match (broker.broker.is_down(), again) {
            (true, _) => 30 + again,
            // Rather the same again than one that cannot be reached; health does not matter for it.
            (false, 2) => 20,
            (false, _) => doing * 2 + again,
        }
    }
}

/// The next queue in turn on the broker that is taken most gladly. Queues that a first attempt passes over have
/// had their turn, so that the others stay evenly used; a retry does not move what others get.
pub(crate) fn next(route: &TopicRoute, known: &Known<'_>) -> Option<RouteQueue> {
    let count = u32::try_from(route.queues.len()).unwrap_or(u32::MAX);
    if count == 0 {
        return None;
    }
    let turn = route.turn.fetch_add(1, Ordering::Relaxed);
    let mut best: Option<(u8, u32, RouteQueue)> = None;
    for step in 0..count {
        let Some(queue) = route.queues.get((turn.wrapping_add(step) % count) as usize) else { continue };
        let Some(broker) = route.brokers.get(queue.broker) else { continue };
        let rank = known.rank(broker);
        if best.is_none_or(|(least, ..)| rank < least) {
            best = Some((rank, step, *queue));
        }
        if rank == 0 {
            break;
        }
    }
    let (_, passed_over, queue) = best?;
    if passed_over > 0 && known.tried.is_empty() {
        route.turn.fetch_add(passed_over, Ordering::Relaxed);
    }
    Some(queue)
}

/// Whether another broker than the one chosen may be tried.
pub(crate) fn has_other(route: &TopicRoute) -> bool {
    route.brokers.len() > 1
}

/// Whether another broker than `chosen` can be reached.
pub(crate) fn other_is_up(route: &TopicRoute, chosen: usize) -> bool {
    route.queues.iter().any(|queue| {
        queue.broker != chosen && route.brokers.get(queue.broker).is_some_and(|other| !other.broker.is_down())
    })
}
