//! Objects across the border: the only place where ownership leaves Rust and comes back, and where an object
//! pointer becomes a reference.
//!
//! Most objects are a plain box: one owner, destroyed once, no check possible. Producers and completion queues are
//! those of `block`.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, ErrorKind};
use crate::ffi::block::{Blocks, Owner};
use crate::ffi::types::{
    rocketmq_config, rocketmq_cq, rocketmq_error, rocketmq_message, rocketmq_producer, rocketmq_queue_list,
    rocketmq_send_options, rocketmq_send_result,
};
use crate::ffi::{input, process};
use crate::producer::{CompletionQueue, Config, Message, Producer, QueueList, SendOptions, SendResult};
use crate::text::Text;

/// Says what a pointer of C points to. Objects may be read by several threads at once (R8), hence `Sync`.
pub(super) trait Handle {
    /// What stands behind the pointer.
    type Object: Send + Sync + 'static;
}

impl Handle for rocketmq_error {
    type Object = Error;
}

impl Handle for rocketmq_config {
    type Object = Config;
}

impl Handle for rocketmq_message {
    type Object = Message;
}

impl Handle for rocketmq_send_options {
    type Object = SendOptions;
}

impl Handle for rocketmq_send_result {
    type Object = SendResult;
}

impl Handle for rocketmq_queue_list {
    type Object = QueueList;
}

/// Makes an object the caller's.
pub(super) fn give<H: Handle>(object: H::Object) -> *mut H {
    give_box(Box::new(object))
}

/// The same for one that has a box.
#[expect(clippy::disallowed_methods, reason = "the one place where ownership goes to C")]
pub(super) fn give_box<H: Handle>(object: Box<H::Object>) -> *mut H {
    Box::into_raw(object).cast()
}

/// Takes an object back, to drop it.
///
/// # Safety
///
/// `object` is NULL or came from [`give`], and is not used again.
pub(super) unsafe fn destroy<H: Handle>(object: *mut H) {
    // SAFETY: the caller's promise, passed on.
    drop(unsafe { take_back(object) });
}

/// Takes an object back, to use its memory again; nothing for NULL.
///
/// # Safety
///
/// As for [`destroy`].
#[expect(clippy::disallowed_methods, reason = "the one place where ownership comes back from C")]
pub(super) unsafe fn take_back<H: Handle>(object: *mut H) -> Option<Box<H::Object>> {
    // SAFETY: `give` made it as a box of this type, and the caller gives it up.
    (!object.is_null()).then(|| unsafe { Box::from_raw(object.cast::<H::Object>()) })
}

/// A pointer as the number that an event keeps.
pub(super) fn to_number<H: Handle>(object: *mut H) -> u64 {
    object.expose_provenance() as u64
}

/// The pointer that [`to_number`] made the number of.
pub(super) fn from_number<H: Handle>(number: u64) -> *mut H {
    usize::try_from(number).map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
}

/// Reads an object.
///
/// # Safety
///
/// `object` is NULL or a live object that is not changed while the reference is in use.
pub(super) unsafe fn read<'a, H: Handle>(name: &str, object: *const H) -> Result<&'a H::Object, Error> {
    // SAFETY: the caller's promise; `H` says what the pointer leads to.
    unsafe { object.cast::<H::Object>().as_ref() }.ok_or_else(|| is_null(name))
}

/// Reads an object that may be missing.
///
/// # Safety
///
/// As for [`read`].
pub(super) unsafe fn read_optional<'a, H: Handle>(object: *const H) -> Option<&'a H::Object> {
    // SAFETY: the caller's promise; `H` says what the pointer leads to.
    unsafe { object.cast::<H::Object>().as_ref() }
}

/// Reads an array of objects.
///
/// # Safety
///
/// `objects` is NULL or has `count` pointers, each as for [`read`]; the array is not changed either.
#[expect(clippy::disallowed_methods, reason = "the one place where arrays of objects are read")]
pub(super) unsafe fn read_all<'a, H: Handle>(
    name: &str,
    item: &str,
    objects: *const *mut H,
    count: usize,
) -> Result<&'a [&'a H::Object], Error> {
    let bytes = count.saturating_mul(size_of::<*mut H>());
    // SAFETY: the caller's promise, of the array as of a buffer.
    unsafe { input::bytes(name, objects.cast(), bytes) }?;
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: neither NULL nor too long, as the line above found, and `count` pointers by the caller's promise.
    let pointers = unsafe { std::slice::from_raw_parts(objects, count) };
    if let Some(index) = pointers.iter().position(|object| object.is_null()) {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("{item} {index}: it is NULL")));
    }
    // SAFETY: a reference has the form of a pointer, and none of these is NULL; what they lead to is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(objects.cast(), count) })
}

/// Reads an object in order to change it.
///
/// # Safety
///
/// `object` is NULL or a live object that nobody else uses while the reference is in use.
pub(super) unsafe fn change<'a, H: Handle>(name: &str, object: *mut H) -> Result<&'a mut H::Object, Error> {
    // SAFETY: the caller's promise; `H` says what the pointer leads to.
    unsafe { object.cast::<H::Object>().as_mut() }.ok_or_else(|| is_null(name))
}

/// Shows an object to a callback, without giving it away.
pub(super) const fn lend<H: Handle>(object: &H::Object) -> *const H {
    ptr::from_ref(object).cast()
}

/// Makes text the caller's. Text of the library has no NUL inside; if it ever had, it would end there.
#[expect(clippy::disallowed_methods, reason = "the one place where text goes to C")]
pub(super) fn give_text(text: &str) -> *mut c_char {
    CString::from(Text::new(text).as_c_str()).into_raw()
}

/// Takes text back, to drop it.
///
/// # Safety
///
/// `text` is NULL or came from [`give_text`], with its length unchanged, and is not used again.
pub(super) unsafe fn destroy_text(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: `give_text` made it, and the caller gives it up.
        drop(unsafe { CString::from_raw(text) });
    }
}

fn is_null(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("`{name}` is NULL"))
}

/// All producers. Each block keeps the client id, once it is known.
static PRODUCERS: Blocks<Producer, OnceLock<Text>> = Blocks::new(0x726d_715f_7072_6f64, "producer");

/// All completion queues.
static QUEUES: Blocks<CompletionQueue> = Blocks::new(0x726d_715f_5f5f_6371, "completion queue");

/// Makes a producer the caller's.
pub(super) fn give_producer(producer: Arc<Producer>) -> *mut rocketmq_producer {
    PRODUCERS.give(producer)
}

/// The producer behind a pointer, for the time of a call.
///
/// # Safety
///
/// `producer` is NULL or came from [`give_producer`], destroyed or not.
pub(super) unsafe fn producer(producer: *const rocketmq_producer) -> Result<Arc<Owner<Producer>>, Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { PRODUCERS.find(producer) }?.live()
}

/// The producer's client id, as text that the block owns. Empty until the producer knows it.
///
/// # Safety
///
/// As for [`producer`].
pub(super) unsafe fn client_id(producer: *const rocketmq_producer) -> Result<*const c_char, Error> {
    // SAFETY: the caller's promise, passed on.
    let block = unsafe { PRODUCERS.find(producer) }?;
    let id = block.live()?.client_id();
    if id.is_empty() {
        return Ok(c"".as_ptr());
    }
    Ok(block.kept.get_or_init(|| id).as_c_str().as_ptr())
}

/// Ends the handle; what the producer still has to do goes on by itself. A second time, and in the child of
/// a fork, nothing happens.
///
/// # Safety
///
/// As for [`producer`].
pub(super) unsafe fn destroy_producer(producer: *mut rocketmq_producer) -> Result<(), Error> {
    // SAFETY: the caller's promise, passed on.
    if let Some(owner) = unsafe { PRODUCERS.find(producer) }?.destroy() {
        process::remember_leaving(&owner);
        owner.abandon();
    }
    Ok(())
}

/// Every producer of this process that is not destroyed.
pub(super) fn producers() -> Vec<Arc<Producer>> {
    PRODUCERS.live()
}

/// Makes a completion queue the caller's.
pub(super) fn give_queue(queue: Arc<CompletionQueue>) -> *mut rocketmq_cq {
    QUEUES.give(queue)
}

/// The completion queue behind a pointer, for the time of a call.
///
/// # Safety
///
/// `cq` is NULL or came from [`give_queue`], destroyed or not.
pub(super) unsafe fn queue(cq: *const rocketmq_cq) -> Result<Arc<Owner<CompletionQueue>>, Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { QUEUES.find(cq) }?.live()
}

/// Ends the handle, and with it all polls. A second time, and in the child of a fork, nothing happens.
///
/// # Safety
///
/// As for [`queue`].
pub(super) unsafe fn destroy_queue(cq: *mut rocketmq_cq) -> Result<(), Error> {
    // SAFETY: the caller's promise, passed on.
    if let Some(owner) = unsafe { QUEUES.find(cq) }?.destroy() {
        owner.close();
    }
    Ok(())
}
