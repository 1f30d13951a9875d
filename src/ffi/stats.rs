//! What is counted.

use std::ffi::c_char;

use crate::error::ErrorKind;
use crate::ffi::error::{code, name};
use crate::ffi::output::Output;
use crate::ffi::types::{rocketmq_error, rocketmq_producer, rocketmq_status};
use crate::ffi::{boundary, handle};

/// What the producer and its client have counted, as a JSON object: sends by how they ended, refused calls, what is in
/// flight, latencies, and for each broker and name server state, traffic and round trips, ages of routes.
/// docs/STATISTICS.md says what each member means and has a JSON Schema; the member "schema" is its version: members may
/// be added, none changes its meaning. Before the start there is nothing but zeros and refused calls; after a shutdown
/// the counts stay, brokers and routes are gone. Counting cannot be turned off; a snapshot takes less than a
/// millisecond for some brokers and a hundred topics. `json` must not be NULL; its text is the caller's:
/// rocketmq_string_free(). \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create; outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_stats_json(
    producer: *const rocketmq_producer,
    json: *mut *mut c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let json = unsafe { Output::owned(json) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        json.required("json")?;
        json.put(handle::give_text(&producer.stats_json(status_name)));
        Ok(())
    })
}

fn status_name(kind: ErrorKind) -> &'static str {
    name(code(kind) as rocketmq_status).to_str().unwrap_or_default()
}
