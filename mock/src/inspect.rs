//! What one can ask a cluster: addresses, messages, events, counts; and waiting for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::core::Core;
use crate::log::{Attempt, Event, HeartBeat, Unregistration, What};
use crate::node::Node;
use crate::stored::Stored;
use crate::transaction::Transaction;

impl Core {
    /// Address of the name server: `127.0.0.1:port` or `[::1]:port`.
    pub fn namesrv(&self) -> String {
        self.address(Node::NameServer)
    }

    /// Address a broker advertises; empty past the end.
    pub fn broker_address(&self, broker: usize) -> String {
        self.address(Node::Broker(broker))
    }

    /// Name of a broker: `broker-a`, `broker-b`, …; empty past the end.
    pub fn broker_name(&self, broker: usize) -> String {
        self.read(|state| state.brokers.get(broker).map(|broker| broker.name.clone())).unwrap_or_default()
    }

    /// How many brokers there are.
    pub fn broker_count(&self) -> usize {
        self.read(|state| state.brokers.len())
    }

    /// Queues a topic has on a broker; 0 when it is not there.
    pub fn queue_count(&self, broker: usize, topic: &str) -> i32 {
        self.read(|state| {
            let topic = state.brokers.get(broker).and_then(|broker| broker.topics.0.get(topic));
            topic.map_or(0, |topic| topic.queues())
        })
    }

    /// Messages stored in a topic, in the order they came in, over all brokers.
    pub fn messages(&self, topic: &str) -> Vec<Arc<Stored>> {
        self.read(|state| state.by_topic.get(topic).cloned().unwrap_or_default())
    }

    /// One message of a topic by its place in [`messages`](Self::messages).
    pub fn message(&self, topic: &str, index: usize) -> Option<Arc<Stored>> {
        self.read(|state| state.by_topic.get(topic)?.get(index).cloned())
    }

    /// All messages in the order they came in.
    pub fn all_messages(&self) -> Vec<Arc<Stored>> {
        self.read(|state| state.messages.clone())
    }

    /// Messages of a topic that consumers would have at `now_ms` since 1970: without those that wait for their time and
    /// those that were taken back.
    pub fn delivered(&self, topic: &str, now_ms: i64) -> Vec<Arc<Stored>> {
        let mut messages = self.messages(topic);
        messages.retain(|message| message.is_delivered(now_ms));
        messages
    }

    /// What became of the transaction of a half message, which is in its topic from its commit on.
    pub fn transaction(&self, unique_id: &str) -> Option<Transaction> {
        self.read(|state| state.transaction(unique_id))
    }

    /// How many messages were stored in a topic, also when they are not kept.
    pub fn message_count(&self, topic: &str) -> usize {
        self.read(|state| state.message_count(topic))
    }

    /// How many messages were stored in all topics, also when they are not kept.
    pub fn total_count(&self) -> usize {
        self.read(|state| {
            if state.options.keep {
                return state.messages.len();
            }
            let topics = state.brokers.iter().flat_map(|broker| broker.topics.0.values());
            topics.map(|topic| usize::try_from(topic.stored()).unwrap_or(0)).sum()
        })
    }

    /// Waits until a topic has at least `count` messages; false when that took too long.
    pub fn wait_for_messages(&self, topic: &str, count: usize, limit: Duration) -> bool {
        self.wait(limit, |state| state.message_count(topic) >= count)
    }

    /// Waits until the remembered events satisfy `enough`; false when that took too long. `enough` must not call back
    /// into the cluster.
    pub fn wait_for_events(&self, limit: Duration, mut enough: impl FnMut(&VecDeque<Event>) -> bool) -> bool {
        self.wait(limit, |state| enough(&state.log.events))
    }

    /// For a task: until a topic has at least `count` messages.
    pub async fn reach_messages(&self, topic: &str, count: usize) {
        self.reach(|state| state.message_count(topic) >= count).await;
    }

    /// For a task: until the remembered events satisfy `enough`, which must not call back into the cluster.
    pub async fn reach_events(&self, mut enough: impl FnMut(&VecDeque<Event>) -> bool) {
        self.reach(|state| enough(&state.log.events)).await;
    }

    /// Everything remembered, in order.
    pub fn events(&self) -> Vec<Event> {
        self.read(|state| state.log.events.iter().cloned().collect())
    }

    /// All attempts to send to a topic, in order, whatever became of them.
    pub fn attempts(&self, topic: &str) -> Vec<Attempt> {
        self.select(|event| match &event.what {
            What::Send(attempt) if attempt.topic == topic => Some(attempt.clone()),
            _ => None,
        })
    }

    /// All heartbeats that reached a node, in order.
    pub fn heart_beats(&self, node: impl Into<Node>) -> Vec<HeartBeat> {
        let node = node.into();
        self.select(|event| match &event.what {
            What::HeartBeat(heart_beat) if event.node == node => Some(heart_beat.clone()),
            _ => None,
        })
    }

    /// All unregistrations that reached a node, in order.
    pub fn unregistrations(&self, node: impl Into<Node>) -> Vec<Unregistration> {
        let node = node.into();
        self.select(|event| match &event.what {
            What::Unregister(unregistration) if event.node == node => Some(unregistration.clone()),
            _ => None,
        })
    }

    /// How often a topic's route was asked for.
    pub fn look_ups(&self, topic: &str) -> usize {
        let asked = self.select(|event| match &event.what {
            What::Route { topic: asked, .. } if asked == topic => Some(()),
            _ => None,
        });
        asked.len()
    }

    /// Requests with this code that reached a node.
    pub fn requests(&self, node: impl Into<Node>, code: i32) -> u64 {
        let key = (node.into(), code);
        self.read(|state| state.log.requests.get(&key).copied().unwrap_or_default())
    }

    /// Connections a node ever accepted.
    pub fn accepted(&self, node: impl Into<Node>) -> u64 {
        let node = node.into();
        self.read(|state| state.log.accepted.get(&node).copied().unwrap_or_default())
    }

    /// Connections a node has open.
    pub fn open_connections(&self, node: impl Into<Node>) -> usize {
        let node = node.into();
        self.read(|state| state.links(node).count())
    }

    fn address(&self, node: Node) -> String {
        self.read(|state| state.switches.get(&node).map(|switches| switches.address.clone()))
            .unwrap_or_default()
    }

    fn select<T>(&self, pick: impl FnMut(&Event) -> Option<T>) -> Vec<T> {
        self.read(|state| state.log.events.iter().filter_map(pick).collect())
    }
}
