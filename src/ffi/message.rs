//! Messages.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use crate::error::{Error, ErrorKind};
use crate::ffi::output::Output;
use crate::ffi::types::{rocketmq_error, rocketmq_message, rocketmq_release_fn, rocketmq_status};
use crate::ffi::{boundary, callback, handle, input, spare};
use crate::producer::Message;

/// A message without body. `message` must not be NULL; to be destroyed. \[any\]
///
/// # Safety
///
/// `topic` as R5, `message` as R2 has them.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_message_create(
    topic: *const c_char,
    message: *mut *mut rocketmq_message,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let message = unsafe { Output::owned(message) };
    boundary::status(|| {
        // SAFETY: NULL or text.
        let topic = unsafe { input::bytes_of_text("topic", topic) }?;
        message.required("message")?;
        message.give_box(fresh(topic)?);
        Ok(())
    })
}

/// Everything common in one call, for bindings. Text lengths are in bytes without a NUL, or `ROCKETMQ_NTS`
/// (`body_len` not); `tags` and `keys` may be NULL. `message` must not be NULL; to be destroyed. \[any\]
///
/// # Safety
///
/// Each text and the body are NULL or have as many readable bytes as their length says; outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_message_build(
    topic: *const c_char,
    topic_len: usize,
    tags: *const c_char,
    tags_len: usize,
    keys: *const c_char,
    keys_len: usize,
    body: *const c_void,
    body_len: usize,
    message: *mut *mut rocketmq_message,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let message = unsafe { Output::owned(message) };
    boundary::run(&error, || {
        // SAFETY: NULL or text of that length.
        let topic = unsafe { input::sized_text("topic", topic, topic_len) }?
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "`topic` is NULL"))?;
        // SAFETY: NULL or text of that length.
        let tags = unsafe { input::sized_text("tags", tags, tags_len) }?;
        // SAFETY: NULL or text of that length.
        let keys = unsafe { input::sized_text("keys", keys, keys_len) }?;
        // SAFETY: NULL or a buffer of that length.
        let body = unsafe { input::bytes("body", body, body_len) }?;
        message.required("message")?;
        let mut built = fresh(topic.as_bytes())?;
        built.set_tags(tags)?;
        built.set_keys(keys)?;
        built.set_body(body)?;
        message.give_box(built);
        Ok(())
    })
}

/// A copy that shares the body until one of the two changes its own. To be destroyed. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_clone(message: *const rocketmq_message) -> *mut rocketmq_message {
    boundary::value(ptr::null_mut(), || {
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        Ok(handle::give(message.clone()))
    })
}

/// Also right after an async send: a send keeps what it needs. \[any, last use\]
///
/// # Safety
///
/// `message` is NULL or the caller's own message, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_destroy(message: *mut rocketmq_message) {
    boundary::value((), || {
        // One that lies among the spare ones was destroyed before: twice there, it would be given to two owners.
        if !spare::holds(message.cast()) {
            // SAFETY: NULL, or given up by its owner.
            if let Some(message) = unsafe { handle::take_back(message) } {
                spare::keep(message);
            }
        }
        Ok(())
    });
}

/// Replaces the topic. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `topic` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_topic(
    message: *mut rocketmq_message,
    topic: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        message.set_topic(topic)
    })
}

/// The tag that consumers filter by; NULL removes it. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `tags` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_tags(
    message: *mut rocketmq_message,
    tags: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let tags = unsafe { input::optional_text("tags", tags) }?;
        message.set_tags(tags)
    })
}

/// All keys at once, separated by blanks; the broker's index finds a message by each. NULL removes them.
/// \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `keys` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_keys(
    message: *mut rocketmq_message,
    keys: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let keys = unsafe { input::optional_text("keys", keys) }?;
        message.set_keys(keys)
    })
}

/// Messages of the same sharding key go to the same queue of their topic, in the order in which they are sent, whichever
/// client sends them: the one at Java's `String.hashCode` of the key, modulo the number of writable queues, by broker name
/// and id. Retries stay there. While a broker is lost its keys' sends fail (`ROCKETMQ_ERR_NO_WRITABLE_QUEUE`) rather than go
/// elsewhere, for two minutes; then the queues that are left are shared out anew. The consumer sees the key as the property
/// `__SHARDINGKEY`. NULL removes it. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `key` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_sharding_key(
    message: *mut rocketmq_message,
    key: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let key = unsafe { input::optional_text("key", key) }?;
        message.set_sharding_key(key)
    })
}

/// One more key. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `key` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_add_key(
    message: *mut rocketmq_message,
    key: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let key = unsafe { input::text("key", key) }?;
        message.add_key(key)
    })
}

/// Copies `len` bytes; `ROCKETMQ_ERR_SYSTEM` if there is no memory for them, the body is as before then.
/// `len` 0 (with any `data`) empties the body, and sending it is `ROCKETMQ_ERR_EMPTY_BODY`. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `data` has `len` readable bytes, or is NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_message_set_body(
    message: *mut rocketmq_message,
    data: *const c_void,
    len: usize,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or a buffer of that length.
        let data = unsafe { input::bytes("data", data, len) }?;
        message.set_body(data)
    })
}

/// Copies `len` more bytes behind the body, to gather it from pieces. Failures as for set_body. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `data` has `len` readable bytes, or is NULL.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_message_append_body(
    message: *mut rocketmq_message,
    data: *const c_void,
    len: usize,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or a buffer of that length.
        let data = unsafe { input::bytes("data", data, len) }?;
        message.append_body(data)
    })
}

/// Lends `len` bytes without a copy. On OK they must stay unchanged until `release` runs: once, after the message
/// was destroyed or its body replaced, every clone of it too, and every send that shares them has ended. That may
/// be in the call that destroys or replaces, or later on a library thread; never inside a send. Appending to such
/// a body copies it. A NULL `release` says that the bytes stay for good. On failure nothing was taken and `release`
/// does not run. With `len` 0 as for set_body. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `data` has `len` readable bytes that stay unchanged
/// until `release` runs, or is NULL; `release` may be called with `user_data` from any thread.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_message_set_body_borrowed(
    message: *mut rocketmq_message,
    data: *const c_void,
    len: usize,
    release: rocketmq_release_fn,
    user_data: *mut c_void,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or a buffer of that length, good until `release` runs by the caller's promise; what is made of
        // it below runs that when it is dropped, and so outlives every use.
        let data: &'static [u8] = unsafe { input::bytes("data", data, len) }?;
        message.share_body(callback::lent_bytes(data, release, user_data));
        Ok(())
    })
}

/// One of the application's own properties; a NULL `value` removes it. Names that RocketMQ keeps for itself
/// and empty text are `ROCKETMQ_ERR_INVALID_PROPERTY`. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; the texts as R5 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_property(
    message: *mut rocketmq_message,
    name: *const c_char,
    value: *const c_char,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text.
        let name = unsafe { input::text("name", name) }?;
        // SAFETY: NULL or text.
        let value = unsafe { input::optional_text("value", value) }?;
        message.set_property(name, value)
    })
}

/// Many of the application's own properties at once, in the wire form
/// `name \1 value \2 name \1 value \2 ...`, whose last `\2` may be missing; `len` is in bytes without a NUL, or
/// `ROCKETMQ_NTS`. They join those that are there; of several with one name the last counts. What
/// rocketmq_message_set_property() refuses is refused here, and `error` names the property; then none of them
/// is set. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses; `packed` is NULL or has as many readable bytes as
/// `len` says; `error` as R2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_properties_packed(
    message: *mut rocketmq_message,
    packed: *const c_char,
    len: usize,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        // SAFETY: NULL or text of that length.
        let packed = unsafe { input::sized_text("packed", packed, len) }?
            .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "`packed` is NULL"))?;
        message.set_properties_packed(packed)
    })
}

/// A number of the application's own, 0 unless set, which consumers get with the message. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_flag(
    message: *mut rocketmq_message,
    flag: i32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        unsafe { handle::change("message", message) }?.set_flag(flag);
        Ok(())
    })
}

/// Whether the broker answers only when the message is stored as the broker is configured: flushed to the disk
/// and held by replicas. 1 unless set; with 0 (property `WAIT=false`) it answers as soon as it has the message,
/// and a broker that dies then may lose it. Other values are `ROCKETMQ_ERR_INVALID_ARGUMENT`. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_set_wait_store(
    message: *mut rocketmq_message,
    on: i32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or a message that only this call uses.
        let message = unsafe { handle::change("message", message) }?;
        message.set_wait_store(input::truth("on", on)?);
        Ok(())
    })
}

/// The topic, owned by the message and good until it is changed, as all text and the body below. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_topic(message: *const rocketmq_message) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(message, |message| message.topic().as_c_str()) }
}

/// The tag, "" if none. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_tags(message: *const rocketmq_message) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(message, |message| message.tags().as_c_str()) }
}

/// The keys, separated by blanks, "" if none. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_keys(message: *const rocketmq_message) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(message, |message| message.keys().as_c_str()) }
}

/// The body; its length in bytes goes to `len`, which is 0 for an empty body and for a NULL message. NULL for
/// both. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the body is in use; `len` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_body(
    message: *const rocketmq_message,
    len: *mut usize,
) -> *const c_void {
    // SAFETY: NULL or a variable of the caller.
    let len = unsafe { Output::new(len) };
    len.put(0);
    boundary::value(ptr::null(), || {
        // SAFETY: NULL or a live message.
        let body = unsafe { handle::read("message", message) }?.body();
        len.put(body.len());
        Ok(if body.is_empty() { ptr::null() } else { body.as_ptr().cast() })
    })
}

/// Value of a property, NULL if the message does not have it. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use; `name` as R5 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_property(
    message: *const rocketmq_message,
    name: *const c_char,
) -> *const c_char {
    boundary::value(ptr::null(), || {
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        // SAFETY: NULL or text.
        let name = unsafe { input::text("name", name) }?;
        Ok(message.property(name).map_or(ptr::null(), |value| value.as_c_str().as_ptr()))
    })
}

/// Lists the properties, tags and keys among them under their RocketMQ names; past the end
/// `ROCKETMQ_ERR_NOT_FOUND`. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the texts are in use; outputs as R2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_property_at(
    message: *const rocketmq_message,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let name = unsafe { Output::borrowed(name) };
    // SAFETY: NULL or a variable of the caller.
    let value = unsafe { Output::borrowed(value) };
    boundary::status(|| {
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        let property = message.property_at(index);
        let (key, text) = property
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no property {index}")))?;
        name.put(key.as_c_str().as_ptr());
        value.put(text.as_c_str().as_ptr());
        Ok(())
    })
}

/// Unique id of a received message; "" for one being built. A send never writes to its message: each makes a
/// new id, found in its result or error. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_id(message: *const rocketmq_message) -> *const c_char {
    // SAFETY: the caller's promise, passed on.
    unsafe { text(message, |_| c"") }
}

/// The application's own number, 0 unless set. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_flag(message: *const rocketmq_message) -> i32 {
    // SAFETY: NULL or a live message.
    boundary::value(-1, || Ok(unsafe { handle::read("message", message) }?.flag()))
}

/// When a received message was sent, in milliseconds since 1970; 0 for one being built, which every attempt to
/// send it stamps anew. \[one\]
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_message_born_ms(message: *const rocketmq_message) -> i64 {
    // SAFETY: NULL or a live message.
    boundary::value(-1, || unsafe { handle::read("message", message) }.map(|_| 0))
}

/// A message without body, in the memory of one that was destroyed where there is one. That one's topic is good, and most
/// likely this one's too.
fn fresh(topic: &[u8]) -> Result<Box<Message>, Error> {
    match spare::take() {
        Some(message) if message.topic().as_bytes() == topic => Ok(message),
        Some(mut message) => {
            message.renew(input::utf8("topic", topic)?)?;
            Ok(message)
        }
        None => Ok(Box::new(Message::new(input::utf8("topic", topic)?)?)),
    }
}

/// One of a message's texts, "" for NULL.
///
/// # Safety
///
/// `message` is NULL or a live message that is not changed while the text is in use.
unsafe fn text(message: *const rocketmq_message, which: impl FnOnce(&Message) -> &CStr) -> *const c_char {
    boundary::value(c"".as_ptr(), || {
        // SAFETY: the caller's promise, passed on.
        let message = unsafe { handle::read("message", message) }?;
        Ok(which(message).as_ptr())
    })
}
