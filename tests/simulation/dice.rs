//! Chance of one part of a run, all of it from the seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::world::lock;

/// A generator that its clones share. A fork is one of its own, so that parts of a run do not disturb one another.
#[derive(Clone)]
pub(crate) struct Dice(Arc<Mutex<fastrand::Rng>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not look alike.
        let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        rng.u64(..);
        Self(Arc::new(Mutex::new(rng)))
    }

    pub(crate) fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(lock(&self.0).fork())))
    }

    pub(crate) fn number(&self) -> u64 {
        lock(&self.0).u64(..)
    }

    /// Below `end`, which is not 0.
    pub(crate) fn below(&self, end: usize) -> usize {
        lock(&self.0).usize(..end)
    }

    /// From `low` to `high`, both of them included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        lock(&self.0).u64(low..=high)
    }

    pub(crate) fn ms(&self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// True so often in a hundred.
    pub(crate) fn percent(&self, chance: u32) -> bool {
        chance > 0 && lock(&self.0).u32(..100) < chance
    }

    pub(crate) fn pick<T: Clone>(&self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// One of a table whose first column is the weight.
    pub(crate) fn weighted<'a, T>(&self, table: &'a [(u32, T)]) -> &'a T {
        let total: u32 = table.iter().map(|(weight, _)| weight).sum();
        let mut at = lock(&self.0).u32(..total);
        for (weight, item) in table {
            if at < *weight {
                return item;
            }
            at -= weight;
        }
        unreachable!("the weights add up to the total")
    }

    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        lock(&self.0).fill(&mut bytes);
        bytes
    }
}
