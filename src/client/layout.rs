//! Where messages may go: brokers and queues, shared by all topics that lie alike. A cluster has thousands of topics and
//! few layouts.

use std::sync::{Arc, Weak};

use protocol::header::send::Prepared;
use protocol::route::{PublishBroker, PublishRoute};

use crate::client::address::Address;
use crate::client::broker::Broker;
use crate::text::Text;

/// Layouts that are looked through for an equal one.
const RECENT_MAX: usize = 32;

/// The brokers and queues of one topic or of many.
#[derive(Debug)]
pub struct Layout {
    /// Every broker with a master.
    pub brokers: Vec<RouteBroker>,
    /// Writable queues in RocketMQ's order: broker name, then queue id.
    pub queues: Vec<RouteQueue>,
    /// What it was made from.
    pub(crate) data: PublishRoute,
}

/// A broker of a layout.
#[derive(Debug)]
pub struct RouteBroker {
    /// Its name in the cluster.
    pub name: Text,
    /// Its master.
    pub broker: Arc<Broker>,
    /// Its name, as sends say it.
    pub(crate) wire_name: Prepared,
}

/// A writable queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteQueue {
    /// Index into [`Layout::brokers`].
    pub broker: usize,
    /// Its number on that broker.
    pub id: i32,
}

/// A broker that a route names: its place among all that are named, and what is known of it now.
type Found = (usize, Arc<Broker>);

impl Layout {
    /// The brokers `found` and the queues of `data` on them.
    fn new(data: PublishRoute, found: Vec<Found>) -> Self {
        let mut brokers = Vec::with_capacity(found.len());
        let mut queues = Vec::new();
        for (named, broker) in found {
            let of_broker = data.queues.iter().filter(|queue| queue.broker == named);
            queues.extend(of_broker.map(|queue| RouteQueue { broker: brokers.len(), id: queue.id }));
            let name = data.brokers.get(named).map(|known| &*known.name).unwrap_or_default();
            let wire_name = Prepared::broker_name(name);
            let name = Text::new(name);
            broker.traffic.set_name(&name);
            brokers.push(RouteBroker { name, broker, wire_name });
        }
        queues.shrink_to_fit();
        Self { brokers, queues, data }
    }

    /// Whether it is what `data` and `found` would make. An address whose connection was retired leads to another
    /// broker now.
    fn is_of(&self, data: &PublishRoute, found: &[Found]) -> bool {
        let same = |(known, (_, broker)): (&RouteBroker, &Found)| Arc::ptr_eq(&known.broker, broker);
        self.data == *data && self.brokers.iter().zip(found).all(same)
    }
}

/// The brokers of `data` whose addresses make sense.
fn find(data: &PublishRoute, topic: &str, broker: impl Fn(&Address) -> Arc<Broker>) -> Vec<Found> {
    let find = |(named, known): (usize, &PublishBroker)| match Address::parse(&known.address) {
        Ok(address) => Some((named, broker(&address))),
        Err(error) => {
            log::warn!("{topic}: broker {} has the address {:?}: {error}", known.name, known.address);
            None
        }
    };
    data.brokers.iter().enumerate().filter_map(find).collect()
}

/// The layouts in use, the last one asked for last.
#[derive(Default)]
pub(crate) struct Layouts(Vec<Weak<Layout>>);

impl Layouts {
    /// The layout that `data` describes for `topic`: one in use, if it is the same. `broker` finds the broker of an
    /// address.
    pub(crate) fn get(
        &mut self,
        data: PublishRoute,
        topic: &str,
        broker: impl Fn(&Address) -> Arc<Broker>,
    ) -> Arc<Layout> {
        let found = find(&data, topic, broker);
        let known = self.0.iter().enumerate().rev();
        let mut known = known.filter_map(|(at, known)| Some((at, known.upgrade()?)));
        let layout = match known.find(|(_, known)| known.is_of(&data, &found)) {
            None => Arc::new(Layout::new(data, found)),
            Some((at, known)) => {
                self.0.remove(at);
                known
            }
        };
        if self.0.len() == RECENT_MAX {
            self.0.retain(|known| known.strong_count() > 0);
        }
        if self.0.len() == RECENT_MAX {
            self.0.remove(0);
        }
        self.0.push(Arc::downgrade(&layout));
        layout
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::time::Duration;

    use protocol::HeaderFormat;
    use protocol::route::PublishQueue;

    use super::*;
    use crate::client::broker::{PeerLimits, Role};
    use crate::client::world::World;

    fn data(addresses: &[&str], queues: i32) -> PublishRoute {
        let brokers = addresses.iter().map(|address| PublishBroker {
            name: format!("broker-{address}").into(),
            address: (*address).into(),
        });
        let of_broker = |broker| (0..queues).map(move |id| PublishQueue { broker, id });
        let queues = (0..addresses.len()).flat_map(of_broker).collect();
        PublishRoute { brokers: brokers.collect(), queues }
    }

    fn broker(address: &Address) -> Arc<Broker> {
        let limits =
            PeerLimits { connect: Duration::from_secs(3), idle: Duration::from_secs(120), alone: u32::MAX };
        Broker::new(address, &World::system().unwrap(), HeaderFormat::Json, limits, Role::default())
    }

    #[test]
    fn topics_that_lie_alike_share_a_layout_until_a_broker_is_another() {
        let brokers = RefCell::new(HashMap::new());
        let known = |address: &Address| {
            Arc::clone(brokers.borrow_mut().entry(address.clone()).or_insert_with(|| broker(address)))
        };
        let mut layouts = Layouts::default();
        let one = layouts.get(data(&["a:1", "b:1"], 4), "A", known);
        let other = layouts.get(data(&["a:1"], 4), "B", known);
        let same = layouts.get(data(&["a:1", "b:1"], 4), "C", known);
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        assert_eq!((one.brokers.len(), one.queues.len(), other.queues.len()), (2, 8, 4));
        assert!(!Arc::ptr_eq(&one, &layouts.get(data(&["a:1", "b:1"], 5), "D", known)));
        brokers.borrow_mut().clear();
        let later = layouts.get(data(&["a:1", "b:1"], 4), "E", known);
        assert!(!Arc::ptr_eq(&one, &later), "its brokers were retired");
        assert!(Arc::ptr_eq(&later, &layouts.get(data(&["a:1", "b:1"], 4), "F", known)));
    }

    #[test]
    fn few_layouts_are_looked_through_and_none_is_kept_alive() {
        let shared = broker(&Address::parse("a:1").unwrap());
        let known = |_: &Address| Arc::clone(&shared);
        let mut layouts = Layouts::default();
        let kept: Vec<_> = (1..100).map(|queues| layouts.get(data(&["a:1"], queues), "A", known)).collect();
        assert_eq!(layouts.0.len(), RECENT_MAX);
        let last = layouts.get(data(&["a:1"], 99), "B", known);
        assert!(kept.last().is_some_and(|kept| Arc::ptr_eq(kept, &last)));
        drop((kept, last));
        layouts.get(data(&["a:1"], 1), "C", known);
        assert!(layouts.0.iter().all(|known| known.strong_count() == 0), "the last was dropped at once");
        assert_eq!(layouts.0.len(), 1);
    }
}
