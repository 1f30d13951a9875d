//! From [`RouteData`] to the queues a producer sends to, in the order Java has them
//! (`MQClientInstance.topicRouteData2TopicPublishInfo`): producers in every language then agree on the queue of a
//! sharding key.

use super::{BROKER_QUEUES_MAX, BrokerData, MASTER_ID, PERM_WRITE, QueueData, ROUTE_QUEUES_MAX, RouteData};
use crate::DecodeError;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The brokers and queues one may write to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishRoute {
    /// Every broker with a master, ordered by name as Java orders text, each name once.
    pub brokers: Vec<PublishBroker>,
    /// Ordered by broker and id; as the name server says for topics with a fixed order.
    pub queues: Vec<PublishQueue>,
}

/// A broker's master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishBroker {
    /// The broker's name.
    pub name: Arc<str>,
    /// The master's `host:port`.
    pub address: Arc<str>,
}

/// One queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishQueue {
    /// Which of [`PublishRoute::brokers`].
    pub broker: usize,
    /// The queue's id on that broker.
    pub id: i32,
}

/// Refuses counts that would cost memory out of proportion.
pub(super) fn check_size(route: &RouteData) -> Result<(), DecodeError> {
    let listed = route.queues.iter().flat_map(|queue| [queue.read_queues, queue.write_queues]);
    let ordered = ordered(route).map(|(_, count)| count);
    if listed.chain(ordered).any(|count| count > BROKER_QUEUES_MAX) {
        return Err(DecodeError::TooManyQueues);
    }
    // No overflow: the body's size bounds how many counts there are, and each has 17 bits.
    let total: usize = route.queues.iter().map(|queue| length(queue.write_queues)).sum();
    let total_ordered: usize = ordered_lengths(route).sum();
    if total.max(total_ordered) > ROUTE_QUEUES_MAX {
        return Err(DecodeError::TooManyQueues);
    }
    Ok(())
}

pub(super) fn publish(route: &RouteData) -> PublishRoute {
    let mut masters = masters(&route.brokers);
    if !is_ordered(route) {
        // A name server of 4.x reads its list of queues again when it writes the answer, so that a broker may be listed
        // that it has just lost, without queues.
        let listed: BTreeSet<&str> = route.queues.iter().map(|queue| queue.broker_name.as_str()).collect();
        masters.retain(|name, _| listed.contains(name.0));
    }
    let brokers: Vec<_> = masters
        .iter()
        .map(|(name, address)| PublishBroker { name: name.0.into(), address: (*address).into() })
        .collect();
    let position: BTreeMap<&str, usize> =
        masters.keys().enumerate().map(|(position, name)| (name.0, position)).collect();
    let ranges: Vec<(&str, i32)> = if is_ordered(route) {
        ordered(route).collect()
    } else {
        let mut writable: Vec<&QueueData> =
            route.queues.iter().filter(|queue| queue.perm & PERM_WRITE != 0).collect();
        writable.sort_by_key(|queue| Name(&queue.broker_name));
        writable.into_iter().map(|queue| (queue.broker_name.as_str(), queue.write_queues)).collect()
    };
    let queues = ranges.into_iter().filter_map(|(name, count)| Some((*position.get(name)?, count)));
    let queues = queues.flat_map(|(broker, count)| (0..count).map(move |id| PublishQueue { broker, id }));
    // A parsed route stays below the limit; one made by hand is cut there.
    PublishRoute { brokers, queues: queues.take(ROUTE_QUEUES_MAX).collect() }
}

/// Address of each broker's master. The last one counts when a name comes twice, as in Java's table.
fn masters(brokers: &[BrokerData]) -> BTreeMap<Name<'_>, &str> {
    let masters = brokers
        .iter()
        .filter_map(|broker| Some((Name(&broker.broker_name), broker.addresses.get(&MASTER_ID)?.as_str())));
    masters.collect()
}

fn is_ordered(route: &RouteData) -> bool {
    route.order_conf.as_ref().is_some_and(|conf| !conf.is_empty())
}

/// The well-formed parts of `broker:count;…`.
fn ordered(route: &RouteData) -> impl Iterator<Item = (&str, i32)> {
    let parts = route.order_conf.iter().flat_map(|conf| conf.split(';'));
    parts.filter_map(|part| {
        let (name, count) = part.split_once(':')?;
        Some((name, count.parse().ok()?))
    })
}

fn ordered_lengths(route: &RouteData) -> impl Iterator<Item = usize> {
    ordered(route).map(|(_, count)| length(count))
}

/// Negative counts are none.
fn length(count: i32) -> usize {
    usize::try_from(count).unwrap_or_default()
}

/// A name in the order of Java's strings, by UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name<'a>(&'a str);

impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
