//! Tests of the request table, by hand and against a model.

use super::{PLACES_KEPT, PLACES_MIN, Session};
use proptest::prelude::*;

fn taken<T, F: FnOnce(&mut Vec<T>)>(f: F) -> Vec<T> {
    let mut out = Vec::new();
    f(&mut out);
    out
}

#[test]
fn an_answer_finds_its_request_once() {
    let mut session: Session<_, u64> = Session::new();
    assert_eq!(session.insert(-7, Some(10), "a"), None);
    assert_eq!(session.insert(7, None, "b"), None);
    assert_eq!((session.finish(-7), session.finish(-7), session.finish(8)), (Some("a"), None, None));
    assert_eq!((session.len(), session.is_empty()), (1, false));
}

#[test]
fn a_reused_opaque_gives_back_what_it_displaces() {
    let mut session: Session<_, u64> = Session::new();
    session.insert(1, Some(5), "old");
    session.insert(2, Some(5), "other");
    assert_eq!(session.insert(1, Some(50), "new"), Some("old"));
    // The displaced deadline no longer counts, the new one does, in its new place.
    assert_eq!(taken(|out| session.expire(5, out)), ["other"]);
    assert_eq!(session.next_deadline(), Some(50));
    session.insert(3, None, "last");
    assert_eq!(taken(|out| session.drain(out)), ["new", "last"]);
}

#[test]
fn requests_expire_at_their_deadline_in_the_order_they_came() {
    let mut session: Session<_, u64> = Session::new();
    for (opaque, deadline) in [(9, Some(30)), (1, Some(10)), (5, Some(20)), (3, None), (2, Some(10))] {
        session.insert(opaque, deadline, opaque);
    }
    assert_eq!(session.next_deadline(), Some(10));
    assert_eq!(taken(|out| session.expire(9, out)), [0_i32; 0]);
    assert_eq!(taken(|out| session.expire(20, out)), [1, 5, 2]);
    assert_eq!(session.next_deadline(), Some(30));
    assert_eq!(taken(|out| session.expire(u64::MAX, out)), [9]);
    assert_eq!((session.next_deadline(), session.len()), (None, 1));
    assert_eq!(session.finish(3), Some(3));
}

#[test]
fn the_next_deadline_may_be_early_but_goes_with_the_last_request() {
    let mut session: Session<_, u64> = Session::new();
    session.insert(1, Some(10), ());
    session.insert(2, Some(20), ());
    session.finish(1);
    assert_eq!(session.next_deadline(), Some(10));
    assert_eq!(taken(|out| session.expire(10, out)), []);
    assert_eq!(session.next_deadline(), Some(20));
    session.finish(2);
    assert_eq!(session.next_deadline(), None);
}

#[test]
fn draining_keeps_the_order_and_what_is_not_picked() {
    let mut session: Session<_, u64> = Session::default();
    for opaque in (0..100).rev() {
        session.insert(opaque, Some(1), opaque);
    }
    let odd = taken(|out| session.drain_where(|opaque| opaque % 2 == 1, out));
    assert_eq!(odd, (0..100).rev().filter(|opaque| opaque % 2 == 1).collect::<Vec<_>>());
    assert_eq!((session.len(), session.next_deadline()), (50, Some(1)));
    let even = taken(|out| session.drain(out));
    assert_eq!(even, (0..100).rev().filter(|opaque| opaque % 2 == 0).collect::<Vec<_>>());
    assert_eq!((session.is_empty(), session.next_deadline()), (true, None));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(i32, Option<u8>),
    InsertMany(i32, i32, Option<u8>),
    Finish(i32),
    Expire(u8),
    DrainBelow(i32),
    Drain,
}

fn step() -> impl Strategy<Value = Step> {
    // A few, so that they come again; such that meet in small tables; and many, so that the table grows.
    let opaque = prop_oneof![
        4 => -4..4_i32,
        2 => (-8..8_i32).prop_map(|number| number * 32),
        2 => 0..100_i32,
        1 => prop_oneof![Just(i32::MIN), Just(i32::MAX), any::<i32>()],
    ]
    .boxed();
    prop_oneof![
        3 => (opaque.clone(), 0..40_i32, any::<Option<u8>>())
            .prop_map(|(first, count, deadline)| Step::InsertMany(first, count, deadline)),
        6 => (opaque.clone(), any::<Option<u8>>()).prop_map(|(opaque, deadline)| Step::Insert(opaque, deadline)),
        3 => opaque.clone().prop_map(Step::Finish),
        2 => any::<u8>().prop_map(Step::Expire),
        1 => opaque.clone().prop_map(Step::DrainBelow),
        1 => Just(Step::Drain),
    ]
}

/// Moves what `f` picks out of the model, which is a list in the order of insertion.
fn pick<E: Copy>(model: &mut Vec<E>, f: impl Fn(&E) -> bool) -> Vec<E> {
    let picked = model.iter().copied().filter(&f).collect();
    model.retain(|entry| !f(entry));
    picked
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 }))]

    #[test]
    fn behaves_like_a_list(steps in proptest::collection::vec(step(), 0..60)) {
        let mut session: Session<usize, u8> = Session::new();
        let mut model: Vec<(i32, Option<u8>, usize)> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let value = number * 64;
            let mut out = Vec::new();
            let expected = match step {
                Step::Insert(opaque, deadline) => {
                    out.extend(session.insert(opaque, deadline, value));
                    let displaced = pick(&mut model, |entry| entry.0 == opaque);
                    model.push((opaque, deadline, value));
                    displaced
                }
                Step::InsertMany(first, count, deadline) => {
                    let mut displaced = Vec::new();
                    let opaques = (0..count).map(|n| first.wrapping_add(n));
                    for (value, opaque) in (value..).zip(opaques) {
                        out.extend(session.insert(opaque, deadline, value));
                        displaced.extend(pick(&mut model, |entry| entry.0 == opaque));
                        model.push((opaque, deadline, value));
                    }
                    displaced
                }
                Step::Finish(opaque) => {
                    out.extend(session.finish(opaque));
                    pick(&mut model, |entry| entry.0 == opaque)
                }
                Step::Expire(now) => {
                    session.expire(now, &mut out);
                    let expired = pick(&mut model, |entry| entry.1.is_some_and(|deadline| deadline <= now));
                    if !expired.is_empty() {
                        prop_assert_eq!(session.next_deadline(), model.iter().filter_map(|entry| entry.1).min());
                    }
                    expired
                }
                Step::DrainBelow(opaque) => {
                    let below: Vec<usize> =
                        model.iter().filter(|entry| entry.0 < opaque).map(|entry| entry.2).collect();
                    session.drain_where(|value| below.contains(value), &mut out);
                    pick(&mut model, |entry| entry.0 < opaque)
                }
                Step::Drain => {
                    session.drain(&mut out);
                    std::mem::take(&mut model)
                }
            };
            prop_assert_eq!(out, expected.into_iter().map(|entry| entry.2).collect::<Vec<_>>());
            prop_assert_eq!(session.len(), model.len());
            prop_assert!(session.places.len() >= 2 * model.len());
            let earliest = model.iter().filter_map(|entry| entry.1).min();
            match (session.next_deadline(), earliest) {
                (Some(bound), Some(earliest)) => prop_assert!(bound <= earliest),
                (None, Some(_)) => prop_assert!(false, "a deadline would be missed"),
                (bound, None) => prop_assert!(bound.is_none() || !model.is_empty()),
            }
        }
    }
}

#[test]
fn a_request_that_hangs_gives_way_and_is_still_found() {
    let mut session: Session<_, u64> = Session::new();
    session.insert(3, Some(9), 3);
    for opaque in 4..1_000 {
        assert_eq!(session.insert(opaque, Some(9), opaque), None);
        assert_eq!(session.finish(opaque), Some(opaque), "at the place of the one that hangs, too");
    }
    assert_eq!((session.places.len(), session.aside.len(), session.len()), (PLACES_MIN, 1, 1));
    // The same opaque again, while its first request hangs elsewhere and while another has its place.
    assert_eq!(session.insert(3 + 16, None, 19), None);
    assert_eq!(session.insert(3, None, -3), Some(3));
    assert_eq!((session.aside.len(), session.len()), (1, 2));
    assert_eq!((session.finish(3), session.finish(3)), (Some(-3), None));
    assert_eq!((session.finish(3 + 16), session.len()), (Some(19), 0));
}

#[test]
fn those_that_gave_way_come_back_when_the_table_grows() {
    let mut session: Session<_, u64> = Session::new();
    for opaque in [1, 17, 33, 49] {
        session.insert(opaque, None, opaque);
    }
    assert_eq!(session.aside.len(), 3);
    for opaque in 100..105 {
        session.insert(opaque, None, opaque);
    }
    // One and 33 meet again in 32 places, 17 and 49 do.
    assert_eq!((session.places.len(), session.aside.len()), (32, 2));
    assert_eq!(taken(|out| session.drain(out)), [1, 17, 33, 49, 100, 101, 102, 103, 104]);
}

#[test]
#[cfg_attr(miri, ignore = "tens of thousands are slow there")]
fn a_large_table_is_given_back_when_it_is_empty() {
    let fill = |session: &mut Session<i32, u64>, count| {
        for opaque in 0..count {
            assert_eq!(session.insert(opaque, Some(7), opaque), None);
        }
        assert!(session.places.len() >= 2 * session.len() && session.aside.is_empty());
    };
    let mut session: Session<_, u64> = Session::new();
    assert_eq!(session.places.capacity(), 0, "nothing before the first request");
    for round in 0..3 {
        fill(&mut session, 20_000);
        assert_eq!(session.places.len(), 65_536);
        match round {
            0 => (0..20_000).for_each(|opaque| assert_eq!(session.finish(opaque), Some(opaque))),
            1 => assert!(taken(|out| session.expire(7, out)).into_iter().eq(0..20_000)),
            _ => assert!(taken(|out| session.drain(out)).into_iter().eq(0..20_000)),
        }
        assert_eq!((session.places.len(), session.next_deadline()), (PLACES_KEPT, None));
        assert!(session.places.capacity() < 2 * PLACES_KEPT);
    }
    fill(&mut session, 8_000);
    session.drain(&mut Vec::new());
    assert_eq!(session.places.len(), PLACES_KEPT, "this much is kept");
}
