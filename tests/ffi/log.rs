//! The log callback and the way of its `user_data`.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::mpsc::{Sender, channel};

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

/// One test, since there is one log.
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
