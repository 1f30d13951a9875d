//! Routes: what a name server says about a topic (`TopicRouteData`), and the queues a producer makes of it.
//!
//! The mapping of static topics (`topicQueueMappingByBroker`, 5.x) is skipped; such a route yields the physical queues.

mod parse;
mod publish;

pub use publish::{PublishBroker, PublishQueue, PublishRoute};

use crate::DecodeError;
use crate::json::write;
use crate::number;
use std::collections::BTreeMap;

/// The most queues one broker may list for a topic. Real topics have up to some hundred.
pub const BROKER_QUEUES_MAX: i32 = 65_536;

/// The most queues one route may list.
pub const ROUTE_QUEUES_MAX: usize = 1 << 20;

/// Bit of [`QueueData::perm`]: consumers may read (`PermName`).
pub const PERM_READ: i32 = 4;

/// Bit of [`QueueData::perm`]: producers may write (`PermName`).
pub const PERM_WRITE: i32 = 2;

/// The id of a broker's master.
pub const MASTER_ID: i64 = 0;

/// What a name server knows about a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteData {
    /// `broker:count;…` when the name server keeps a fixed order of queues for the topic.
    pub order_conf: Option<String>,
    /// How many queues each broker has.
    pub queues: Vec<QueueData>,
    /// Where the brokers are.
    pub brokers: Vec<BrokerData>,
}

/// A topic's queues on one broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueData {
    /// The broker.
    pub broker_name: String,
    /// Queues one may read from.
    pub read_queues: i32,
    /// Queues one may write to.
    pub write_queues: i32,
    /// [`PERM_READ`], [`PERM_WRITE`] and others.
    pub perm: i32,
}

/// The addresses of one broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerData {
    /// The cluster it belongs to.
    pub cluster: String,
    /// Its name, which master and slaves share.
    pub broker_name: String,
    /// Address by id; [`MASTER_ID`] takes messages.
    pub addresses: BTreeMap<i64, String>,
}

impl RouteData {
    /// Reads a route in either form that name servers send. More queues than any cluster has are refused here, so that
    /// [`RouteData::publish`] is cheap for every route there is.
    pub fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        let route = parse::route(body)?;
        publish::check_size(&route)?;
        Ok(route)
    }

    /// Writes the route as a name server does: with `quote_keys` as 5.x sends standard JSON, without as 4.7.0 does, the
    /// integer keys bare. Names in Java's order, byte for byte.
    #[must_use]
    pub fn encode(&self, quote_keys: bool) -> Vec<u8> {
        let mut out = b"{\"brokerDatas\":[".to_vec();
        for (index, broker) in self.brokers.iter().enumerate() {
            separate(&mut out, index);
            broker.write(&mut out, quote_keys);
        }
        out.extend_from_slice(b"],\"filterServerTable\":{}");
        if let Some(order_conf) = &self.order_conf {
            out.extend_from_slice(b",\"orderTopicConf\":");
            write::string(&mut out, order_conf);
        }
        out.extend_from_slice(b",\"queueDatas\":[");
        for (index, queue) in self.queues.iter().enumerate() {
            separate(&mut out, index);
            queue.write(&mut out, quote_keys);
        }
        out.extend_from_slice(b"]}");
        out
    }

    /// Makes the route of the auto-create topic one for a topic that does not exist yet: the broker will create it with
    /// `default_queues` queues, or fewer where the auto-create topic itself has fewer.
    #[must_use]
    pub fn for_default_topic(mut self, default_queues: i32) -> Self {
        for queue in &mut self.queues {
            let count = default_queues.min(queue.read_queues);
            queue.read_queues = count;
            queue.write_queues = count;
        }
        self
    }

    /// The queues one may write to.
    #[must_use]
    pub fn publish(&self) -> PublishRoute {
        publish::publish(self)
    }
}

impl BrokerData {
    fn write(&self, out: &mut Vec<u8>, quote_keys: bool) {
        out.extend_from_slice(b"{\"brokerAddrs\":{");
        let quote: &[u8] = if quote_keys { b"\"" } else { b"" };
        for (index, (id, address)) in self.addresses.iter().enumerate() {
            separate(out, index);
            out.extend_from_slice(quote);
            number::append(out, *id);
            out.extend_from_slice(quote);
            out.push(b':');
            write::string(out, address);
        }
        out.extend_from_slice(b"},\"brokerName\":");
        write::string(out, &self.broker_name);
        out.extend_from_slice(b",\"cluster\":");
        write::string(out, &self.cluster);
        if quote_keys {
            out.extend_from_slice(b",\"enableActingMaster\":false");
        }
        out.push(b'}');
    }
}

impl QueueData {
    fn write(&self, out: &mut Vec<u8>, quote_keys: bool) {
        out.extend_from_slice(b"{\"brokerName\":");
        write::string(out, &self.broker_name);
        out.extend_from_slice(b",\"perm\":");
        number::append(out, self.perm.into());
        out.extend_from_slice(b",\"readQueueNums\":");
        number::append(out, self.read_queues.into());
        // The field lost its typing error in 4.9.0, before keys were ever quoted.
        out.extend_from_slice(if quote_keys { b",\"topicSysFlag\":0" } else { b",\"topicSynFlag\":0" });
        out.extend_from_slice(b",\"writeQueueNums\":");
        number::append(out, self.write_queues.into());
        out.push(b'}');
    }
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests;
