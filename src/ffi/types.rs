//! The names that C sees before any function: handles, callback types and constants.
//!
//! A handle is an empty type whose only use is to keep pointers apart; what stands behind each is said in
//! `handle`. The enums are never used in a signature, because C may pass any number: functions take and
//! give `int32_t`.
#![expect(non_camel_case_types, reason = "these are the names of the C interface")]

use std::ffi::{c_char, c_void};
use std::mem::offset_of;

/// Result of a call: 0 (`ROCKETMQ_OK`) or one of the negative `ROCKETMQ_ERR_*`.
pub type rocketmq_status = i32;

/// All statuses. Numbers are never changed and never used again.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum rocketmq_status_code {
    /// Success.
    ROCKETMQ_OK = 0,

    /// NULL, out of range, unknown enum value. This and the next ones: a mistake of the caller, fix the program.
    ROCKETMQ_ERR_INVALID_ARGUMENT = -1,
    /// Text is not UTF-8.
    ROCKETMQ_ERR_INVALID_UTF8 = -2,
    /// The producer or completion queue was destroyed before; other objects do not notice.
    ROCKETMQ_ERR_INVALID_HANDLE = -3,
    /// Not started, started twice, or too late for this call.
    ROCKETMQ_ERR_INVALID_STATE = -4,
    /// No such configuration key.
    ROCKETMQ_ERR_UNKNOWN_KEY = -5,
    /// Value not accepted for the key, or a required key is missing.
    ROCKETMQ_ERR_INVALID_VALUE = -6,
    /// A call that waits for callbacks, made on a library thread.
    ROCKETMQ_ERR_WOULD_DEADLOCK = -7,
    /// The handle belongs to the parent process.
    ROCKETMQ_ERR_FORKED = -8,
    /// No such property, key or index.
    ROCKETMQ_ERR_NOT_FOUND = -10,
    /// This build, or this broker, cannot do it.
    ROCKETMQ_ERR_NOT_SUPPORTED = -11,
    /// The application's callback refused or misbehaved.
    ROCKETMQ_ERR_CALLBACK = -12,

    /// A bug in the library (a caught panic). This and the next ones: local conditions.
    ROCKETMQ_ERR_INTERNAL = -20,
    /// Out of memory, threads, file descriptors.
    ROCKETMQ_ERR_SYSTEM = -21,
    /// In-flight limit reached: retry after the next callback or event, or 10 ms.
    ROCKETMQ_ERR_QUEUE_FULL = -22,
    /// Finished sends are not taken: a callback blocks, or a queue is not polled.
    ROCKETMQ_ERR_COMPLETION_FULL = -23,
    /// The producer shut down, or the completion queue was destroyed.
    ROCKETMQ_ERR_CLOSED = -24,
    /// Removed on request before it ended.
    ROCKETMQ_ERR_CANCELLED = -25,
    /// Time limit passed.
    ROCKETMQ_ERR_TIMEOUT = -26,
    /// The call needs a route that is not known yet: rocketmq_producer_prepare_topic().
    ROCKETMQ_ERR_ROUTE_NOT_READY = -27,

    /// The topic is empty, too long or has characters that RocketMQ refuses. This and the next ones: the message.
    ROCKETMQ_ERR_INVALID_TOPIC = -40,
    /// Larger than the limits allow.
    ROCKETMQ_ERR_MESSAGE_TOO_LARGE = -41,
    /// Reserved name, empty, or NUL, \1 or \2 inside.
    ROCKETMQ_ERR_INVALID_PROPERTY = -42,
    /// No body.
    ROCKETMQ_ERR_EMPTY_BODY = -43,

    /// No name server answered. This and the next ones: the network.
    ROCKETMQ_ERR_NO_NAMESRV = -60,
    /// No connection to the broker.
    ROCKETMQ_ERR_CONNECT = -61,
    /// The connection ended before the answer came.
    ROCKETMQ_ERR_CONNECTION_LOST = -62,
    /// No secure connection.
    ROCKETMQ_ERR_TLS = -63,
    /// Signature or key refused.
    ROCKETMQ_ERR_AUTH = -64,
    /// Bytes that make no sense.
    ROCKETMQ_ERR_PROTOCOL = -65,
    /// Host name not resolved.
    ROCKETMQ_ERR_RESOLVE = -66,

    /// No route for the topic. This and the next ones: the cluster.
    ROCKETMQ_ERR_TOPIC_NOT_FOUND = -80,
    /// No queue of the topic may be written.
    ROCKETMQ_ERR_NO_WRITABLE_QUEUE = -81,
    /// The broker forbids it.
    ROCKETMQ_ERR_NO_PERMISSION = -82,
    /// Flow control.
    ROCKETMQ_ERR_BROKER_BUSY = -83,
    /// Any other code: rocketmq_error_broker_code().
    ROCKETMQ_ERR_BROKER = -84,
    /// Request sent, no reply in time.
    ROCKETMQ_ERR_NO_REPLY = -85,
}

/// Special values of `timeout_ms`, see R6.
#[repr(C)]
pub enum rocketmq_wait {
    /// No limit.
    ROCKETMQ_WAIT_FOREVER = -1,
    /// The value of "send.timeout.ms".
    ROCKETMQ_WAIT_DEFAULT = -2,
}

/// Did a broker store the message although the send failed? Over all attempts: NOT_SENT and REJECTED only if
/// no attempt may have been stored.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum rocketmq_outcome {
    /// Perhaps: a retry may duplicate.
    ROCKETMQ_OUTCOME_UNKNOWN = 0,
    /// Certainly not: a retry cannot duplicate.
    ROCKETMQ_OUTCOME_NOT_SENT = 1,
    /// A broker answered and refused: a retry cannot duplicate.
    ROCKETMQ_OUTCOME_REJECTED = 2,
}

/// Levels of log lines, the gravest first.
#[repr(C)]
pub enum rocketmq_log_level {
    /// As a limit: no lines.
    ROCKETMQ_LOG_OFF = 0,
    /// Something was lost or does not work.
    ROCKETMQ_LOG_ERROR = 1,
    /// Something failed and is tried again.
    ROCKETMQ_LOG_WARN = 2,
    /// Starts, ends and changes of the cluster.
    ROCKETMQ_LOG_INFO = 3,
    /// Single requests.
    ROCKETMQ_LOG_DEBUG = 4,
    /// Everything.
    ROCKETMQ_LOG_TRACE = 5,
}

/// A producer's life: CREATED, start, RUNNING, shutdown, CLOSED. A failed start returns to CREATED; there is
/// no way back from CLOSED.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum rocketmq_state {
    /// Not started: calls that need a running producer answer `ROCKETMQ_ERR_INVALID_STATE`.
    ROCKETMQ_STATE_CREATED = 0,
    /// Inside rocketmq_producer_start(): as CREATED.
    ROCKETMQ_STATE_STARTING = 1,
    /// Sends.
    ROCKETMQ_STATE_RUNNING = 2,
    /// Shutting down: new calls answer `ROCKETMQ_ERR_CLOSED`, accepted sends come to their ends.
    ROCKETMQ_STATE_CLOSING = 3,
    /// Shut down: no callback runs or will run.
    ROCKETMQ_STATE_CLOSED = 4,
    /// An internal error: calls answer `ROCKETMQ_ERR_INTERNAL`; shutdown and destroy work.
    ROCKETMQ_STATE_FAILED = 5,
}

/// Bits for rocketmq_send_options_set_flags().
#[repr(C)]
pub enum rocketmq_send_flag {
    /// Async and one-way: wait for room when the in-flight limit is reached; sync sends always do. A thread that sends
    /// faster than its connection can write also waits for that, 10 ms at most: so it works on memory that is still warm.
    ROCKETMQ_SEND_BLOCK = 1,
    /// One attempt only.
    ROCKETMQ_SEND_NO_RETRY = 2,
}

/// What `rocketmq_producer_purge()` ends.
#[repr(C)]
pub enum rocketmq_purge {
    /// What waits for a route, a connection, others to go out with (`batch.auto`), or the end of a pause that a broker
    /// asked for.
    ROCKETMQ_PURGE_WAITING = 1,
    /// What a connection has taken.
    ROCKETMQ_PURGE_IN_FLIGHT = 2,
}

/// How well a message was stored. All four are successes: the broker has the message.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum rocketmq_send_status {
    /// Stored as configured.
    ROCKETMQ_SEND_OK = 0,
    /// Stored in memory, the disk flush was late.
    ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT = 1,
    /// Stored, the replica's flush was late.
    ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT = 2,
    /// Stored, no replica took it.
    ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE = 3,
}

/// What an event tells. Other numbers may be added: pass over what you do not know, but release it.
#[repr(C)]
pub enum rocketmq_event_kind {
    /// An async send or batch has ended: result or error.
    ROCKETMQ_EVENT_SEND = 1,
    /// A log line: text.
    ROCKETMQ_EVENT_LOG = 5,
    /// An async flush has ended.
    ROCKETMQ_EVENT_FLUSHED = 6,
    /// An async shutdown has ended; `status` as rocketmq_producer_shutdown() returns it.
    ROCKETMQ_EVENT_CLOSED = 7,
}

/// One event. The only public struct: 64 bytes, the same layout everywhere, frozen for ever. It may be copied; one
/// copy is to be released. It and what it carries outlive the queue and the producer, and a fork.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct rocketmq_event {
    /// The caller's number.
    pub tag: u64,
    /// One of `ROCKETMQ_EVENT_*`.
    pub kind: i32,
    /// `ROCKETMQ_OK` or why it failed; OK for LOG.
    pub status: i32,
    /// SEND: one of `ROCKETMQ_SEND_*`; LOG: the level; -1 if none.
    pub code: i32,
    /// SEND: the queue on its broker; -1 if unknown.
    pub queue_id: i32,
    /// SEND: the position in the queue, of a batch the first's; -1 if unknown.
    pub queue_offset: i64,
    /// 0, or private: use the functions.
    pub detail: u64,
    /// Zero.
    pub reserved: [u64; 3],
}

const _: () = assert!(
    size_of::<rocketmq_event>() == 64
        && align_of::<rocketmq_event>() == 8
        && offset_of!(rocketmq_event, kind) == 8
        && offset_of!(rocketmq_event, status) == 12
        && offset_of!(rocketmq_event, code) == 16
        && offset_of!(rocketmq_event, queue_id) == 20
        && offset_of!(rocketmq_event, queue_offset) == 24
        && offset_of!(rocketmq_event, detail) == 32
        && offset_of!(rocketmq_event, reserved) == 40
);

/// Why a call or a send failed.
pub struct rocketmq_error {
    _opaque: [u8; 0],
}

/// Producer settings.
pub struct rocketmq_config {
    _opaque: [u8; 0],
}

/// The client.
pub struct rocketmq_producer {
    _opaque: [u8; 0],
}

/// A message to send.
pub struct rocketmq_message {
    _opaque: [u8; 0],
}

/// Per-send settings, reusable.
pub struct rocketmq_send_options {
    _opaque: [u8; 0],
}

/// What the broker answered.
pub struct rocketmq_send_result {
    _opaque: [u8; 0],
}

/// Writable queues of a topic.
pub struct rocketmq_queue_list {
    _opaque: [u8; 0],
}

/// Completion queue: ends of asynchronous calls that the application polls.
pub struct rocketmq_cq {
    _opaque: [u8; 0],
}

/// Takes back `user_data` that was lent to the library: exactly once, after its last use, on any thread (R7).
/// It may call X_destroy functions only and must not throw. If the call that would have lent `user_data`
/// fails, it does not run. May be NULL.
pub type rocketmq_release_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// Chooses the queue of a message: returns an index into `queues`, from 0 on, or -1 to give the send up. Both are good
/// until it returns; it may call only functions that read them.
///
/// Runs once for each send, on the sender's thread, inside the call; retries keep its queue. `queues` has the topic's
/// writable queues as Java orders them: by broker name, then by id. -1, and any other number that is no index, end the
/// call with `ROCKETMQ_ERR_CALLBACK`, and nothing is sent. It must return normally: an exception that leaves it ends
/// the process; catch it and return -1.
pub type rocketmq_queue_selector_fn = Option<
    unsafe extern "C-unwind" fn(
        queues: *const rocketmq_queue_list,
        message: *const rocketmq_message,
        user_data: *mut c_void,
    ) -> i32,
>;

/// Takes one log line; `level` is one of `ROCKETMQ_LOG_*`. Runs once per line, on one library thread and so
/// never twice at once, with no lock held. `target` and `text` are good until it returns. It must not block,
/// must not throw, and may call nothing of this library. It may still run after rocketmq_producer_shutdown();
/// it stops for good when it is replaced (its release function tells when) or with
/// rocketmq_global_shutdown().
pub type rocketmq_log_fn = Option<
    unsafe extern "C-unwind" fn(
        level: i32,
        target: *const c_char,
        text: *const c_char,
        user_data: *mut c_void,
    ),
>;

/// Takes the end of an async send. Exactly one of `result` and `error` is non-NULL; both are borrowed, good
/// until the callback returns (rocketmq_send_result_clone(), rocketmq_error_clone() keep one).
///
/// Runs exactly once for each accepted send and never for a refused one, on a library callback thread, never
/// inside the send call; it may run before that call returns. With one callback thread (the default) the
/// callbacks of a producer run one after the other. It may call everything but what R8 refuses; waiting in it
/// holds up later callbacks. During rocketmq_producer_shutdown() it runs for every send that is still open, at
/// the latest with `ROCKETMQ_ERR_CLOSED`; after OK or `ROCKETMQ_ERR_CLOSED` from there it does not run any
/// more, and `user_data` may go. It must return normally: an exception that leaves it ends the process.
pub type rocketmq_send_fn = Option<
    unsafe extern "C-unwind" fn(
        result: *const rocketmq_send_result,
        error: *const rocketmq_error,
        user_data: *mut c_void,
    ),
>;

/// Wakes the host's event loop: runs when a completion queue stops being empty, on a library thread, never twice at
/// once for one queue, and not again before the host had the chance to poll. It may call rocketmq_cq_length() and
/// nothing else of this library, must not block and must not throw. It may run until it is replaced or the queue is
/// destroyed, and its release function has been called.
pub type rocketmq_wakeup_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;
