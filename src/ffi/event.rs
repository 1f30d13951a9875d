//! Events: what a poll of a completion queue gives.

use std::cell::RefCell;
use std::ffi::c_char;
use std::ptr;

use crate::error::Error;
use crate::ffi::boundary;
use crate::ffi::error::code;
use crate::ffi::handle::{self, Handle};
use crate::ffi::output::{Output, Outputs};
use crate::ffi::types::{
    rocketmq_error, rocketmq_event, rocketmq_event_kind, rocketmq_send_result, rocketmq_status_code,
};
use crate::producer::{Event, SendResult, What};
use crate::text::Text;

/// Frees what `count` polled events carry. Each polled event needs it once, whatever its kind; it sets `detail` to 0, so
/// that a second release of the same copy does nothing. NULL, 0 and less: nothing. \[any\]
///
/// # Safety
///
/// `events` is NULL or has `count` events of a poll, of each of which no other copy was released before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_event_release(events: *mut rocketmq_event, count: i32) {
    boundary::value((), || {
        for index in 0..usize::try_from(count).unwrap_or(0) {
            if events.is_null() {
                break;
            }
            // SAFETY: within the caller's array.
            let place = unsafe { events.add(index) };
            // SAFETY: an event of the caller's, which nobody else uses meanwhile.
            let event = unsafe { &mut *place };
            let detail = handle::from_number::<event_detail>(std::mem::take(&mut event.detail));
            // SAFETY: the event came from a poll, and no copy of it was released before.
            if let Some(detail) = unsafe { handle::take_back(detail) } {
                keep(detail);
            }
        }
        Ok(())
    });
}

/// Where the message was stored, of a SEND that succeeded; else NULL. Borrowed, good until the event is released:
/// rocketmq_send_result_clone() keeps it. \[any\]
///
/// # Safety
///
/// `event` is NULL or an event of a poll that is not released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_event_result(event: *const rocketmq_event) -> *const rocketmq_send_result {
    // SAFETY: the caller's promise, passed on.
    let detail = unsafe { detail(event) };
    let Some(Detail::Result(result)) = detail else { return ptr::null() };
    handle::lend(result)
}

/// Why it failed, of an event whose `status` is not OK; else NULL. Borrowed, good until the event is released:
/// rocketmq_error_clone() keeps it. \[any\]
///
/// # Safety
///
/// As for rocketmq_event_result().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_event_error(event: *const rocketmq_event) -> *const rocketmq_error {
    // SAFETY: the caller's promise, passed on.
    let detail = unsafe { detail(event) };
    let Some(Detail::Error(error)) = detail else { return ptr::null() };
    handle::lend(error)
}

/// The text of a LOG: which part of the library says it, and what; else NULL. `len` is its length, if wanted; 0 without a
/// text. Borrowed, good until the event is released. \[any\]
///
/// # Safety
///
/// As for rocketmq_event_result(); `len` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_event_text(event: *const rocketmq_event, len: *mut usize) -> *const c_char {
    // SAFETY: NULL or a variable of the caller.
    let len = unsafe { Output::new(len) };
    // SAFETY: the caller's promise, passed on.
    let detail = unsafe { detail(event) };
    let Some(Detail::Line(text)) = detail else {
        len.put(0);
        return ptr::null();
    };
    len.put(text.as_str().len());
    text.as_c_str().as_ptr()
}

/// What an event carries; plain memory.
#[expect(clippy::large_enum_variant, reason = "in one memory that is used again for any of them")]
enum Detail {
    Result(SendResult),
    Error(Error),
    Line(Text),
    /// Spare.
    Nothing,
}

/// The object behind `rocketmq_event.detail`.
#[expect(non_camel_case_types, reason = "it stands among the names of C, which does not see it")]
struct event_detail;

impl Handle for event_detail {
    type Object = Detail;
}

/// What an event carries, if anything.
///
/// # Safety
///
/// `event` is NULL or an event of a poll that is not released.
unsafe fn detail<'a>(event: *const rocketmq_event) -> Option<&'a Detail> {
    // SAFETY: the caller's promise.
    let event = unsafe { event.as_ref() }?;
    // SAFETY: what a poll has put there, and no release has taken.
    unsafe { handle::read_optional(handle::from_number::<event_detail>(event.detail)) }
}

/// Writes polled events into an array of the caller.
pub(super) struct Writer<'a> {
    places: &'a Outputs<rocketmq_event>,
    written: usize,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(places: &'a Outputs<rocketmq_event>) -> Self {
        Self { places, written: 0 }
    }

    pub(super) fn put(&mut self, event: Event<'_>) {
        self.places.put(self.written, written(event));
        self.written += 1;
    }
}

/// The event as C sees it.
fn written(Event { tag, what }: Event<'_>) -> rocketmq_event {
    use rocketmq_event_kind as Kind;
    let mut event = rocketmq_event {
        tag,
        kind: 0,
        status: rocketmq_status_code::ROCKETMQ_OK as i32,
        code: -1,
        queue_id: -1,
        queue_offset: -1,
        detail: 0,
        reserved: [0; 3],
    };
    let (kind, end) = match what {
        What::Sent(Ok(result)) => {
            event.code = result.status as i32;
            event.queue_id = result.queue_id;
            event.queue_offset = result.queue_offset;
            event.detail = give(Detail::Result(result.take()));
            (Kind::ROCKETMQ_EVENT_SEND, Ok(()))
        }
        What::Sent(Err(error)) => (Kind::ROCKETMQ_EVENT_SEND, Err(error)),
        What::Flushed(end) => (Kind::ROCKETMQ_EVENT_FLUSHED, end),
        What::Closed(end) => (Kind::ROCKETMQ_EVENT_CLOSED, end),
        What::Line(line) => {
            event.code = line.level as i32;
            event.detail = give(Detail::Line(Text::new(&line.text)));
            (Kind::ROCKETMQ_EVENT_LOG, Ok(()))
        }
    };
    event.kind = kind as i32;
    if let Err(error) = end {
        event.status = code(error.kind()) as i32;
        event.detail = give(Detail::Error(error));
    }
    event
}

/// Details that a thread keeps for its next poll.
const SPARES_MAX: usize = 256;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what events point to")]
    static SPARES: RefCell<Vec<Box<Detail>>> = const { RefCell::new(Vec::new()) };
}

/// Makes a detail the event's.
fn give(detail: Detail) -> u64 {
    // None on a thread that is ending.
    let spare = SPARES.try_with(|spares| spares.try_borrow_mut().ok()?.pop()).ok().flatten();
    let detail = match spare {
        Some(mut spare) => {
            *spare = detail;
            spare
        }
        None => Box::new(detail),
    };
    handle::to_number(handle::give_box::<event_detail>(detail))
}

/// Empties a detail and keeps its memory.
fn keep(mut detail: Box<Detail>) {
    *detail = Detail::Nothing;
    // Dropped on a thread that is ending.
    let _ = SPARES.try_with(move |spares| {
        if let Ok(mut spares) = spares.try_borrow_mut()
            && spares.len() < SPARES_MAX
        {
            spares.push(detail);
        }
    });
}
