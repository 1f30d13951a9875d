//! Tests of message ids.

use super::{BACK_MS_MAX, IdGenerator, UniqueId, offset_id};
use crate::DecodeError;
use core::net::IpAddr;
use std::{collections::HashSet, thread};

fn generator(ip: &str) -> IdGenerator {
    IdGenerator::new(ip.parse::<IpAddr>().unwrap(), 0x1_04D2, 0x18B4_AAC2)
}

/// Time and counter of an id.
fn tail(id: UniqueId) -> (u32, u16) {
    let text = id.as_str();
    let tail = &text[text.len() - 12..];
    (u32::from_str_radix(&tail[..8], 16).unwrap(), u16::from_str_radix(&tail[8..], 16).unwrap())
}

#[test]
fn ids_are_upper_case_digits_and_c_strings() {
    for (ip, head) in [
        ("10.0.0.9", "0A00000904D218B4AAC2"),
        ("2001:db8::1", "20010DB800000000000000000000000104D218B4AAC2"),
    ] {
        let id = generator(ip).next(0xABCD_EF01);
        assert_eq!(id.as_str(), format!("{head}ABCDEF010000"));
        assert_eq!(id.as_c_str().to_str(), Ok(id.as_str()));
        assert_eq!(format!("{id} {id:?}"), format!("{0} UniqueId({0})", id.as_str()));
        assert_eq!(id.as_str().parse(), Ok(id));
    }
}

#[test]
fn what_is_no_id_is_refused() {
    let text = "0A00000904D218B4AAC22A3E5F000000";
    for text in ["", &text[1..], &format!("{text}00"), &text.replace('A', "G"), &text.replacen("0A", "é", 1)]
    {
        assert_eq!(text.parse::<UniqueId>(), Err(DecodeError::MessageId));
    }
}

#[test]
fn the_counter_goes_on_over_milliseconds() {
    let generator = generator("10.0.0.9");
    let tails = [5, 5, 6, 900].map(|ms| tail(generator.next(ms)));
    assert_eq!(tails, [(5, 0), (5, 1), (6, 2), (900, 3)]);
}

#[test]
fn a_clock_set_back_a_little_does_not_move_the_time_back() {
    let generator = generator("10.0.0.9");
    let ms =
        [2_000_000, 1_999_999, 2_000_000 - BACK_MS_MAX + 1, 2_000_001].map(|ms| tail(generator.next(ms)).0);
    assert_eq!(ms, [2_000_000, 2_000_000, 2_000_000, 2_000_001]);
}

#[test]
fn a_new_month_starts_over() {
    let generator = generator("10.0.0.9");
    let tails = [2_678_399_999, 0, 1].map(|ms| tail(generator.next(ms)));
    assert_eq!(tails, [(2_678_399_999, 0), (0, 1), (1, 2)]);
}

/// Process id and discriminator of an id of an IPv4 host.
fn who(id: UniqueId) -> String {
    id.as_str()[8..20].to_owned()
}

#[test]
fn each_era_has_a_discriminator_of_its_own() {
    let generator = IdGenerator::new("10.0.0.9".parse().unwrap(), 1, u32::MAX);
    let ids = [2_000_000, 2_000_000 - BACK_MS_MAX, 5_000_000, 0].map(|ms| generator.next(ms));
    assert_eq!(ids.map(who), ["0001FFFFFFFF", "000100000000", "000100000000", "000100000001"]);
    assert_eq!(ids.map(tail), [(2_000_000, 0), (1_000_000, 1), (5_000_000, 2), (0, 3)]);
    assert_eq!(IdGenerator::DISCRIMINATORS, 65_536);
}

#[test]
#[cfg_attr(miri, ignore = "a million ids are slow there")]
fn no_id_comes_twice_though_months_repeat_themselves() {
    let generator = generator("10.0.0.9");
    let mut seen = HashSet::new();
    // Each month shows the same milliseconds, and the counter goes around once in each.
    for _month in 0..4 {
        for ms in (1..0x1_0000).chain([2_600_000_000]) {
            assert!(seen.insert(generator.next(ms)));
        }
    }
    let tails: HashSet<_> = seen.iter().map(|id| tail(*id)).collect();
    assert!(tails.len() < seen.len(), "time and counter alone do come again, or this test shows nothing");
}

#[test]
#[cfg_attr(miri, ignore = "200,000 ids are slow there")]
fn no_id_comes_twice_though_the_clock_stands_still() {
    let generator = generator("10.0.0.9");
    let mut seen = HashSet::new();
    let mut last = (7, 0);
    for number in 0..200_000 {
        // Now and then it is set back.
        let id = generator.next(if number % 1_000 == 0 { 3 } else { 7 });
        assert!(number == 0 || tail(id) >= last, "time and counter only grow");
        last = tail(id).max(last);
        assert!(seen.insert(id));
    }
    assert_eq!(last.0, 7 + 3, "one millisecond for each time the counter went around");
    assert_eq!(seen.iter().map(|id| who(*id)).collect::<HashSet<_>>().len(), 1, "one era");
}

#[test]
fn no_id_comes_twice_on_several_threads() {
    let generator = generator("10.0.0.9");
    let count: u32 = if cfg!(miri) { 20 } else { 60_000 };
    let ids: Vec<UniqueId> = thread::scope(|scope| {
        let make = |seed: u32| {
            // Steps ahead and back, by little, and by whole eras.
            let clock = |n: u32| 5_000_000 + n % 3 + if n % 997 == seed { BACK_MS_MAX } else { n / 64 };
            (0..count).map(|n| generator.next(clock(n))).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(move || make(seed))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let distinct: HashSet<&UniqueId> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn offset_ids_hold_address_port_and_offset() {
    assert_eq!(offset_id("127.0.0.1".parse().unwrap(), 65_535, -1), "7F0000010000FFFFFFFFFFFFFFFFFFFF");
}
