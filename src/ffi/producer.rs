//! The producer: its life, its topics, its sends.

use std::ffi::{c_char, c_void};
use std::future::Future;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Outcome};
use crate::ffi::output::Output;
use crate::ffi::types::{
    rocketmq_config, rocketmq_error, rocketmq_message, rocketmq_producer, rocketmq_purge,
    rocketmq_queue_list, rocketmq_send_fn, rocketmq_send_options, rocketmq_send_result, rocketmq_state,
    rocketmq_status,
};
use crate::ffi::{boundary, callback, handle, input, process};
use crate::producer::{Begun, Callback, Cargo, Instant, Producer, SendOptions, State, Timeout};
use crate::runtime;

/// Checks the whole configuration; no I/O, no thread. `config` is copied and stays the caller's. `producer`
/// must not be NULL; to be destroyed. \[any\]
///
/// # Safety
///
/// `config` is NULL or a live config that is not changed meanwhile; outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_create(
    config: *const rocketmq_config,
    producer: *mut *mut rocketmq_producer,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let producer = unsafe { Output::owned(producer) };
    boundary::run(&error, || {
        // SAFETY: NULL or a live config.
        let config = unsafe { handle::read("config", config) }?;
        producer.required("producer")?;
        process::watch_forks()?;
        producer.put(handle::give_producer(Producer::new(config)?));
        Ok(())
    })
}

/// Starts threads and connects to a name server. `timeout_ms` 0: does not wait for one, as Java; otherwise
/// fails unless one answered in time. After a failure it may be called again; on a producer that runs it is
/// `ROCKETMQ_ERR_INVALID_STATE`. A shutdown meanwhile ends it with `ROCKETMQ_ERR_CLOSED`. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `error` as R2 has it.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_start(
    producer: *mut rocketmq_producer,
    timeout_ms: i64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        block(deadline, Outcome::NotSent, producer.start(deadline, timeout_ms != 0))
    })
}

/// Refuses new sends with `ROCKETMQ_ERR_CLOSED`, sends at once what waits for others to go out with, lets those in
/// flight end, ends the rest with `ROCKETMQ_ERR_CLOSED` at the limit, waits for callbacks, for those of the rest up to 50 ms past it.
/// OK: all ended by themselves. `ROCKETMQ_ERR_CLOSED`: some were cut off. After both the state is CLOSED and no
/// callback runs or will run. `ROCKETMQ_ERR_TIMEOUT`: callbacks still run or are due; the state is CLOSING,
/// `user_data` must stay; call again. Concurrent calls wait for the same end; on a CLOSED producer OK at once;
/// before start it closes at once. On a library thread `ROCKETMQ_ERR_WOULD_DEADLOCK`. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_shutdown(
    producer: *mut rocketmq_producer,
    timeout_ms: i64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        process::refuse_library_threads()?;
        block(deadline, Outcome::NotSent, producer.shutdown(deadline))
    })
}

/// Never waits. Ends what is still open with `ROCKETMQ_ERR_CLOSED` (its callbacks follow, once each, on library
/// threads) and frees when the last has run. Nothing is left to run only after a shutdown that reached CLOSED.
/// Later calls with the pointer answer `ROCKETMQ_ERR_INVALID_HANDLE`, a second destroy does nothing; client_id
/// text stays good. \[any, last use\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_destroy(producer: *mut rocketmq_producer) {
    boundary::value((), || {
        // SAFETY: NULL or from create.
        unsafe { handle::destroy_producer(producer) }
    });
}

/// Where in its life it is: one of `ROCKETMQ_STATE_*`. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_state(producer: *const rocketmq_producer) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let state = match producer.state() {
            State::Created => rocketmq_state::ROCKETMQ_STATE_CREATED,
            State::Starting => rocketmq_state::ROCKETMQ_STATE_STARTING,
            State::Running => rocketmq_state::ROCKETMQ_STATE_RUNNING,
            State::Closing => rocketmq_state::ROCKETMQ_STATE_CLOSING,
            State::Closed => rocketmq_state::ROCKETMQ_STATE_CLOSED,
            State::Failed => rocketmq_state::ROCKETMQ_STATE_FAILED,
        };
        Ok(state as i32)
    })
}

/// The name by which brokers know this client; "" before start. Owned by the producer. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_client_id(producer: *const rocketmq_producer) -> *const c_char {
    boundary::value(c"".as_ptr(), || {
        // SAFETY: NULL or from create.
        unsafe { handle::client_id(producer) }
    })
}

/// Sends that hold room in flight: accepted, and not yet answered by a broker nor ended otherwise. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_in_flight(producer: *const rocketmq_producer) -> usize {
    boundary::value(0, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        Ok(producer.in_flight())
    })
}

/// Brokers that messages could be written to now. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_connected(producer: *const rocketmq_producer) -> i32 {
    boundary::value(-1, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        Ok(i32::try_from(producer.connected()).unwrap_or(i32::MAX))
    })
}

/// Changes a live key (rocketmq_config_key_is_live()) of a producer that runs or whose start is under way, with the
/// values and errors of rocketmq_config_set(); other known keys: `ROCKETMQ_ERR_INVALID_ARGUMENT`. "namesrv.addr":
/// the new list holds from the next request on, a start that waits for name servers asks them; servers in both
/// lists keep their connection, those that are gone are closed; discovery by "namesrv.domain" ends. Producers that
/// share a client ("instance.name") share the change; one that is created later with the old list does not join
/// them. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create; the texts as R5, `error` as R2 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_update(
    producer: *mut rocketmq_producer,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or text.
        let key = unsafe { input::text("key", key) }?;
        // SAFETY: NULL or text.
        let value = unsafe { input::text("value", value) }?;
        producer.update(key, value)
    })
}

/// Looks the topic up and connects to its brokers, so that the first send is fast. Asks the name servers anew
/// for a topic that they did not know; a send to such a topic does so once a second. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `topic` as R5, `error` as R2 has them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_prepare_topic(
    producer: *mut rocketmq_producer,
    topic: *const c_char,
    timeout_ms: i64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        block(deadline, Outcome::NotSent, producer.prepare_topic(topic, deadline))
    })
}

/// The writable queues of a topic. `list` must not be NULL; to be destroyed. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `topic` as R5, outputs as R2 has them.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_fetch_queues(
    producer: *mut rocketmq_producer,
    topic: *const c_char,
    timeout_ms: i64,
    list: *mut *mut rocketmq_queue_list,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let list = unsafe { Output::owned(list) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or text.
        let topic = unsafe { input::text("topic", topic) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        list.required("list")?;
        list.give(block(deadline, Outcome::NotSent, producer.fetch_queues(topic, deadline))?);
        Ok(())
    })
}

/// Sends and waits for the broker's answer. `options` may be NULL. The message is only read: reuse or destroy
/// it as soon as the call returns. `result` says where it was stored; a message stored with another status
/// than `ROCKETMQ_SEND_OK` is a success too. With `batch.auto` it also waits for others to go out with. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `message` and `options` are NULL or live objects that are not changed
/// meanwhile; outputs as R2.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send(
    producer: *mut rocketmq_producer,
    message: *const rocketmq_message,
    options: *const rocketmq_send_options,
    result: *mut *mut rocketmq_send_result,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    // SAFETY: NULL or a variable of the caller.
    let result = unsafe { Output::owned(result) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        send(&producer, Cargo::One(message), options, &result)
    })
}

/// Sends without waiting. OK: accepted, `callback` runs exactly once. Failure: not accepted, `callback` never
/// runs, `user_data` stays the caller's. \[any; with `ROCKETMQ_SEND_BLOCK`: wait\]
///
/// With `batch.auto` accepted sends, sync ones too, wait up to `batch.linger.ms` for others to the same topic and go out
/// as one batch, which is stored whole or not at all. Each has its own end, as if it had gone alone: id, queue offset,
/// offset id, latency; or an error, the same for all of a batch. Sends to one queue, by name, selector or sharding key,
/// are not overtaken. What no batch may hold goes out at once: delayed, one-way and large messages, bodies that are
/// compressed. A send ends by its own limit; by others with less time in its batch it may end up to an eighth of its
/// limit and the linger time earlier.
///
/// # Safety
///
/// `producer` is NULL or from create; `message` and `options` are NULL or live objects that are not changed
/// meanwhile; `callback` may be called with `user_data` once, on any thread; `error` as R2 has it.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn rocketmq_producer_send_async(
    producer: *mut rocketmq_producer,
    message: *const rocketmq_message,
    options: *const rocketmq_send_options,
    callback: rocketmq_send_fn,
    user_data: *mut c_void,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        let callback = callback::on_sent(callback, user_data)?;
        send_async(&producer, Cargo::One(message), options, callback)
    })
}

/// Sends and asks for no answer. OK: accepted; it may still be lost without a word. Refused at once: limits,
/// `ROCKETMQ_ERR_CLOSED`, bad message. \[any; with `ROCKETMQ_SEND_BLOCK`: wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `message` and `options` are NULL or live objects that are not changed
/// meanwhile; `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_send_oneway(
    producer: *mut rocketmq_producer,
    message: *const rocketmq_message,
    options: *const rocketmq_send_options,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        // SAFETY: NULL or a live message.
        let message = unsafe { handle::read("message", message) }?;
        // SAFETY: NULL or live options.
        let options = unsafe { handle::read_optional(options) }.unwrap_or(&PLAIN);
        let begun = producer.begin_oneway(message, options)?;
        go_on(&producer, Cargo::One(message), options, begun)
    })
}

/// Waits until every send accepted before the call has ended and its callback has returned; one-way sends
/// count until they are written. Later sends do not hold it up. What waits for others to go out with (`batch.auto`)
/// goes out at once. `ROCKETMQ_ERR_TIMEOUT`: some have not ended. On a library thread
/// `ROCKETMQ_ERR_WOULD_DEADLOCK`. \[wait\]
///
/// # Safety
///
/// `producer` is NULL or from create; `error` as R2 has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_flush(
    producer: *mut rocketmq_producer,
    timeout_ms: i64,
    error: *mut *mut rocketmq_error,
) -> rocketmq_status {
    // SAFETY: NULL or a variable of the caller.
    let error = unsafe { Output::owned(error) };
    boundary::run(&error, || {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        let deadline = producer.deadline(input::timeout(timeout_ms)?);
        process::refuse_library_threads()?;
        block(deadline, Outcome::NotSent, producer.flush(deadline))
    })
}

/// Ends sends early with `ROCKETMQ_ERR_CANCELLED`; `what` is one or both of `ROCKETMQ_PURGE_*`. Those in flight
/// may be stored all the same: their outcome is `ROCKETMQ_OUTCOME_UNKNOWN`. Their callbacks follow on library
/// threads. A sync send that waits for room was not accepted yet and is not touched. \[any\]
///
/// # Safety
///
/// `producer` is NULL or from create.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rocketmq_producer_purge(
    producer: *mut rocketmq_producer,
    what: u32,
) -> rocketmq_status {
    boundary::status(|| {
        // SAFETY: NULL or from create.
        let producer = unsafe { handle::producer(producer) }?;
        if what == 0 || what & !(WAITING | IN_FLIGHT) != 0 {
            let text = format!("`what` is {what}, not one or both of ROCKETMQ_PURGE_*");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        producer.purge(what & WAITING != 0, what & IN_FLIGHT != 0)
    })
}

const WAITING: u32 = rocketmq_purge::ROCKETMQ_PURGE_WAITING as u32;
const IN_FLIGHT: u32 = rocketmq_purge::ROCKETMQ_PURGE_IN_FLIGHT as u32;

/// What a send without options has.
pub(super) static PLAIN: SendOptions =
    SendOptions { timeout: Timeout::Default, block: false, no_retry: false, queue: None, selector: None };

/// Sends and waits for the result.
pub(super) fn send(
    producer: &Arc<Producer>,
    cargo: Cargo<'_>,
    options: &SendOptions,
    result: &Output<*mut rocketmq_send_result>,
) -> Result<(), Error> {
    let deadline = producer.deadline(options.timeout);
    let mut awaited = block(deadline, Outcome::Unknown, producer.begin_awaited(cargo, options, deadline))?;
    awaited.listen();
    result.give(block(deadline, Outcome::Unknown, awaited.outcome())?);
    Ok(())
}

/// Sends, and waits for room if that is wanted.
pub(super) fn send_async(
    producer: &Arc<Producer>,
    cargo: Cargo<'_>,
    options: &SendOptions,
    callback: Callback,
) -> Result<(), Error> {
    let begun = producer.begin_async(cargo, options, callback)?;
    go_on(producer, cargo, options, begun)
}

/// What is left to do of a send that was not refused at once: to wait, if it may.
pub(super) fn go_on(
    producer: &Arc<Producer>,
    cargo: Cargo<'_>,
    options: &SendOptions,
    begun: Begun,
) -> Result<(), Error> {
    if begun.is_under_way() {
        return Ok(());
    }
    let deadline = producer.deadline(options.timeout);
    block(deadline, Outcome::NotSent, producer.go_on(cargo, options, deadline, begun))
}

/// Waits for the end of a call on the caller's thread. The call ends by itself at its deadline; should it
/// not, the caller goes free a moment later, with `outcome` as all that is known of a message.
pub(super) fn block<T>(
    deadline: Option<Instant>,
    outcome: Outcome,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    runtime::wait(Producer::grace(deadline), call)
        .unwrap_or_else(|| Err(Error::new(ErrorKind::Timeout, "the time limit passed").with_outcome(outcome)))
}
