//! The log callback and the way of its `user_data`.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use ::rocketmq_producer::ffi::*;

use crate::support::*;

enum Event {
    Line(i32),
    Released,
}

unsafe extern "C-unwind" fn line(level: i32, target: *const c_char, line: *const c_char, data: *mut c_void) {
    assert!(text(target).starts_with("rocketmq_producer"), "{}", text(target));
    assert!(!text(line).is_empty());
    let _gone = unsafe { &*data.cast::<Sender<Event>>() }.send(Event::Line(level));
}

unsafe extern "C-unwind" fn release(data: *mut c_void) {
    unsafe { Box::from_raw(data.cast::<Sender<Event>>()) }.send(Event::Released).unwrap();
}

/// Each is alone, since there is one log.
#[test]
fn log_lines_arrive_and_user_data_comes_back_once() {
    let _alone = alone();
    let (sender, events) = channel();
    let lend = || Box::into_raw(Box::new(sender.clone())).cast::<c_void>();

    let refused = lend();
    for level in [-1, 6] {
        let status = unsafe { rocketmq_log_set_callback(level, Some(line), refused, Some(release)) };
        assert_eq!(status, INVALID_ARGUMENT);
    }
    assert!(events.try_recv().is_err(), "a refused call releases nothing");
    drop(unsafe { Box::from_raw(refused.cast::<Sender<Event>>()) });

    assert_eq!(unsafe { rocketmq_log_set_callback(4, Some(line), lend(), Some(release)) }, OK);
    let cluster = cluster();
    let producer = running(&cluster);
    assert_eq!(shutdown(&producer), OK);
    let Event::Line(level) = events.recv_timeout(PATIENCE).expect("no line came") else {
        panic!("released while in use");
    };
    assert!((1..=4).contains(&level));

    assert_eq!(unsafe { rocketmq_log_set_callback(2, None, ptr::null_mut(), None) }, OK);
    let released = |event: &Event| matches!(event, Event::Released);
    while !released(&events.recv_timeout(PATIENCE).expect("user_data never came back")) {}

    assert_eq!(unsafe { rocketmq_log_set_callback(2, None, lend(), Some(release)) }, OK);
    assert!(events.try_recv().is_ok_and(|event| released(&event)), "without a function at once");
    assert_eq!(events.try_iter().count(), 0);
}

static SLEPT: AtomicUsize = AtomicUsize::new(0);
static LINES: AtomicUsize = AtomicUsize::new(0);
const SLEEP: Duration = Duration::from_secs(5);

/// Sleeps at its first line.
unsafe extern "C-unwind" fn sleeper(_: i32, _: *const c_char, _: *const c_char, _: *mut c_void) {
    if LINES.fetch_add(1, Ordering::SeqCst) == 0 {
        std::thread::sleep(SLEEP);
        SLEPT.store(1, Ordering::SeqCst);
    }
}

#[test]
fn a_log_callback_that_sleeps_slows_no_send_and_no_message_costs_a_line() {
    let _alone = alone();
    let cluster = cluster();
    assert_eq!(unsafe { rocketmq_log_set_callback(5, Some(sleeper), ptr::null_mut(), None) }, OK);
    let began = Instant::now();
    let producer = running(&cluster);
    let message = message("Slept", b"x");
    for _ in 0..300 {
        let sent = status(|error| unsafe {
            rocketmq_producer_send(producer.object, message.object, ptr::null(), ptr::null_mut(), error)
        });
        assert_eq!(sent, OK);
    }
    assert_eq!(shutdown(&producer), OK);
    assert_eq!(
        (LINES.load(Ordering::SeqCst), SLEPT.load(Ordering::SeqCst)),
        (1, 0),
        "it was asleep all the time"
    );
    assert!(began.elapsed() < SLEEP);
    // Replaced while it sleeps: nobody waits for it, but the end of its thread.
    assert_eq!(unsafe { rocketmq_log_set_callback(2, None, ptr::null_mut(), None) }, OK);
    assert_eq!(SLEPT.load(Ordering::SeqCst), 0);
    assert_eq!(status(|error| unsafe { rocketmq_global_shutdown(20_000, error) }), OK);
    assert_eq!(SLEPT.load(Ordering::SeqCst), 1);
}

#[test]
fn a_thousand_sends_write_no_thousand_lines() {
    let _alone = alone();
    let cluster = cluster();
    let (sender, events) = channel();
    let lent = Box::into_raw(Box::new(sender)).cast();
    assert_eq!(unsafe { rocketmq_log_set_callback(5, Some(line), lent, Some(release)) }, OK);
    let producer = running(&cluster);
    let ends = Ends::new();
    let message = message("Quiet", b"x");
    for _ in 0..1000 {
        let sent = status(|error| unsafe {
            let (report, data) = (Some(report as _), ends.user_data());
            rocketmq_producer_send_async(producer.object, message.object, ptr::null(), report, data, error)
        });
        assert_eq!(sent, OK);
    }
    assert_eq!(shutdown(&producer), OK);
    assert_eq!(unsafe { rocketmq_log_set_callback(2, None, ptr::null_mut(), None) }, OK);
    let lines = events.iter().take_while(|event| matches!(event, Event::Line(_))).count();
    assert!((1..100).contains(&lines), "{lines} lines");
}
