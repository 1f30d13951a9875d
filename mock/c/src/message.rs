//! What was stored, by topic and place.

use std::ffi::{c_char, c_void};
use std::ptr;

use mock_cluster::Stored;

use crate::boundary::{self, Failure};
use crate::types::rocketmq_mock;
use crate::{handle, input};

/// How many messages are stored in a topic, over all brokers; 0 for a topic that nobody sent to.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_count(
    mock: *const rocketmq_mock,
    topic: *const c_char,
) -> usize {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, 0, |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        Ok(mock.message_count(topic))
    })
}

/// Waits until a topic has at least `count` messages; -1 when it has not after `timeout_ms`. For sends that nobody
/// answers or that another thread makes.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_wait_messages(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    count: usize,
    timeout_ms: i64,
) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        let limit = input::milliseconds("timeout_ms", timeout_ms)?;
        if mock.wait_for_messages(topic, count, limit) {
            return Ok(());
        }
        let stored = mock.message_count(topic);
        Err(Failure::new(format!("topic {topic:?} has {stored} messages after {timeout_ms} ms, not {count}")))
    })
}

/// The unique id that the sender gave it, "" if none. Messages of a topic count from 0 in the order they came in, here
/// and below; those of a batch count one by one.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_id(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(mock, topic, index, |message| &message.unique_id) }
}

/// Its body, unpacked if it was compressed, and how long it is; an empty body is not NULL. `len` may be NULL.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text, `len` is NULL or a variable of the caller.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_body(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
    len: *mut usize,
) -> *const c_void {
    // SAFETY: NULL or a variable of the caller.
    unsafe { handle::put(len, 0) };
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, ptr::null(), |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        let message = mock.stored(topic, index)?;
        let body = message.unpacked_body();
        let body =
            body.ok_or_else(|| Failure::new(format!("message {index} of {topic:?} cannot be unpacked")))?;
        // SAFETY: NULL or a variable of the caller.
        unsafe { handle::put(len, body.len()) };
        // The cluster keeps the message, which unpacks its body once.
        Ok(body.as_ptr().cast())
    })
}

/// Its tag, "" if it has none.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_tags(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(mock, topic, index, |message| &message.tags) }
}

/// Its keys with blanks between, "" if it has none.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_keys(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(mock, topic, index, |message| &message.keys) }
}

/// One of its properties, RocketMQ's own included ("DELAY", "PGROUP", ...); NULL if it is absent.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` and `name` are NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_property(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, ptr::null(), |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        // SAFETY: NULL or text.
        let name = unsafe { input::text("name", name) }?;
        let message = mock.stored(topic, index)?;
        Ok(message.property(name).map_or(ptr::null(), |value| mock.keep(value)))
    })
}

/// The number of the broker that stored it, -1 if there is no such message.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_broker(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    unsafe { number(mock, topic, index, |message| i32::try_from(message.broker).unwrap_or(-1)) }
}

/// Its queue there, from 0; -1 if there is no such message.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_queue_id(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    unsafe { number(mock, topic, index, |message| message.queue_id) }
}

/// Its place in that queue, from 0; -1 if there is no such message.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_message_queue_offset(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
) -> i64 {
    // SAFETY: the caller's promise, passed on.
    unsafe { number(mock, topic, index, |message| message.queue_offset) }
}

/// One of a message's texts, "" if there is no such message.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
unsafe fn text(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
    which: impl FnOnce(&Stored) -> &str,
) -> *const c_char {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, c"".as_ptr(), |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        Ok(mock.keep(which(&*mock.stored(topic, index)?)))
    })
}

/// One of a message's numbers, -1 if there is no such message.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `topic` is NULL or text.
unsafe fn number<T: From<i8>>(
    mock: *const rocketmq_mock,
    topic: *const c_char,
    index: usize,
    which: impl FnOnce(&Stored) -> T,
) -> T {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::value(mock, T::from(-1), |mock| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        Ok(which(&*mock.stored(topic, index)?))
    })
}
