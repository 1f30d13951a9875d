//! Routes by topic. A lookup touches the table and the route, and nothing between: with thousands of topics each line
//! of memory more is one that the cache does not hold.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::client::routes::TopicRoute;

/// Routes by topic, one for each.
#[derive(Default)]
pub(super) struct RouteMap(HashSet<ByTopic, FxBuildHasher>);

/// A route that is equal to another if their topics are.
struct ByTopic(Arc<TopicRoute>);

impl RouteMap {
    pub(super) fn get(&self, topic: &[u8]) -> Option<&Arc<TopicRoute>> {
        self.0.get(topic).map(|known| &known.0)
    }

    /// Adds the route of its topic; whether there was another.
    pub(super) fn put(&mut self, route: Arc<TopicRoute>) -> bool {
        self.0.replace(ByTopic(route)).is_some()
    }

    /// All of them, in an order of chance.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<TopicRoute>> {
        self.0.iter().map(|known| &known.0)
    }
}

impl Borrow<[u8]> for ByTopic {
    fn borrow(&self) -> &[u8] {
        self.0.topic.as_bytes()
    }
}

impl Hash for ByTopic {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.topic.as_bytes().hash(hasher);
    }
}

impl PartialEq for ByTopic {
    fn eq(&self, other: &Self) -> bool {
        self.0.topic.as_bytes() == other.0.topic.as_bytes()
    }
}

impl Eq for ByTopic {}
