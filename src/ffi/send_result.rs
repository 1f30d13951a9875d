//! What the broker answered to a send.

use std::ffi::c_char;
use std::ptr;

use crate::error::Error;
use crate::ffi::types::{rocketmq_send_result, rocketmq_send_status};
use crate::ffi::{boundary, handle};
use crate::producer::{SendResult, SendStatus};

/// How well the message was stored: one of `ROCKETMQ_SEND_*`. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_status(result: *const rocketmq_send_result) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        let status = match result.status {
            SendStatus::Ok => rocketmq_send_status::ROCKETMQ_SEND_OK,
            SendStatus::FlushDiskTimeout => rocketmq_send_status::ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT,
            SendStatus::FlushSlaveTimeout => rocketmq_send_status::ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT,
            SendStatus::SlaveNotAvailable => rocketmq_send_status::ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE,
        };
        Ok(status as i32)
    })
}

/// The unique id that the message was sent with; of a batch the first message's. Text lives as long as the result, here
/// and below. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_message_id(
    result: *const rocketmq_send_result,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.message_id().as_ptr()) }
}

/// Messages that the result stands for: 1, or those of the batch. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_count(result: *const rocketmq_send_result) -> usize {
    boundary::value(0, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(result.count())
    })
}

/// The unique id of each of them, in the order of the batch; "" past the end. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_message_id_at(
    result: *const rocketmq_send_result,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.message_id_at(index).unwrap_or_default().as_ptr()) }
}

/// The id by which the broker finds the message in its log; of a batch the first message's. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_offset_id(
    result: *const rocketmq_send_result,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.offset_id.as_c_str().as_ptr()) }
}

/// The topic. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_topic(result: *const rocketmq_send_result) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.topic.as_c_str().as_ptr()) }
}

/// Name of the broker that stored it. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_broker(result: *const rocketmq_send_result) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.broker.as_c_str().as_ptr()) }
}

/// The queue, from 0 on each broker. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_queue_id(result: *const rocketmq_send_result) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(result.queue_id)
    })
}

/// The place in that queue, from 0; of a batch the first message's, each further one takes the next. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_queue_offset(result: *const rocketmq_send_result) -> i64 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(result.queue_offset)
    })
}

/// The transaction id that the broker answered with (5.x brokers do), or "". \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_transaction_id(
    result: *const rocketmq_send_result,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.transaction_id.as_c_str().as_ptr()) }
}

/// What rocketmq_producer_recall() takes the message back with, of a message with a timer that a broker from 5.3.2 on
/// keeps until it is due; "" otherwise. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_recall_handle(
    result: *const rocketmq_send_result,
) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(result, |result| result.recall_handle.as_c_str().as_ptr()) }
}

/// Tries made, this one included: 1 without a retry. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_attempts(result: *const rocketmq_send_result) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(i32::try_from(result.attempts).unwrap_or(i32::MAX))
    })
}

/// Microseconds from the call to the broker's answer, all tries included. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_latency_us(result: *const rocketmq_send_result) -> i64 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(i64::try_from(result.latency.as_micros()).unwrap_or(i64::MAX))
    })
}

/// A copy, to keep what a callback was shown. To be destroyed. \[any\]
///
/// # Safety
///
/// `result` is NULL or a live send result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_clone(
    result: *const rocketmq_send_result,
) -> *mut rocketmq_send_result {
    boundary::value(ptr::null_mut(), || {
        // SAFETY: NULL or a live send result.
        let result = unsafe { handle::read("result", result) }?;
        Ok(handle::give(result.clone()))
    })
}

/// Frees a result that is the caller's. \[any, last use\]
///
/// # Safety
///
/// `result` is NULL or the caller's own send result, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_send_result_destroy(result: *mut rocketmq_send_result) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy(result) };
        Ok(())
    });
}

/// One of a result's texts, "" for NULL.
///
/// # Safety
///
/// `result` is NULL or a live send result.
unsafe fn text(
    result: *const rocketmq_send_result,
    which: impl FnOnce(&SendResult) -> *const c_char,
) -> *const c_char {
    boundary::value(c"".as_ptr(), || {
        // SAFETY: the caller's promise, passed on.
        let result = unsafe { handle::read("result", result) }?;
        Ok::<_, Error>(which(result))
    })
}
