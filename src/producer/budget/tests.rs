use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use super::*;
use crate::runtime::wait;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn budget(messages: usize, bytes: usize, completions: usize) -> Arc<Budget<u8>> {
    Budget::new(Limits { messages, bytes, completions })
}

fn state(budget: &Budget<u8>) -> (usize, usize, usize, usize) {
    let state = lock(&budget.state);
    (state.messages, state.bytes, state.completions, state.queue.len())
}

#[test]
fn each_limit_is_met_and_given_back() {
    let b = budget(2, 10, 3);
    let first = b.take(4, true).unwrap();
    assert_eq!(b.take(7, true).unwrap_err(), Full::InFlight, "bytes");
    let mut second = b.take(6, true).unwrap();
    assert_eq!(b.take(0, true).unwrap_err(), Full::InFlight, "messages");
    b.end_in_flight(&mut second.room, Vec::new());
    let third = b.take(6, true).unwrap();
    assert_eq!(b.take(0, true).unwrap_err(), Full::Completions);
    assert_eq!(state(&b), (2, 10, 3, 0));
    drop((first, second, third));
    assert_eq!(state(&b), (0, 0, 0, 0));
}

#[test]
fn waiters_are_served_in_turn_and_may_give_up() {
    let b = budget(1, 10, 10);
    let held = b.take(1, false).unwrap();
    let mut given_up = Box::pin(b.wait(1, true));
    let mut patient = Box::pin(b.wait(2, true));
    let soon = || Some(crate::client::world::system_now());
    assert!(wait(soon(), &mut given_up).is_none());
    assert!(wait(soon(), &mut patient).is_none());
    assert_eq!(b.take(0, false).unwrap_err(), Full::InFlight, "those who wait come first");
    drop(given_up);
    drop(held);
    let permit = wait(None, patient).unwrap().unwrap();
    assert_eq!(state(&b), (1, 2, 1, 0));
    drop(permit);
    assert_eq!(state(&b), (0, 0, 0, 0));
}

#[test]
fn a_waiter_is_served_once_it_fits_and_nobody_before_it() {
    let b = budget(10, 10, 10);
    let (large, small) = (b.take(6, false).unwrap(), b.take(3, false).unwrap());
    let mut first = Box::pin(b.wait(5, false));
    let mut second = Box::pin(b.wait(1, false));
    let soon = || Some(crate::client::world::system_now());
    assert!(wait(soon(), &mut first).is_none() && wait(soon(), &mut second).is_none());
    drop(small);
    assert_eq!(state(&b), (1, 6, 0, 2), "4 bytes are free: not enough for the first");
    drop(large);
    assert_eq!(state(&b), (2, 6, 0, 0));
    drop((wait(None, first).unwrap().unwrap(), wait(None, second).unwrap().unwrap()));
    assert_eq!(state(&b), (0, 0, 0, 0));
}

#[test]
fn nothing_in_flight_is_idle_and_told_when_callbacks_have_returned_and_events_lie_in_their_queues() {
    let b = budget(10, 10, 10);
    let soon = || Some(crate::client::world::system_now());
    let is_idle = || wait(soon(), b.idle()).is_some();
    let is_told = || wait(soon(), b.told()).is_some();
    assert!(is_idle() && is_told());
    let mut permit = b.take(1, true).unwrap();
    assert!(!is_idle() && !is_told());
    b.end_in_flight(&mut permit.room, Vec::new());
    assert!(is_idle() && !is_told(), "its callback has not returned");
    drop(permit);
    assert!(is_told());
    let mut room = b.take(1, true).unwrap().into_room();
    let epoch = b.end_epoch();
    b.end_in_flight(&mut room, Vec::new());
    assert!(is_idle() && !is_told(), "its event is on its way");
    b.end_told(&mut room.take_epoch().into_iter().collect());
    assert!(is_told() && wait(soon(), b.flushed(epoch)).is_some());
    assert_eq!(state(&b), (0, 0, 1, 0), "nobody has polled it");
    let mut ended = Ended::default();
    ended.add_completion(&mut room);
    b.end_all(&mut ended);
    assert_eq!(state(&b), (0, 0, 0, 0));
}

#[test]
fn the_end_of_a_call_that_is_no_send_takes_room_too_and_holds_up_no_flush() {
    let b = budget(10, 10, 2);
    let (one, two) = (b.take_completion().unwrap(), b.take_completion().unwrap());
    assert_eq!(b.take_completion().unwrap_err(), Full::Completions);
    assert_eq!(b.take(1, true).unwrap_err(), Full::Completions);
    assert_eq!(b.end_epoch(), None, "no send is out");
    b.end(one, None, Vec::new());
    b.end(two, None, Vec::new());
    assert_eq!(state(&b), (0, 0, 0, 0));
}

#[test]
fn a_flush_is_woken_when_what_was_granted_before_it_is_back_and_by_nothing_else() {
    let b = budget(10, 10, 10);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut poll =
        |flush: &mut Pin<Box<dyn Future<Output = ()>>>| flush.as_mut().poll(&mut context).is_ready();
    let flush = || -> Pin<Box<dyn Future<Output = ()>>> {
        let b = Arc::clone(&b);
        Box::pin(async move { b.flushed(b.end_epoch()).await })
    };
    assert!(poll(&mut flush()), "nothing is out");
    let (one, two) = (b.take(1, false).unwrap(), b.take(1, true).unwrap());
    let mut first = flush();
    assert!(!poll(&mut first));
    let later = b.take(1, false).unwrap();
    let mut second = flush();
    assert!(!poll(&mut second));
    let last = b.take(1, false).unwrap();
    drop((last, one));
    assert_eq!(woken.0.load(Ordering::Relaxed), 0, "woken for nothing");
    drop(two);
    assert_eq!(woken.0.swap(0, Ordering::Relaxed), 2);
    assert!(poll(&mut first) && !poll(&mut second));
    let rest = b.take(1, false).unwrap();
    drop(later);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    assert!(poll(&mut second) && !poll(&mut flush()));
    drop(rest);
    assert!(poll(&mut flush()));
}

#[test]
fn what_an_ended_send_leaves_goes_to_one_that_begins_and_is_never_more_than_the_limit() {
    let b = budget(SPARES_MAX + 2, 10, SPARES_MAX + 2);
    let mut first = b.take(1, true).unwrap();
    assert_eq!((first.take_spare(), first.take_body().capacity()), (None, 0));
    b.end_in_flight(&mut first.room, Vec::with_capacity(100));
    let mut second = b.take(1, false).unwrap();
    assert_eq!((second.take_spare(), second.take_body().capacity()), (None, 100));
    b.end_in_flight(&mut second.room, Vec::with_capacity(SPARE_BYTES_MAX + 1));
    b.end(first.into_room(), Some(7), Vec::new());
    drop(second);
    assert_eq!(state(&b), (0, 0, 0, 0));
    let mut third = b.take(1, false).unwrap();
    assert_eq!((third.take_spare(), third.take_spare(), third.take_body().capacity()), (Some(7), None, 0));
    drop(third);
    let kept = || {
        let state = lock(&b.state);
        (state.spares.len(), state.bodies.len())
    };
    let last = b.take(0, false).unwrap();
    let all: Vec<_> = (0..=SPARES_MAX).map(|_| b.take(0, false).unwrap()).collect();
    all.into_iter().for_each(|permit| b.end(permit.into_room(), Some(8), Vec::with_capacity(1)));
    assert_eq!(kept(), (SPARES_MAX, SPARES_MAX));
    // What is not taken goes back.
    drop(b.take(0, false).unwrap());
    assert_eq!(kept(), (SPARES_MAX, SPARES_MAX));
    drop(last);
    assert_eq!(kept(), (SPARES_IDLE, SPARES_IDLE), "nothing is under way");
    b.clear();
    assert_eq!(kept(), (0, 0));
}

#[test]
fn a_permit_granted_to_one_that_is_gone_goes_to_the_next() {
    let b = budget(1, 10, 10);
    let held = b.take(1, false).unwrap();
    let mut first = Box::pin(b.wait(1, true));
    assert!(wait(Some(crate::client::world::system_now()), &mut first).is_none());
    drop(held);
    assert_eq!(state(&b), (1, 1, 1, 0), "granted, not yet taken");
    drop(first);
    assert_eq!(state(&b), (0, 0, 0, 0));
}
