//! The C functions that a sender calls, as a C program calls them.
#![expect(unsafe_code, reason = "functions of the C interface")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use ::rocketmq_producer::ffi::{
    rocketmq_config_create, rocketmq_config_destroy, rocketmq_config_set, rocketmq_error,
    rocketmq_error_destroy, rocketmq_error_message, rocketmq_message, rocketmq_message_create,
    rocketmq_message_destroy, rocketmq_message_set_body, rocketmq_producer, rocketmq_producer_create,
    rocketmq_producer_destroy, rocketmq_producer_prepare_topic, rocketmq_producer_send,
    rocketmq_producer_send_async, rocketmq_producer_shutdown, rocketmq_producer_start, rocketmq_send_fn,
    rocketmq_send_result_destroy,
};

/// For every call that waits.
const LIMIT_MS: i64 = 10_000;

/// Makes a call with an error output; the failure is the error's text.
fn call(function: impl FnOnce(*mut *mut rocketmq_error) -> i32) -> Result<(), String> {
    let mut error = ptr::null_mut();
    let status = function(&raw mut error);
    if status == 0 {
        return Ok(());
    }
    // SAFETY: NULL or an error object that nobody destroyed yet.
    let text = text(unsafe { rocketmq_error_message(error) });
    // SAFETY: NULL or ours, and not used again.
    unsafe { rocketmq_error_destroy(error) };
    Err(text)
}

#[expect(clippy::disallowed_methods, reason = "text of the library, on C's side of the border")]
fn text(text: *const c_char) -> String {
    // SAFETY: the library's text is never NULL and ends with a NUL.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A message.
pub(crate) struct Message(*mut rocketmq_message);

impl Message {
    /// Created, given its body.
    pub(crate) fn new(topic: &CStr, body: &[u8]) -> Result<Self, String> {
        let mut message = ptr::null_mut();
        // SAFETY: text, and a variable of ours.
        let created = unsafe { rocketmq_message_create(topic.as_ptr(), &raw mut message) };
        let message = Self(message);
        // SAFETY: NULL or a live message that nobody else uses; a buffer of that length.
        let set = unsafe { rocketmq_message_set_body(message.0, body.as_ptr().cast(), body.len()) };
        if (created, set) == (0, 0) { Ok(message) } else { Err(format!("no message: {created}, {set}")) }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: NULL or ours, and not used again.
        unsafe { rocketmq_message_destroy(self.0) };
    }
}

/// A producer that runs.
pub(crate) struct Producer(*mut rocketmq_producer);

impl Producer {
    /// Created, started, with the topic's route and connections.
    pub(crate) fn start(topic: &CStr, settings: &[(&str, &str)]) -> Result<Self, String> {
        let config = rocketmq_config_create();
        let configured = settings.iter().try_for_each(|(key, value)| {
            let (Ok(key), Ok(value)) = (CString::new(*key), CString::new(*value)) else {
                return Err(format!("a setting has a NUL inside: {key}={value}"));
            };
            // SAFETY: a config of ours, and text.
            call(|error| unsafe { rocketmq_config_set(config, key.as_ptr(), value.as_ptr(), error) })
        });
        let mut producer = ptr::null_mut();
        // SAFETY: a config of ours, and a variable of ours.
        let created = call(|error| unsafe { rocketmq_producer_create(config, &raw mut producer, error) });
        // SAFETY: ours, and not used again.
        unsafe { rocketmq_config_destroy(config) };
        let producer = Self(producer);
        configured?;
        created?;
        // SAFETY: a live producer.
        call(|error| unsafe { rocketmq_producer_start(producer.0, LIMIT_MS, error) })?;
        // SAFETY: a live producer, and text.
        call(|error| unsafe {
            rocketmq_producer_prepare_topic(producer.0, topic.as_ptr(), LIMIT_MS, error)
        })?;
        Ok(producer)
    }

    /// Sends and waits.
    pub(crate) fn send(&self, message: &Message) -> Result<(), String> {
        let mut result = ptr::null_mut();
        // SAFETY: a live producer, a live message, a variable of ours.
        let sent = call(|error| unsafe {
            rocketmq_producer_send(self.0, message.0, ptr::null(), &raw mut result, error)
        });
        // SAFETY: NULL or ours, and not used again.
        unsafe { rocketmq_send_result_destroy(result) };
        sent
    }

    /// Sends; `callback` is called with no `user_data`.
    pub(crate) fn send_async(&self, message: &Message, callback: rocketmq_send_fn) -> Result<(), String> {
        // SAFETY: a live producer, a live message; the callback needs nothing that could be gone.
        call(|error| unsafe {
            rocketmq_producer_send_async(self.0, message.0, ptr::null(), callback, ptr::null_mut(), error)
        })
    }

    /// Shut down, which must reach the end.
    pub(crate) fn shutdown(&self) -> Result<(), String> {
        // SAFETY: a live producer.
        call(|error| unsafe { rocketmq_producer_shutdown(self.0, LIMIT_MS, error) })
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // SAFETY: NULL or ours, and not used again.
        unsafe { rocketmq_producer_destroy(self.0) };
    }
}
