//! Batches.

use std::ffi::c_void;

use crate::ffi::output::Output;
use crate::ffi::producer::{PLAIN, send, send_async};
use crate::ffi::types::{
    rocketmq_error, rocketmq_message, rocketmq_producer, rocketmq_send_fn, rocketmq_send_options,
    rocketmq_send_result, rocketmq_status,
};
use crate::ffi::{boundary, callback, handle};

/// Sends `count` messages in one request: the broker stores all of them, in this order in one queue, or none, and
/// `result` stands for all. The messages are only read, as by rocketmq_producer_send().
///
/// Refused before anything is sent, with a text that begins with the number of the message from 0, "message 3: ":
/// - what would be refused of it alone;
/// - `ROCKETMQ_ERR_INVALID_ARGUMENT`: NULL; another topic or another rocketmq_message_set_wait_store() than the first
///   one's; a delay, a time of delivery or light queues (`INNER_MULTI_DISPATCH`), which brokers would not heed; another
///   sharding key than those before it, since a batch goes to one queue,
///   unless the options have a queue or a selector, which is shown the first message;
/// - `ROCKETMQ_ERR_INVALID_TOPIC`: a `%RETRY%` topic;
/// - `ROCKETMQ_ERR_MESSAGE_TOO_LARGE`: with it the batch is too large for some brokers. Of each message count towards
///   "message.max.bytes" topic, body, properties, about 60 bytes that the library adds to these, and 91 bytes.
///
/// A batch is never compressed; one message alone is sent as by rocketmq_producer_send(). In flight a batch is one send,
/// with the bytes of all its messages. If it fails, it fails for all of them: `error` says what became of all, and has
/// the first one's id. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `messages` is NULL or has `count` pointers, each NULL or to a live message;
/// `options` is NULL or live options; none of them is changed meanwhile; outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send_batch(
    producer: *mut rocketmq_producer,
    messages: *const *mut rocketmq_message,
    count: usize,
    options: *const rocketmq_send_options,
    result: *mut *mut rocketmq_send_result,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let result = unsafe { Output::owned(result) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or an array of live messages.
        let messages = unsafe { handle::read_all("messages", "message", messages, count) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        send(&producer, producer.batch(messages, options)?, options, &result)
    })
}

/// As rocketmq_producer_send_batch(), without waiting. OK: accepted, `callback` runs exactly once, for all messages.
/// Failure: not accepted, `callback` never runs, `user_data` stays the caller's. \[any; with `ROCKETMQ_SEND_BLOCK`: wait\]
///
/// # Safety
///
/// As for rocketmq_producer_send_batch(); `callback` may be called with `user_data` once, on any thread.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send_batch_async(
    producer: *mut rocketmq_producer,
    messages: *const *mut rocketmq_message,
    count: usize,
    options: *const rocketmq_send_options,
    callback: rocketmq_send_fn,
    user_data: *mut c_void,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or an array of live messages.
        let messages = unsafe { handle::read_all("messages", "message", messages, count) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        let callback = callback::on_sent(callback, user_data)?;
        send_async(&producer, producer.batch(messages, options)?, options, callback)
    })
}
