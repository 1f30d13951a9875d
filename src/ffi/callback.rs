//! Calls into the application: a function pointer with its `user_data`, and what happens when an exception
//! comes out of it. The only place that lets a pointer of the application go to another thread.

use std::ffi::{c_char, c_void};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;

use bytes::Bytes;

use crate::error::{Error, ErrorKind};
use crate::ffi::handle;
use crate::ffi::types::{rocketmq_error, rocketmq_log_fn, rocketmq_release_fn, rocketmq_send_fn};
use crate::ffi::types::{rocketmq_queue_selector_fn, rocketmq_send_result, rocketmq_wakeup_fn};
use crate::producer::{Callback, Context, End, Selector};
use crate::runtime::Wakeup;
use crate::text::Text;

/// The application's own pointer, passed through and never looked at.
struct UserData(*mut c_void);

// SAFETY: the library only hands it back. The contract of every callback names its thread, so what stands
// behind the pointer is the application's to protect.
unsafe impl Send for UserData {}

// SAFETY: as for `Send`; log lines come from one thread at a time.
unsafe impl Sync for UserData {}

/// Ends the process in a defined way when a callback does not return: an exception of C++ must not unwind the
/// library's own frames, whose threads other sends depend on.
struct MustReturn;

impl Drop for MustReturn {
    fn drop(&mut self) {
        let text = b"rocketmq-producer: an exception left a callback of the application; aborting\n";
        // Nothing is left to do if stderr is closed.
        let _written = std::io::stderr().write_all(text);
        std::process::abort();
    }
}

/// Calls the application; see [`MustReturn`].
fn call(application: impl FnOnce()) {
    let guard = MustReturn;
    application();
    std::mem::forget(guard);
}

/// The end of an async send, on its way to the application.
pub(super) fn on_sent(callback: rocketmq_send_fn, user_data: *mut c_void) -> Result<Callback, Error> {
    let Some(callback) = callback else {
        return Err(Error::new(ErrorKind::InvalidArgument, "`callback` is NULL"));
    };
    // The application's own pointer, passed through and never looked at; what stands behind it is the application's to
    // protect. Without a box: there is one of these for every send.
    let context = [AtomicPtr::new(callback as *mut ()), AtomicPtr::new(user_data.cast())];
    Ok(Callback::plain(sent, context))
}

/// A function that [`on_sent`] got, which is not NULL.
type SendFn = unsafe extern "C-unwind" fn(*const rocketmq_send_result, *const rocketmq_error, *mut c_void);

/// Tells the application of the end.
fn sent(end: End<'_>, [callback, user_data]: Context) {
    // SAFETY: `on_sent` made the pointer from a function of this type.
    let callback = unsafe { std::mem::transmute::<*mut (), SendFn>(callback.into_inner()) };
    let user_data = user_data.into_inner().cast();
    let (result, error) = match end {
        Ok(result) => (handle::lend::<rocketmq_send_result>(result), std::ptr::null()),
        Err(error) => (std::ptr::null(), handle::lend::<rocketmq_error>(error)),
    };
    // SAFETY: the application's function, called as its type says; both objects outlive the call.
    call(|| unsafe { callback(result, error, user_data) });
}

/// A queue selector of the application; `None` without a function: then `user_data` has no use and goes back at once.
pub(super) fn selector(
    select: rocketmq_queue_selector_fn,
    user_data: *mut c_void,
    release: rocketmq_release_fn,
) -> Option<Selector> {
    let lent = Lent { user_data: UserData(user_data), release };
    let select = select?;
    Some(Selector::new(move |queues, message| {
        // The whole of it, not its pointer alone, goes with the closure.
        let lent = &lent;
        let mut index = -1;
        // SAFETY: the application's function, called as its type says; both objects outlive the call.
        call(|| index = unsafe { select(handle::lend(queues), handle::lend(message), lent.user_data.0) });
        index
    }))
}

/// Where log lines go. Dropped when it is replaced; only then the application gets `user_data` back.
pub(super) struct LogTarget {
    log: unsafe extern "C-unwind" fn(i32, *const c_char, *const c_char, *mut c_void),
    lent: Lent,
}

impl LogTarget {
    /// `None` without a function: then `user_data` has no use and goes back at once.
    pub(super) fn new(
        log: rocketmq_log_fn,
        user_data: *mut c_void,
        release: rocketmq_release_fn,
    ) -> Option<Self> {
        let lent = Lent { user_data: UserData(user_data), release };
        log.map(|log| Self { log, lent })
    }

    /// Hands one line over.
    pub(super) fn line(&self, level: i32, target: &str, text: &str) {
        let (target, text) = (Text::new(target), Text::new(text));
        let (target, text) = (target.as_c_str().as_ptr(), text.as_c_str().as_ptr());
        // SAFETY: the application's function, called as its type says; both texts outlive the call.
        call(|| unsafe { (self.log)(level, target, text, self.lent.user_data.0) });
    }
}

/// What wakes the application's loop; `None` without a function: then `user_data` has no use and goes back at once.
pub(super) fn wakeup(
    wake: rocketmq_wakeup_fn,
    user_data: *mut c_void,
    release: rocketmq_release_fn,
) -> Option<Wakeup> {
    let lent = Lent { user_data: UserData(user_data), release };
    let wake = wake?;
    Some(Arc::new(move || {
        // The whole of it, not its pointer alone, goes with the closure.
        let lent = &lent;
        // SAFETY: the application's function, called as its type says.
        call(|| unsafe { wake(lent.user_data.0) });
    }))
}

/// Bytes of the application, until nothing uses them any more; then `release` runs. Without one they are static.
pub(super) fn lent_bytes(
    bytes: &'static [u8],
    release: rocketmq_release_fn,
    user_data: *mut c_void,
) -> Bytes {
    if release.is_none() {
        return Bytes::from_static(bytes);
    }
    Bytes::from_owner(LentBytes { bytes, _lent: Lent { user_data: UserData(user_data), release } })
}

/// The owner of such bytes.
struct LentBytes {
    bytes: &'static [u8],
    _lent: Lent,
}

impl AsRef<[u8]> for LentBytes {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

/// `user_data` that the application wants back.
struct Lent {
    user_data: UserData,
    release: rocketmq_release_fn,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // SAFETY: the application's function, called as its type says, once.
            call(|| unsafe { release(self.user_data.0) });
        }
    }
}
