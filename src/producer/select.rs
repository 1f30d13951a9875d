//! Which queue a message goes to.

use std::sync::atomic::Ordering;

use crate::client::routes::{RouteQueue, TopicRoute};
use crate::text::Text;

/// The named queue, if it is writable.
pub(crate) fn named(route: &TopicRoute, broker: &Text, id: i32) -> Option<RouteQueue> {
    route.queues.iter().copied().find(|queue| {
        queue.id == id && route.brokers.get(queue.broker).is_some_and(|known| known.name == *broker)
    })
}

/// The next queue in turn; after a failure one on a broker that was not tried yet, else on another than the
/// last, else whichever is next.
pub(crate) fn next(route: &TopicRoute, tried: &[Text]) -> Option<RouteQueue> {
    let count = route.queues.len();
    if count == 0 {
        return None;
    }
    let turn = route.turn.fetch_add(1, Ordering::Relaxed);
    let in_turn = || (0..count).filter_map(|step| route.queues.get(turn.wrapping_add(step) % count).copied());
    let name = |queue: &RouteQueue| route.brokers.get(queue.broker).map(|broker| &broker.name);
    let fresh = |queue: &RouteQueue| name(queue).is_some_and(|name| !tried.contains(name));
    let other = |queue: &RouteQueue| name(queue) != tried.last();
    if tried.is_empty() {
        return in_turn().next();
    }
    in_turn().find(fresh).or_else(|| in_turn().find(other)).or_else(|| in_turn().next())
}

/// Whether another broker than the last one tried may still be chosen.
pub(crate) fn has_other(route: &TopicRoute) -> bool {
    route.brokers.len() > 1
}
