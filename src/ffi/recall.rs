//! Messages that are taken back.

use std::ffi::c_char;

use crate::error::Outcome;
use crate::ffi::output::Output;
use crate::ffi::producer::block;
use crate::ffi::types::{rocketmq_error, rocketmq_producer, rocketmq_status};
use crate::ffi::{boundary, handle, input};

/// Takes a message with a timer back, so that no consumer gets it. `topic` is the message's, `recall_handle` what
/// rocketmq_send_result_recall_handle() gave: text that may be kept, and used by another producer. `message_id` may be
/// NULL; else it is the id that the message was sent with, and the caller's: rocketmq_string_free(). \[wait\]
///
/// OK: the broker has noted it. It does not know whether there is such a message, so that a second call is OK too. When
/// the time is over it refuses (code 604); a message that is due in the same moment may come all the same.
///
/// Nothing is sent with a handle that is none or of another topic (`ROCKETMQ_ERR_INVALID_ARGUMENT`), to a broker before
/// 5.3.2 (`ROCKETMQ_ERR_NOT_SUPPORTED`), nor where the topic's route does not lead to the handle's broker
/// (`ROCKETMQ_ERR_CONNECT`). A broker's refusal is in `error` with its code and words: without
/// `recallMessageEnable=true`, its default, it is 16 (`ROCKETMQ_ERR_NO_PERMISSION`).
///
/// There are no retries: after a failure with outcome UNKNOWN the message may have been taken back. Calling again does
/// no harm. Until it ends a recall holds room in flight as a send does; flush, purge and shutdown mean it too.
///
/// # Safety
///
/// `producer` is NULL or from create; the texts as R5, outputs as R2 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_recall(
    producer: *mut rocketmq_producer,
    topic: *const c_char,
    recall_handle: *const c_char,
    timeout_ms: i64,
    message_id: *mut *mut c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let message_id = unsafe { Output::owned(message_id) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        // SAFETY: NULL or text.
        let recall_handle = unsafe { input::text("recall_handle", recall_handle) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        let id = block(deadline, Outcome::Unknown, producer.recall(topic, recall_handle, deadline))?;
        if message_id.is_wanted() {
            message_id.put(handle::give_text(id.as_str()));
        }
        Ok(())
    })
}
