//! When a message is delivered.

use crate::ffi::types::{rocketmq_message, rocketmq_status};
use crate::ffi::{boundary, handle};

/// Has consumers get the message after the delay of this level: 0 at once, 1 to 18 after 1 s, 5 s, 10 s, 30 s,
/// 1 m, 2 m, 3 m, 4 m, 5 m, 6 m, 7 m, 8 m, 9 m, 10 m, 20 m, 30 m, 1 h and 2 h, unless the broker is configured
/// with others. Known to brokers of every version. Other levels are `ROCKETMQ_ERR_INVALID_ARGUMENT`. Of this and
/// the two below the last that is set replaces the others; 0 removes them all. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_delay_level(
    message: *mut rocketmq_message,
    level: i32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        unsafe { handle::change("message", message) }?.set_delay_level(level)
    })
}

/// Has consumers get the message `delay_ms` milliseconds after the broker got it. More than 0, else
/// `ROCKETMQ_ERR_INVALID_ARGUMENT`; a broker refuses more than it is configured for, three days by default, and
/// is as precise as its timer, a second by default. Replaces what the other two set.
///
/// Brokers before 5.0.0 do not know timers and would deliver at once: no message with one is sent to them. Every
/// answer of a broker names its version, and such a message waits for the first one over a connection. Where all
/// brokers that it may go to are older the send ends with `ROCKETMQ_ERR_NOT_SUPPORTED`, which names broker and
/// version, and outcome NOT_SENT. rocketmq_producer_recall() takes such a message back. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_delay_ms(
    message: *mut rocketmq_message,
    delay_ms: i64,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        unsafe { handle::change("message", message) }?.set_delay_ms(delay_ms)
    })
}

/// As rocketmq_message_set_delay_ms(), at a time in milliseconds since 1970 by the broker's clock; one that is
/// over is at once. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_deliver_at_ms(
    message: *mut rocketmq_message,
    unix_ms: i64,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        unsafe { handle::change("message", message) }?.set_deliver_at_ms(unix_ms)
    })
}
