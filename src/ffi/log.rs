//! Where log lines go.

use std::ffi::c_void;
use std::sync::Arc;

use log::{Level, LevelFilter};

use crate::error::{Error, ErrorKind};
use crate::ffi::callback::LogTarget;
use crate::ffi::types::{
    rocketmq_cq, rocketmq_log_fn, rocketmq_log_level, rocketmq_release_fn, rocketmq_status,
};
use crate::ffi::{boundary, handle};
use crate::producer::Line;
use crate::runtime;

/// Gives `function` every log line up to `max_level` (one of `ROCKETMQ_LOG_*`, else INVALID_ARGUMENT), in the order
/// of their making, on one library thread. A NULL `function`: back to stderr, where warnings go by default.
/// A line has no control characters and at most 4 KiB of text. The same line comes at most once a second, and then
/// says how many were left out. While `function` is slow up to 1024 lines wait, then the oldest are dropped and
/// counted; nothing else waits for it.
/// `release` takes `user_data` back when no line can reach it any more: after it was replaced and its last
/// call has returned, or at once if `function` is NULL. \[any\]
///
/// # Safety
///
/// `function` may be called with `user_data` on any thread until `release` has been called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_log_set_callback(
    max_level: i32,
    function: rocketmq_log_fn,
    user_data: *mut c_void,
    release: rocketmq_release_fn,
) -> rocketmq_status {
    boundary::status(|| {
        let max_level = level_filter(max_level)?;
        let sink = LogTarget::new(function, user_data, release).map(|target| -> runtime::LogSink {
            Arc::new(move |level: Level, module: &str, text: &str| {
                target.line(level as i32, module, text);
                true
            })
        });
        runtime::set_log_sink(max_level, sink);
        Ok(())
    })
}

/// Makes every log line up to `max_level` an event of `cq` with `tag`: kind `ROCKETMQ_EVENT_LOG`, `code` the level, the
/// text by rocketmq_event_text(). While nobody polls 1024 lines wait, then the oldest are dropped, and counted in the
/// next line's text. Otherwise as rocketmq_log_set_callback(), which it replaces. Warnings go to standard error again
/// once `cq` is destroyed, and in the child of a fork. \[any\]
///
/// # Safety
///
/// `cq` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_log_set_cq(
    max_level: i32,
    cq: *mut rocketmq_cq,
    tag: u64,
) -> rocketmq_status {
    boundary::status(|| {
        let max_level = level_filter(max_level)?;
        // SAFETY: NULL or from create.
        let queue = Arc::clone(&unsafe { handle::queue(cq) }?);
        let generation = runtime::generation();
        let sink = move |level: Level, module: &str, text: &str| {
            // A child of a fork has the sink too, but the queue is its parent's.
            generation == runtime::generation()
                && queue.push_line(tag, Line { level, text: format!("{module}: {text}") })
        };
        runtime::set_log_sink(max_level, Some(Arc::new(sink)));
        Ok(())
    })
}

/// The level of the `log` facade for one of `ROCKETMQ_LOG_*`; the numbers are the same.
fn level_filter(level: i32) -> Result<LevelFilter, Error> {
    const OFF: i32 = rocketmq_log_level::ROCKETMQ_LOG_OFF as i32;
    const ERROR: i32 = rocketmq_log_level::ROCKETMQ_LOG_ERROR as i32;
    const WARN: i32 = rocketmq_log_level::ROCKETMQ_LOG_WARN as i32;
    const INFO: i32 = rocketmq_log_level::ROCKETMQ_LOG_INFO as i32;
    const DEBUG: i32 = rocketmq_log_level::ROCKETMQ_LOG_DEBUG as i32;
    const TRACE: i32 = rocketmq_log_level::ROCKETMQ_LOG_TRACE as i32;
    match level {
        OFF => Ok(LevelFilter::Off),
        ERROR => Ok(LevelFilter::Error),
        WARN => Ok(LevelFilter::Warn),
        INFO => Ok(LevelFilter::Info),
        DEBUG => Ok(LevelFilter::Debug),
        TRACE => Ok(LevelFilter::Trace),
        _ => Err(Error::new(ErrorKind::InvalidArgument, format!("`max_level` is {level}: no log level"))),
    }
}
