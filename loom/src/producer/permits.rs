//! The permits of a producer. Accounts are read through what they grant: whoever has everything given back can
//! take the whole budget again, and not more.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::client::world::now;
use crate::explore::explore;
use crate::producer::budget::{Budget, Ended, Full, Limits, Permit, Room};
use crate::runtime::wait;

const BYTES: usize = 10;

fn budget(messages: usize, completions: usize) -> Arc<Budget<()>> {
    Budget::new(Limits { messages, bytes: BYTES, completions })
}

/// Takes everything there is, to show that all was given back and nothing twice.
fn assert_whole(budget: &Arc<Budget<()>>, messages: usize, completions: usize) {
    assert_eq!(budget.in_flight(), 0);
    let bytes = |number: usize| if number == 0 { BYTES } else { 0 };
    let mut all: Vec<Permit<()>> = (0..messages).map(|n| budget.take(bytes(n), true).unwrap()).collect();
    assert_eq!(budget.take(0, false).unwrap_err(), Full::InFlight);
    let landed = |permit: Permit<()>| {
        let mut room = permit.into_room();
        budget.end_in_flight(&mut room, Vec::new());
        room
    };
    let mut rooms: Vec<Room> = all.drain(..).map(landed).collect();
    rooms.extend((messages..completions).map(|_| landed(budget.take(0, true).unwrap())));
    assert_eq!(budget.take(0, true).unwrap_err(), Full::Completions);
    rooms.into_iter().for_each(|room| budget.end(room, None, Vec::new()));
}

/// One holds the only permit, one waits for it patiently, one gives up at any time, also when it was just granted.
pub fn a_waiter_gives_up_before_another() {
    explore(3, || {
        let budget = budget(1, 2);
        let held = budget.take(4, false).unwrap();
        let hasty = thread::spawn({
            let budget = Arc::clone(&budget);
            move || drop(wait(Some(now()), budget.wait(5, true)))
        });
        let patient = thread::spawn({
            let budget = Arc::clone(&budget);
            move || drop(wait(None, budget.wait(6, true)).unwrap().unwrap())
        });
        drop(held);
        hasty.join().unwrap();
        patient.join().unwrap();
        assert_whole(&budget, 1, 2);
    });
}

/// Two wait for room, which comes back at once and is enough for both.
pub fn room_comes_back_for_two() {
    explore(3, || {
        let budget = budget(2, 3);
        let held = budget.take(7, false).unwrap();
        let waiters = [4, 6].map(|bytes| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || wait(None, budget.wait(bytes, true)).unwrap().unwrap())
        });
        drop(held);
        let permits = waiters.map(|waiter| waiter.join().unwrap());
        drop(permits);
        assert_whole(&budget, 2, 3);
    });
}

/// A permit comes back in two steps while a flush waits for it and then a later permit is out.
pub fn a_flush_ends_although_a_later_permit_is_out() {
    explore(4, || {
        let budget = budget(2, 2);
        let back = Arc::new(AtomicUsize::new(0));
        let mut early = budget.take(1, true).unwrap().into_room();
        let giver = thread::spawn({
            let (budget, back) = (Arc::clone(&budget), Arc::clone(&back));
            move || {
                budget.end_in_flight(&mut early, Vec::new());
                back.store(1, Ordering::Release);
                budget.end(early, None, Vec::new());
            }
        });
        let mut flush = Box::pin(budget.flushed(budget.end_epoch()));
        let over = wait(Some(now()), &mut flush).is_some();
        let later = budget.take(1, true).unwrap();
        if !over {
            wait(None, flush).unwrap();
        }
        assert_eq!(back.load(Ordering::Acquire), 1, "a flush ended early");
        drop(later);
        giver.join().unwrap();
        assert_whole(&budget, 2, 2);
    });
}

/// Two flushes begin at any time while two permits come back, one of them taken by a third thread meanwhile.
pub fn two_flushes_at_once() {
    explore(2, || {
        let budget = budget(2, 2);
        let back = Arc::new(AtomicUsize::new(0));
        let early = budget.take(1, true).unwrap();
        let other = thread::spawn({
            let (budget, back) = (Arc::clone(&budget), Arc::clone(&back));
            move || {
                wait(None, budget.flushed(budget.end_epoch())).unwrap();
                assert_eq!(back.load(Ordering::Acquire), 1, "a flush ended early");
            }
        });
        let taker = thread::spawn({
            let (budget, back) = (Arc::clone(&budget), Arc::clone(&back));
            move || {
                let mine = budget.take(1, false).unwrap();
                back.store(1, Ordering::Release);
                drop(early);
                drop(mine);
            }
        });
        wait(None, budget.flushed(budget.end_epoch())).unwrap();
        assert_eq!(back.load(Ordering::Acquire), 1, "a flush ended early");
        other.join().unwrap();
        taker.join().unwrap();
        assert_whole(&budget, 2, 2);
    });
}

/// Two permits come back at once, one of them whole and one without its completion, while a flush waits for the whole one
/// and a third takes the room of both.
pub fn many_come_back_at_once() {
    explore(3, || {
        let budget = budget(2, 2);
        let back = Arc::new(AtomicUsize::new(0));
        let mut rooms = [false, true].map(|completion| budget.take(1, completion).unwrap().into_room());
        let waiter = thread::spawn({
            let budget = Arc::clone(&budget);
            move || drop(wait(None, budget.wait(BYTES, false)).unwrap().unwrap())
        });
        let giver = thread::spawn({
            let (budget, back) = (Arc::clone(&budget), Arc::clone(&back));
            move || {
                let mut ended = Ended::default();
                rooms.iter_mut().for_each(|room| ended.add(room, Vec::new()));
                ended.add_spare(());
                assert!(!ended.is_empty());
                back.store(1, Ordering::Release);
                budget.end_all(&mut ended);
                assert!(ended.is_empty());
                rooms.into_iter().for_each(|room| budget.end(room, None, Vec::new()));
            }
        });
        wait(None, budget.flushed(budget.end_epoch())).unwrap();
        assert_eq!(back.load(Ordering::Acquire), 1, "a flush ended early");
        waiter.join().unwrap();
        giver.join().unwrap();
        assert_whole(&budget, 2, 2);
    });
}

/// Two permits come back, each in two steps and with what is left of its send, while one waits until nothing is in flight and one until no completion
/// is open either.
pub fn idle_is_told() {
    explore(3, || {
        let budget = budget(2, 2);
        let back = Arc::new(AtomicUsize::new(0));
        let givers = [1, 1].map(|bytes| {
            let (budget, back) = (Arc::clone(&budget), Arc::clone(&back));
            let mut permit = budget.take(bytes, true).unwrap();
            permit.take_spare();
            let mut room = permit.into_room();
            thread::spawn(move || {
                budget.end_in_flight(&mut room, Vec::new());
                back.fetch_add(1, Ordering::AcqRel);
                budget.end(room, Some(()), Vec::new());
            })
        });
        wait(None, budget.told()).unwrap();
        assert_eq!(back.load(Ordering::Acquire), 2, "idle with a completion open");
        givers.into_iter().for_each(|giver| giver.join().unwrap());
        budget.clear();
        assert_whole(&budget, 2, 2);
    });
}
