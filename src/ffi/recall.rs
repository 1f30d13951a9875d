//! Messages that are taken back.

use std::ffi::c_char;

use crate::error::Outcome;
use crate::ffi::output::Output;
use crate::ffi::producer::block;
use crate::ffi::types::{rocketmq_error, rocketmq_producer, rocketmq_status};
use crate::ffi::{boundary, handle, input};

/// Takes a message with a timer back, so that no consumer gets it. `topic` and `recall_handle` are those of its result:
/// rocketmq_send_result_recall_handle(), kept as long as need be, also by another process. `message_id` may be NULL; its
/// text is the id that the message was sent with, and the caller's: rocketmq_string_free(). \[wait\]
///
/// OK: the broker has noted it. A broker does not know whether the message is still there: it answers OK again to a
/// second call with the same handle, and a message that is due within moments may still come. One whose time is over is
/// refused.
///
/// Refused without a request: a handle that is none, or one of another topic, `ROCKETMQ_ERR_INVALID_ARGUMENT`; a broker
/// before 5.3.2, `ROCKETMQ_ERR_NOT_SUPPORTED`; one that the topic's route does not name, `ROCKETMQ_ERR_CONNECT`. What
/// the broker answers is in the error: code 16 (`ROCKETMQ_ERR_NO_PERMISSION`) where it has no
/// `recallMessageEnable=true`, which is the default, 604 (`ROCKETMQ_ERR_BROKER`) to a handle that it does not take.
///
/// The request is not sent again: after a failure with outcome UNKNOWN the message may have been taken back. Calling
/// again does no harm. Until it is answered it holds room in flight as a send does: it waits for that, and flush, purge
/// and shutdown mean it too.
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
