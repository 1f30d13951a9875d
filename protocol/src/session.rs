//! The request table of one connection: which answers are awaited, and until when.
//!
//! No timer runs for an entry. The owner sleeps until [`Session::next_deadline`], calls [`Session::expire`] and sleeps
//! again. What an entry is for is the owner's business.

use std::collections::BTreeMap;

/// Places of the first request.
const PLACES_MIN: usize = 16;

/// Places that are kept when no request is left.
const PLACES_KEPT: usize = 16_384;

/// Requests in flight by their opaque, with a deadline of type `I` where they have one. Not bounded here: the owner
/// holds a permit for every entry.
///
/// Opaques are numbered one after the other, so the low bits of an opaque are its place in a table: as long as it has
/// more places than there are numbers between the oldest request and the youngest, each has one to itself. A request
/// that waits for longer gives way to the one that comes around to its place.
#[derive(Debug)]
pub struct Session<T, I = std::time::Instant> {
    /// None or a power of two, at least twice as many as there are requests.
    places: Vec<Option<Entry<T, I>>>,
    /// Requests that gave way, none of which is in `places` too.
    aside: BTreeMap<i32, Entry<T, I>>,
    /// Requests in both.
    count: usize,
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
    opaque: i32,
}

impl<T, I: Copy + Ord> Session<T, I> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: Vec::new(), aside: BTreeMap::new(), count: 0, earliest: None, next_number: 0 }
    }

    /// Enters a request. Whatever stood under the same opaque comes back.
    pub fn insert(&mut self, opaque: i32, deadline: Option<I>, value: T) -> Option<T> {
        let has_room = self.places.len() / 2 > self.count && self.aside.is_empty();
        let place = self.place(opaque);
        match self.places.get_mut(place) {
            Some(free @ None) if has_room => {
                *free = Some(Entry { value, deadline, number: self.next_number, opaque });
                self.next_number += 1;
                self.count += 1;
                self.wait_until(deadline);
                None
            }
            _ => self.insert_among_others(opaque, deadline, value),
        }
    }

    /// Takes out the request that an answer belongs to; `None` when the answer is late or was never asked for.
    pub fn finish(&mut self, opaque: i32) -> Option<T> {
        let place = self.place(opaque);
        let value = match self.places.get_mut(place)?.take_if(|entry| entry.opaque == opaque) {
            Some(entry) => entry.value,
            None => self.aside.remove(&opaque)?.value,
        };
        self.count -= 1;
        if self.count == 0 {
            self.after_the_last();
        }
        Some(value)
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
        let open = self.places.iter().flatten().chain(self.aside.values());
        self.earliest = open.filter_map(|entry| entry.deadline).min();
    }

    /// Moves every request into `out`, in the order they were entered.
    pub fn drain(&mut self, out: &mut Vec<T>) {
        self.take(|_| true, out);
    }

    /// Moves the requests that `f` picks into `out`, in the order they were entered.
    pub fn drain_where(&mut self, mut f: impl FnMut(&T) -> bool, out: &mut Vec<T>) {
        self.take(|entry| f(&entry.value), out);
    }

    /// Requests in flight.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether none is in flight.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn take(&mut self, mut f: impl FnMut(&Entry<T, I>) -> bool, out: &mut Vec<T>) {
        let places = self.places.iter_mut().filter_map(|place| place.take_if(|entry| f(entry)));
        let mut taken: Vec<_> = places.collect();
        taken.extend(self.aside.extract_if(.., |_, entry| f(entry)).map(|(_, entry)| entry));
        // The table's own order means nothing.
        taken.sort_unstable_by_key(|entry| entry.number);
        self.count -= taken.len();
        if self.count == 0 {
            self.after_the_last();
        }
        out.extend(taken.into_iter().map(|entry| entry.value));
    }

    /// When no request is left, there is nothing to wait for, and the memory of many is given back.
    fn after_the_last(&mut self) {
        self.earliest = None;
        if self.places.len() > PLACES_KEPT {
            self.places.truncate(PLACES_KEPT);
            self.places.shrink_to_fit();
        }
    }

    /// Where a request stands unless it gave way.
    fn place(&self, opaque: i32) -> usize {
        let last = self.places.len().wrapping_sub(1);
        usize::try_from(opaque.cast_unsigned()).unwrap_or_default() & last
    }

    fn wait_until(&mut self, deadline: Option<I>) {
        self.earliest = match (self.earliest, deadline) {
            (Some(earliest), Some(deadline)) => Some(earliest.min(deadline)),
            (earliest, deadline) => earliest.or(deadline),
        };
    }

    /// [`Session::insert`] when there is no room, the place may be taken or the opaque that of one that gave way.
    #[cold]
    #[inline(never)]
    fn insert_among_others(&mut self, opaque: i32, deadline: Option<I>, value: T) -> Option<T> {
        if self.places.len() / 2 <= self.count {
            self.grow();
        }
        let entry = Entry { value, deadline, number: self.next_number, opaque };
        self.next_number += 1;
        self.wait_until(deadline);
        let mut same = self.aside.remove(&opaque);
        let place = self.place(opaque);
        match self.places.get_mut(place).and_then(|place| place.replace(entry)) {
            Some(before) if before.opaque == opaque => same = Some(before),
            Some(before) => drop(self.aside.insert(before.opaque, before)),
            None => {}
        }
        self.count += usize::from(same.is_none());
        same.map(|entry| entry.value)
    }

    /// Doubles the places. Two requests that have a place each keep one each, since more bits tell them apart.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let mut places = Vec::new();
        places.resize_with((self.places.len() * 2).max(PLACES_MIN), || None);
        let open = std::mem::replace(&mut self.places, places);
        let aside = std::mem::take(&mut self.aside);
        for entry in open.into_iter().flatten().chain(aside.into_values()) {
            let place = self.place(entry.opaque);
            match self.places.get_mut(place) {
                Some(free @ None) => *free = Some(entry),
                _ => drop(self.aside.insert(entry.opaque, entry)),
            }
        }
    }
}

impl<T, I: Copy + Ord> Default for Session<T, I> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
