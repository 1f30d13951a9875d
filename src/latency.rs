//! How long things took, counted so that percentiles can be told. A leaf.
//!
//! A histogram as HdrHistogram has it, of one precision and one range: every send is recorded twice, here in a third of
//! the instructions that the crate of that name takes.

use std::time::Duration;

/// Steps of each doubling, by which what is told is less than one per cent more than what was.
const STEPS: usize = 128;
/// For every latency in 32 bits.
const PLACES: usize = 26 * STEPS;

/// Latencies in microseconds, up to 71 minutes. Their memory, 27 KB, is there from the first one on and does not grow.
#[derive(Default)]
pub(crate) struct Latencies {
    /// How many there were at each step; empty while there was none.
    counts: Box<[u64]>,
    count: u64,
    sum_us: u64,
    min_us: u32,
    max_us: u32,
}

/// What there is to tell of them; zero where there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) min_us: u64,
    pub(crate) mean_us: u64,
    /// Half of them took no longer; and so on.
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) p999_us: u64,
    pub(crate) max_us: u64,
}

/// The step of `us`: below 256 each has its own, then each doubling has as many.
#[inline]
const fn place(us: u32) -> usize {
    let shift = 24_u32.saturating_sub(us.leading_zeros());
    shift as usize * STEPS + (us >> shift) as usize
}

/// The longest latency of a step.
const fn longest(place: usize) -> u64 {
    let shift = (place / STEPS).saturating_sub(1);
    ((place - shift * STEPS + 1) << shift) as u64 - 1
}

impl Latencies {
    /// So many that took the same.
    #[inline]
    pub(crate) fn record(&mut self, us: u32, times: u32) {
        let Some(count) = self.counts.get_mut(place(us)) else { return self.record_first(us, times) };
        let more = u64::from(times);
        *count += more;
        self.count += more;
        self.sum_us += u64::from(us) * more;
        self.min_us = self.min_us.min(us);
        self.max_us = self.max_us.max(us);
    }

    #[cold]
    #[inline(never)]
    fn record_first(&mut self, us: u32, times: u32) {
        if self.counts.is_empty() {
            (self.counts, self.min_us) = (vec![0; PLACES].into(), us);
            self.record(us, times);
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.count,
            min_us: u64::from(self.min_us),
            mean_us: self.sum_us / self.count.max(1),
            p50_us: self.at(500),
            p90_us: self.at(900),
            p99_us: self.at(990),
            p999_us: self.at(999),
            max_us: u64::from(self.max_us),
        }
    }

    /// What so many of a thousand did not exceed.
    #[inline(never)]
    fn at(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.map_or(0, |place| longest(place).clamp(u64::from(self.min_us), u64::from(self.max_us)))
    }
}

/// `duration` in whole milliseconds, without the 128 bits that it could take.
#[inline(never)]
pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(u64::from(duration.subsec_millis()))
}

/// `duration` in whole microseconds, up to 71 minutes.
#[inline]
pub(crate) fn micros(duration: Duration) -> u32 {
    let us = duration.as_secs().saturating_mul(1_000_000).saturating_add(u64::from(duration.subsec_micros()));
    u32::try_from(us).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_recorded_is_told_as_zeros() {
        assert_eq!(Latencies::default().summary(), Summary::default());
    }

    #[test]
    fn steps_follow_one_another_and_are_narrow() {
        for us in (0..70_000).chain((0..32).flat_map(|bit| [(1 << bit) - 1, 1 << bit])).chain([u32::MAX]) {
            let (place, longest) = (place(us), longest(place(us)));
            assert!(
                place < PLACES && longest >= u64::from(us) && longest - u64::from(us) <= u64::from(us) / 128
            );
            assert_eq!(self::place(u32::try_from(longest).unwrap()), place, "{us}");
            assert!(
                longest == u64::from(u32::MAX)
                    || self::place(u32::try_from(longest + 1).unwrap()) == place + 1,
                "{us}"
            );
        }
    }

    #[test]
    fn one_latency_is_all_percentiles() {
        for us in [0, 1, 999, 123_456, u32::MAX] {
            let mut latencies = Latencies::default();
            latencies.record(us, 3);
            let us = u64::from(us);
            let (count, p50_us, p90_us, p99_us, p999_us) = (3, us, us, us, us);
            let (min_us, mean_us, max_us) = (us, us, us);
            let one = Summary { count, min_us, mean_us, p50_us, p90_us, p99_us, p999_us, max_us };
            assert_eq!(latencies.summary(), one);
        }
    }

    #[test]
    fn percentiles_are_at_most_one_per_cent_above_the_exact_ones() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut all: Vec<u32> = (0..50_000)
            .map(|_| {
                let top = 1 << random.u32(0..31);
                random.u32(0..=top)
            })
            .collect();
        let mut latencies = Latencies::default();
        all.iter().for_each(|us| latencies.record(*us, 1));
        all.sort_unstable();
        let told = latencies.summary();
        for (told, per_mille) in
            [(told.p50_us, 500), (told.p90_us, 900), (told.p99_us, 990), (told.p999_us, 999)]
        {
            let exact = u64::from(all[all.len() * per_mille / 1000 - 1]);
            assert!(told >= exact && told * 100 <= exact * 101, "{per_mille}: {told}, exactly {exact}");
        }
        assert_eq!((told.count, told.min_us), (50_000, u64::from(all[0])));
        assert_eq!(told.max_us, u64::from(*all.last().unwrap()));
        let sum: u64 = all.iter().map(|us| u64::from(*us)).sum();
        assert_eq!(told.mean_us, sum / 50_000);
    }

    #[test]
    fn what_took_longer_than_71_minutes_counts_as_that() {
        let mut latencies = Latencies::default();
        latencies.record(micros(Duration::from_secs(86_400)), 1);
        assert_eq!(latencies.summary().max_us, u64::from(u32::MAX));
        assert_eq!(micros(Duration::from_micros(1_234_567)), 1_234_567);
        assert_eq!(micros(Duration::MAX), u32::MAX);
    }
}
