//! The request table of one connection: which answers are awaited, and until when.
//!
//! No timer runs for an entry. The owner sleeps until [`Session::next_deadline`], calls [`Session::expire`] and sleeps
//! again. What an entry is for is the owner's business.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Requests in flight by their opaque, with a deadline of type `I` where they have one. Not bounded here: the owner
/// holds a permit for every entry.
#[derive(Debug)]
pub struct Session<T, I = std::time::Instant> {
    entries: HashMap<i32, Entry<T, I>, BuildHasherDefault<OpaqueHasher>>,
    /// Not after any entry's deadline; `None` only if no entry has one.
    earliest: Option<I>,
    /// Number of the next entry, to hand entries out in the order they came.
    next_number: u64,
}

#[derive(Debug)]
struct Entry<T, I> {
    value: T,
    deadline: Option<I>,
    number: u64,
}

impl<T, I: Copy + Ord> Session<T, I> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: HashMap::default(), earliest: None, next_number: 0 }
    }

    /// Enters a request. Whatever stood under the same opaque comes back.
    pub fn insert(&mut self, opaque: i32, deadline: Option<I>, value: T) -> Option<T> {
        self.earliest = match (self.earliest, deadline) {
            (Some(earliest), Some(deadline)) => Some(earliest.min(deadline)),
            (earliest, deadline) => earliest.or(deadline),
        };
        let number = self.next_number;
        self.next_number += 1;
        self.entries.insert(opaque, Entry { value, deadline, number }).map(|entry| entry.value)
    }

    /// Takes out the request that an answer belongs to; `None` when the answer is late or was never asked for.
    pub fn finish(&mut self, opaque: i32) -> Option<T> {
        let entry = self.entries.remove(&opaque)?;
        if self.entries.is_empty() {
            self.earliest = None;
        }
        Some(entry.value)
    }

    /// Nothing expires before this. It may be early, since answered requests are not looked for, and is exact right
    /// after [`Session::expire`]. `None` when there is nothing to wait for.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<I> {
        self.earliest
    }

    /// Moves every request whose deadline has come into `out`, in the order they were entered. Costs nothing before
    /// [`Session::next_deadline`].
    pub fn expire(&mut self, now: I, out: &mut Vec<T>) {
        if self.earliest.is_none_or(|earliest| now < earliest) {
            return;
        }
        self.take(|entry| entry.deadline.is_some_and(|deadline| deadline <= now), out);
        self.earliest = self.entries.values().filter_map(|entry| entry.deadline).min();
    }

    /// Moves every request into `out`, in the order they were entered.
    pub fn drain(&mut self, out: &mut Vec<T>) {
        self.take(|_| true, out);
        self.earliest = None;
    }

    /// Moves the requests that `f` picks into `out`, in the order they were entered.
    pub fn drain_where(&mut self, mut f: impl FnMut(&T) -> bool, out: &mut Vec<T>) {
        self.take(|entry| f(&entry.value), out);
        if self.entries.is_empty() {
            self.earliest = None;
        }
    }

    /// Requests in flight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn take(&mut self, mut f: impl FnMut(&Entry<T, I>) -> bool, out: &mut Vec<T>) {
        let mut taken: Vec<_> =
            self.entries.extract_if(|_, entry| f(entry)).map(|(_, entry)| entry).collect();
        // The table's own order means nothing.
        taken.sort_unstable_by_key(|entry| entry.number);
        out.extend(taken.into_iter().map(|entry| entry.value));
    }
}

impl<T, I: Copy + Ord> Default for Session<T, I> {
    fn default() -> Self {
        Self::new()
    }
}

/// Spreads opaques, which are numbered by us, over the table. Nobody else chooses them, so no secret is needed, and the
/// table behaves alike in every run.
#[derive(Clone, Copy, Debug, Default)]
struct OpaqueHasher(u64);

impl Hasher for OpaqueHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_i32(i32::from(*byte)));
    }

    fn write_i32(&mut self, opaque: i32) {
        // 2^64 divided by the golden ratio, which is odd: neighbours differ in the low bits, where a table looks for the
        // place, and in the high ones, by which it tells them apart.
        self.0 = self.0.wrapping_add(u64::from(opaque.cast_unsigned())).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
