//! What the cluster sends of its own accord, when a test says so.

use std::ffi::{c_char, c_void};

use crate::boundary::{self, Failure};
use crate::types::rocketmq_mock;
use crate::{handle, input};

/// Has the broker ask the producer now what became of the half message with this id, which is in its topic only when
/// its transaction was committed. Asked is a producer of the message's group over a connection to that broker. -1 also
/// when the transaction has ended or nobody of the group is connected.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `message_id` is NULL or text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_ask_tx(mock: *mut rocketmq_mock, message_id: *const c_char) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        // SAFETY: NULL or text.
        let id = unsafe { input::text("message_id", message_id) }?;
        mock.ask(id).map_err(|error| Failure::new(format!("message {id:?}: {error}")))
    })
}

/// Replies to the request message with this id, as a consumer would: the body goes to the client that waits for it. -1
/// also when the message asks for no reply or its sender is not connected.
///
/// # Safety
///
/// `mock` is NULL or a live mock, `message_id` is NULL or text, `body` is NULL or has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_mock_reply(
    mock: *mut rocketmq_mock,
    message_id: *const c_char,
    body: *const c_void,
    len: usize,
) -> i32 {
    // SAFETY: NULL or a live mock.
    let mock = unsafe { handle::read(mock) };
    boundary::done(mock, |mock| {
        // SAFETY: NULL or text.
        let id = unsafe { input::text("message_id", message_id) }?;
        // SAFETY: NULL or as long as the caller says.
        let body = unsafe { input::bytes("body", body, len) }?;
        mock.reply(id, body.to_vec()).map_err(|error| Failure::new(format!("message {id:?}: {error}")))
    })
}
