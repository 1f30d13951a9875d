//! Message ids of a producer: the generator of the wire's form, fed with the clock's time since the local month began.

use std::sync::atomic::{AtomicU64, Ordering};

use protocol::message::id::{IdGenerator, UniqueId};

use crate::client::world::{Clock, World};

const MINUTE_MS: i64 = 60_000;

/// Makes the message ids of a producer, on any thread.
pub struct Ids {
    generator: IdGenerator,
    /// The minute of the last look at the calendar, and the one in which that month began, both since 1970, as
    /// `u32, u32`: in one word, so that nobody sees one without the other.
    month: AtomicU64,
}

impl Ids {
    /// Ids that no other producer of this process makes; those of other processes, forked ones too, are told apart by
    /// process id and chance.
    pub fn new(world: &World) -> Self {
        let discriminator = world.instances.id_discriminator(&world.random);
        Self {
            generator: IdGenerator::new(world.resolver.local_address(), std::process::id(), discriminator),
            month: AtomicU64::new(0),
        }
    }

    /// The next id.
    pub fn next(&self, clock: &dyn Clock) -> UniqueId {
        self.at(clock.wall_ms(), clock)
    }

    /// Characters of each.
    pub(crate) fn id_bytes(&self) -> usize {
        self.generator.id_bytes()
    }

    /// The next id, at a time that was read from `clock`.
    pub(crate) fn at(&self, wall_ms: i64, clock: &dyn Clock) -> UniqueId {
        let start_ms = self.month_start_ms(wall_ms, clock);
        // A month has fewer milliseconds than 32 bits count; after day 24 they exceed an i32, and readers take them
        // as unsigned. A clock that is set to before 1970 counts from 0.
        let since = u32::try_from(wall_ms.saturating_sub(start_ms).max(0)).unwrap_or(u32::MAX);
        self.generator.next(since)
    }

    /// When the month of `wall_ms` began. The calendar is looked at once a minute: months begin with a minute, in every
    /// time zone.
    fn month_start_ms(&self, wall_ms: i64, clock: &dyn Clock) -> i64 {
        let minute = u32::try_from(wall_ms.div_euclid(MINUTE_MS)).unwrap_or(0);
        let month = self.month.load(Ordering::Relaxed);
        // The lower half.
        let mut start = month & u64::from(u32::MAX);
        if month >> 32 != u64::from(minute) {
            start = u64::try_from(clock.month_start_ms(wall_ms).div_euclid(MINUTE_MS)).unwrap_or(0);
            self.month.store(u64::from(minute) << 32 | start, Ordering::Relaxed);
        }
        i64::try_from(start).unwrap_or(0).saturating_mul(MINUTE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::sync::atomic::AtomicI64;

    use crate::client::world::Random;
    use tokio::time::Instant;

    const MONTH_MS: i64 = 30 * 86_400_000;

    /// Months of thirty days; the time stands where it is set.
    struct Calendar {
        wall_ms: AtomicI64,
        looks: AtomicU64,
    }

    impl Clock for Calendar {
        fn now(&self) -> Instant {
            crate::client::world::system_now()
        }

        fn wall_ms(&self) -> i64 {
            self.wall_ms.load(Ordering::Relaxed)
        }

        fn month_start_ms(&self, wall_ms: i64) -> i64 {
            self.looks.fetch_add(1, Ordering::Relaxed);
            wall_ms - wall_ms % MONTH_MS
        }
    }

    fn parts() -> (Ids, Calendar) {
        let world = World::system().unwrap();
        (Ids::new(&world), Calendar { wall_ms: AtomicI64::new(0), looks: AtomicU64::new(0) })
    }

    /// The time in an id of an IPv4 or IPv6 host.
    fn time(id: UniqueId) -> i64 {
        let text = id.as_str();
        i64::from_str_radix(&text[text.len() - 12..text.len() - 4], 16).unwrap()
    }

    #[test]
    fn the_time_counts_from_the_beginning_of_the_month_and_the_calendar_is_rarely_looked_at() {
        let (ids, calendar) = parts();
        for (wall_ms, since) in [
            (500 * MONTH_MS + 1, 1),
            (500 * MONTH_MS + 59_999, 59_999),
            (501 * MONTH_MS - 1, MONTH_MS - 1),
            (501 * MONTH_MS, 0),
            (501 * MONTH_MS + 7, 7),
        ] {
            calendar.wall_ms.store(wall_ms, Ordering::Relaxed);
            assert_eq!(time(ids.next(&calendar)), since, "{wall_ms}");
        }
        assert_eq!(calendar.looks.load(Ordering::Relaxed), 3, "once for each minute");
    }

    #[test]
    fn a_clock_before_1970_still_gives_ids() {
        let (ids, calendar) = parts();
        for wall_ms in [-1, i64::MIN, i64::MAX, 0] {
            calendar.wall_ms.store(wall_ms, Ordering::Relaxed);
            assert!(!ids.next(&calendar).as_str().is_empty());
        }
    }

    #[test]
    fn ten_thousand_producers_of_a_process_have_ids_of_their_own() {
        let (_, calendar) = parts();
        let world = World::system().unwrap();
        let first = |_| Ids::new(&world).next(&calendar);
        assert_eq!((0..10_000).map(first).collect::<HashSet<_>>().len(), 10_000);
    }

    #[test]
    fn processes_of_equal_address_and_process_id_have_ids_of_their_own() {
        let (_, calendar) = parts();
        let world = World::system().unwrap();
        let first = |seed| {
            let mut world = world.clone();
            world.instances = std::sync::Arc::default();
            world.random = Random::with_seed(seed);
            Ids::new(&world).next(&calendar)
        };
        assert_eq!((0..100).map(first).collect::<HashSet<_>>().len(), 100);
    }
}
