//! Producer settings, and the table of keys.

use std::ffi::{CStr, c_char};
use std::ptr;

use crate::ffi::output::Output;
use crate::ffi::types::{rocketmq_config, rocketmq_error, rocketmq_status};
use crate::ffi::{boundary, handle, input};
use crate::producer::{self, Config, Key};

/// Settings with all defaults; never NULL. To be destroyed. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_create() -> *mut rocketmq_config {
    boundary::value(ptr::null_mut(), || Ok(handle::give(Config::new())))
}

/// A copy, to be destroyed. \[one\]
///
/// # Safety
///
/// `config` is NULL or a live config that is not changed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_config_clone(config: *const rocketmq_config) -> *mut rocketmq_config {
    boundary::value(ptr::null_mut(), || {
        // SAFETY: NULL or a live config.
        let config = unsafe { handle::read("config", config) }?;
        Ok(handle::give(config.clone()))
    })
}

/// Producers made with it keep their own copy. \[any, last use\]
///
/// # Safety
///
/// `config` is NULL or the caller's own config, not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_config_destroy(config: *mut rocketmq_config) {
    boundary::value((), || {
        // SAFETY: NULL, or given up by its owner.
        unsafe { handle::destroy(config) };
        Ok(())
    });
}

/// Sets one key, as "namesrv.addr", "producer.group", "send.timeout.ms". Unknown keys
/// (`ROCKETMQ_ERR_UNKNOWN_KEY`) and bad values (`ROCKETMQ_ERR_INVALID_VALUE`) are errors, never ignored, and
/// change nothing. A NULL `value` restores the default. Blanks around a value are dropped. Durations are in
/// milliseconds and sizes in bytes, as the keys' names say. \[one\]
///
/// # Safety
///
/// `config` is NULL or a live config that nobody else uses; the texts as R5, `error` as R2 has them.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_config_set(
    config: *mut rocketmq_config,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or a config that only this call uses.
        let config = unsafe { handle::change("config", config) }?;
        // SAFETY: NULL or text.
        let key = unsafe { input::text("key", key) }?;
        // SAFETY: NULL or text.
        let value = unsafe { input::optional_text(key, value) }?;
        config.set(key, value)
    })
}

/// Text of a key's value, the default if it was not set; secrets read as "***". `value` must not be NULL; its
/// text is the caller's: rocketmq_string_free(). \[one\]
///
/// # Safety
///
/// `config` is NULL or a live config that is not changed meanwhile; `key` as R5, the outputs as R2 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_config_get(
    config: *const rocketmq_config,
    key: *const c_char,
    value: *mut *mut c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let value = unsafe { Output::owned(value) };
    boundary::run(&error, || {
        // SAFETY: NULL or a live config.
        let config = unsafe { handle::read("config", config) }?;
        // SAFETY: NULL or text.
        let key = unsafe { input::text("key", key) }?;
        value.required("value")?;
        value.put(handle::give_text(&config.get(key)?));
        Ok(())
    })
}

/// Name of the key at `index` of the table of all keys, for generators and --help; NULL past the end. Static
/// text, as the next three. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_key_name(index: usize) -> *const c_char {
    key_text(index, |key| key.name)
}

/// Its type: "int", "bool", "string", "duration", "bytes" or "enum:a|b"; NULL past the end. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_key_type(index: usize) -> *const c_char {
    key_text(index, |key| key.kind)
}

/// Its default, "" if it has none; NULL past the end. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_key_default(index: usize) -> *const c_char {
    key_text(index, |key| key.default)
}

/// What it means; NULL past the end. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_key_doc(index: usize) -> *const c_char {
    key_text(index, |key| key.doc)
}

/// 1 if the key may be changed while a producer runs, else 0, also past the end. \[any\]
#[unsafe(no_mangle)]
pub extern "C" fn rocketmq_config_key_is_live(index: usize) -> i32 {
    producer::keys().get(index).map_or(0, |key| i32::from(key.live))
}

fn key_text(index: usize, which: impl FnOnce(&'static Key) -> &'static CStr) -> *const c_char {
    producer::keys().get(index).map_or(ptr::null(), |key| which(key).as_ptr())
}
