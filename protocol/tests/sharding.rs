//! Hashes and queues of ten thousand keys, as Java has them: `vectors/ShardingKeys.java` makes the file.

#![cfg(test)]

use protocol::message::sharding::{java_hash, queue_index};
use std::collections::HashSet;

#[test]
fn keys_go_where_java_sends_them() {
    let file = include_str!("vectors/sharding_keys.tsv");
    let mut lines = file.lines();
    let queues: Vec<_> = lines.next().unwrap().split('\t').skip(1).collect();
    let queues: Vec<_> = queues[..queues.len() - 1].iter().map(|count| count.parse().unwrap()).collect();
    let mut seen = HashSet::new();
    let (mut least, mut negative, mut pairs, mut longest) = (0, 0, 0, 0);
    for line in lines {
        let mut fields = line.splitn(queues.len() + 2, '\t');
        let hash: i32 = fields.next().unwrap().parse().unwrap();
        let places: Vec<usize> =
            fields.by_ref().take(queues.len()).map(|place| place.parse().unwrap()).collect();
        let key = fields.next().unwrap();
        assert_eq!(java_hash(key), hash, "{key}");
        let ours: Vec<_> = queues.iter().map(|count| queue_index(hash, *count)).collect();
        assert_eq!(ours, places, "{key} of {hash}");
        assert!(seen.insert(key), "{key} comes twice");
        least += usize::from(hash == i32::MIN);
        negative += usize::from(hash < 0);
        pairs += usize::from(key.chars().any(|character| character.len_utf16() == 2));
        longest = longest.max(key.len());
    }
    assert!(seen.len() == 10_000 && seen.contains("") && seen.contains("polygenelubricants"));
    assert!(least >= 20 && negative > 2_000 && pairs > 1_000 && longest >= 5_000);
}
