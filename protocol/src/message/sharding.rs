//! Which queue the messages of a key go to, as Java decides it: messages of one key stay together, in order, whichever
//! client sends them, while the list of queues stays the same (`SelectMessageQueueByHash`, from 4.8.0 on).

use std::num::NonZeroUsize;

/// `String.hashCode` of Java: over the UTF-16 units, not the characters.
#[must_use]
pub fn java_hash(key: &str) -> i32 {
    key.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// The place of a key with this hash in a list of `queues`. The remainder is taken before the absolute value: the least
/// integer has none, which is what breaks in 4.7.0.
#[must_use]
pub fn queue_index(hash: i32, queues: NonZeroUsize) -> usize {
    let queues = i64::try_from(queues.get()).unwrap_or(i64::MAX);
    let index = (i64::from(hash) % queues).unsigned_abs();
    // Below the number of queues.
    usize::try_from(index).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{java_hash, queue_index};
    use std::num::NonZeroUsize;

    /// Origin: `String.hashCode` as the Java Language defines it, worked out by hand.
    #[test]
    fn a_hash_is_that_of_the_utf_16_units() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("ab"), 31 * 97 + 98);
        assert_eq!(java_hash("杭"), 0x676D);
        assert_eq!(java_hash("😀"), 31 * 0xD83D + 0xDE00);
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
    }

    #[test]
    fn every_hash_has_its_place_in_every_list() {
        let queues = |queues| NonZeroUsize::new(queues).unwrap();
        for hash in [i32::MIN, i32::MIN + 1, -8, -7, -1, 0, 1, 7, 8, i32::MAX] {
            assert_eq!(queue_index(hash, NonZeroUsize::MIN), 0);
            for count in [1, 2, 3, 7, 8, 1_000, i32::MAX as usize, 1 << 31, (1 << 31) + 1, usize::MAX] {
                assert!(queue_index(hash, queues(count)) < count, "{hash} of {count}");
            }
        }
        assert_eq!([-9, -8, -1, 9].map(|hash| queue_index(hash, queues(8))), [1, 0, 1, 1]);
        assert_eq!([8, 3].map(|count| queue_index(i32::MIN, queues(count))), [0, 2]);
    }
}
