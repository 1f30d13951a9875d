//! The writable queues of a topic.

use std::ffi::c_char;

use crate::ffi::types::rocketmq_queue_list;
use crate::ffi::{boundary, handle};

/// Number of queues. They are ordered by broker name, then by queue id, as Java has them. \[any\]
///
/// # Safety
///
/// `list` is NULL or a live queue list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_queue_list_size(list: *const rocketmq_queue_list) -> usize {
    boundary::value(0, || {
        // SAFETY: NULL or a live queue list.
        let list = unsafe { handle::read("list", list) }?;
        Ok(list.len())
    })
}

/// Name of the broker of a queue, owned by the list; "" past the end. \[any\]
///
/// # Safety
///
/// `list` is NULL or a live queue list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_queue_list_broker(
    list: *const rocketmq_queue_list,
    index: usize,
) -> *const c_char {
    boundary::value(c"".as_ptr(), || {
        // SAFETY: NULL or a live queue list.
        let list = unsafe { handle::read("list", list) }?;
        Ok(list.broker(index).map_or(c"", |broker| broker.as_c_str()).as_ptr())
    })
}

/// Id of a queue on its broker, from 0; -1 past the end. \[any\]
///
/// # Safety
///
/// `list` is NULL or a live queue list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_queue_list_queue_id(list: *const rocketmq_queue_list, index: usize) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or a live queue list.
        let list = unsafe { handle::read("list", list) }?;
        Ok(list.queue_id(index).unwrap_or(-1))
    })
}

/// Frees the list. \[any, last use\]
///
/// # Safety
///
/// `list` is NULL or the caller's own queue list, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_queue_list_destroy(list: *mut rocketmq_queue_list) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy(list) };
        Ok(())
    });
}
