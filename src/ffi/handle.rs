//! Objects across the border: the only place where ownership leaves Rust and comes back, and where an object
//! pointer becomes a reference.
//!
//! Everything but a producer is a plain box: one owner, destroyed once, no check possible. A producer's
//! pointer leads to a small block that is never freed, because producers are few, live long and are destroyed
//! by garbage collectors in any order: so a call after destroy, or in the child of a fork, gets an answer.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};

use crate::error::{Error, ErrorKind};
use crate::ffi::owned::Owned;
use crate::ffi::types::{
    rocketmq_config, rocketmq_error, rocketmq_message, rocketmq_producer, rocketmq_queue_list,
    rocketmq_send_options, rocketmq_send_result,
};
use crate::ffi::{input, process};
use crate::producer::{Config, Message, Producer, QueueList, SendOptions, SendResult};
use crate::runtime;
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

/// Starts each block, so that another object passed as a producer is told apart.
const MAGIC: u64 = 0x726d_715f_7072_6f64;

/// The newest block; each leads to the one before. Blocks are reachable from here for ever, so leak checkers
/// stay calm.
static NEWEST: AtomicPtr<Control> = AtomicPtr::new(ptr::null_mut());

/// What a `rocketmq_producer *` points to. Never freed; what is costly, the producer, goes with its destroy.
struct Control {
    magic: u64,
    /// The process generation that made it.
    generation: u64,
    producer: Owned<Owner>,
    /// Once known; C holds a pointer into it.
    client_id: OnceLock<Text>,
    before: AtomicPtr<Self>,
}

/// A box of its own for the weak reference to keep, so that a destroyed producer leaves a few bytes behind and
/// not all its memory.
pub(super) struct Owner(Arc<Producer>);

impl std::ops::Deref for Owner {
    type Target = Arc<Producer>;

    fn deref(&self) -> &Arc<Producer> {
        &self.0
    }
}

/// Makes a producer the caller's.
pub(super) fn give_producer(producer: Arc<Producer>) -> *mut rocketmq_producer {
    let control: &'static Control = Box::leak(Box::new(Control {
        magic: MAGIC,
        generation: runtime::generation(),
        producer: Owned::new(Owner(producer)),
        client_id: OnceLock::new(),
        before: AtomicPtr::new(ptr::null_mut()),
    }));
    let block = ptr::from_ref(control).cast_mut();
    let mut newest = NEWEST.load(Ordering::Acquire);
    loop {
        control.before.store(newest, Ordering::Relaxed);
        match NEWEST.compare_exchange_weak(newest, block, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return block.cast(),
            Err(other) => newest = other,
        }
    }
}

/// The producer behind a pointer, for the time of a call.
///
/// # Safety
///
/// `producer` is NULL or came from [`give_producer`], destroyed or not.
pub(super) unsafe fn producer(producer: *const rocketmq_producer) -> Result<Arc<Owner>, Error> {
    // SAFETY: the caller's promise, passed on.
    unsafe { control(producer) }?.live()
}

/// The producer's client id, as text that the block owns. Empty until the producer knows it.
///
/// # Safety
///
/// As for [`producer`].
pub(super) unsafe fn client_id(producer: *const rocketmq_producer) -> Result<*const c_char, Error> {
    // SAFETY: the caller's promise, passed on.
    let control = unsafe { control(producer) }?;
    let id = control.live()?.client_id();
    if id.is_empty() {
        return Ok(c"".as_ptr());
    }
    Ok(control.client_id.get_or_init(|| id).as_c_str().as_ptr())
}

/// Ends the handle; what the producer still has to do goes on by itself. A second time, and in the child of
/// a fork, nothing happens.
///
/// # Safety
///
/// As for [`producer`].
pub(super) unsafe fn destroy_producer(producer: *mut rocketmq_producer) -> Result<(), Error> {
    // SAFETY: the caller's promise, passed on.
    let control = unsafe { control(producer) }?;
    if let Some(owner) = control.producer.destroy() {
        process::remember_leaving(&owner.0);
        owner.abandon();
    }
    Ok(())
}

/// Every producer of this process that is not destroyed.
pub(super) fn producers() -> Vec<Arc<Producer>> {
    let mut found = Vec::new();
    let mut block = NEWEST.load(Ordering::Acquire);
    // SAFETY: the list holds blocks that are never freed.
    while let Some(control) = unsafe { block.as_ref() } {
        if control.generation == runtime::generation() {
            found.extend(control.live().map(|owner| Arc::clone(&owner.0)));
        }
        block = control.before.load(Ordering::Acquire);
    }
    found
}

/// The block behind a pointer, if it belongs to this process.
///
/// # Safety
///
/// As for [`producer`].
unsafe fn control(producer: *const rocketmq_producer) -> Result<&'static Control, Error> {
    // SAFETY: a pointer from `give_producer` leads to a block, and blocks are never freed.
    let control = unsafe { producer.cast::<Control>().as_ref() }.ok_or_else(|| is_null("producer"))?;
    if control.magic != MAGIC {
        return Err(Error::new(ErrorKind::InvalidHandle, "the pointer does not lead to a producer"));
    }
    if control.generation != runtime::generation() {
        return Err(Error::new(ErrorKind::Forked, "the producer belongs to the parent process"));
    }
    Ok(control)
}

impl Control {
    fn live(&self) -> Result<Arc<Owner>, Error> {
        let destroyed = || Error::new(ErrorKind::InvalidHandle, "the producer was destroyed before");
        self.producer.live().ok_or_else(destroyed)
    }
}
