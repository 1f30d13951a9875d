/* rocketmq_producer.h - C interface of the RocketMQ producer library.
 *
 * Generated from the Rust sources; do not edit.
 *
 * C99 and later, C++11 and later (and C89 with `<stdint.h>`). Every name starts with `rocketmq_` or `ROCKETMQ_`.
 *
 * Rules that hold for the whole file, unless a comment says otherwise:
 *
 *  R1  0 (`ROCKETMQ_OK`) is success, every failure is negative.
 *  R2  Order of arguments: object, inputs, callback with its `user_data`, outputs, `error`; a function stands
 *      before its `user_data`. An output may be NULL if it is not wanted, except where it is the purpose of
 *      the call (create, build, get, fetch_queues, stats_json). On failure a pointer output becomes NULL, others stay
 *      as they were. `error` is always written if given: NULL on success, an object to destroy on failure.
 *  R3  A NULL object gives `ROCKETMQ_ERR_INVALID_ARGUMENT`; X_destroy(NULL) does nothing. Functions that return
 *      no status answer it so: objects NULL, text "" (NULL where NULL means absent), sizes 0, other integers -1;
 *      rocketmq_error_status() OK, _outcome() UNKNOWN, _is_retriable() 0. They answer the same for a producer
 *      that was destroyed or belongs to the parent process. NULL text removes tags, keys, property and queue,
 *      and restores a configuration default; NULL elsewhere, a callback included, is INVALID_ARGUMENT.
 *  R4  Input memory is copied before the call returns, unless the call's name says that it is borrowed.
 *  R5  Text is UTF-8 and NUL-terminated. A returned `const char *` is owned by the object it came from and
 *      dies with it; a returned `char *` is the caller's: rocketmq_string_free(). Text received from the
 *      network that is not UTF-8 is repaired with U+FFFD, a NUL ends it; bodies are exact.
 *  R6  `timeout_ms`: > 0 a limit for the whole call; 0 do not wait; `ROCKETMQ_WAIT_FOREVER` no limit;
 *      `ROCKETMQ_WAIT_DEFAULT` the value of "send.timeout.ms" (3000 where there is no producer). Other
 *      negative values: INVALID_ARGUMENT. What is not done by then: `ROCKETMQ_ERR_TIMEOUT`.
 *  R7  On the caller's own stack only two things of the application run: the queue selector, inside a send, and a
 *      release function inside a call that replaces or destroys what it belongs to, never inside a send.
 *  R8  [any] = callable from any thread at any time, also from a callback; never waits.
 *      [wait] = may wait. Refused on library threads with `ROCKETMQ_ERR_WOULD_DEADLOCK` only where it waits
 *      for callbacks: flush, shutdown, global_shutdown, and cq_poll with a wait, whichever producer they name.
 *      [one] = one thread at a time per object: const functions and sends may run together, a setter alone.
 *
 * After fork() the child's producers and completion queues answer `ROCKETMQ_ERR_FORKED` and their destroy does
 * nothing; all other objects, polled events too, are plain memory and work, and new producers may be created.
 */
#ifndef ROCKETMQ_PRODUCER_H
#define ROCKETMQ_PRODUCER_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(ROCKETMQ_STATIC)
#  define ROCKETMQ_API __declspec(dllimport)
#elif defined(__GNUC__)
#  define ROCKETMQ_API __attribute__((visibility("default")))
#else
#  define ROCKETMQ_API
#endif

/* Results not to be ignored; -DROCKETMQ_NO_CHECK silences it. */
#if defined(__GNUC__) && !defined(ROCKETMQ_NO_CHECK)
#  define ROCKETMQ_CHECK __attribute__((warn_unused_result))
#else
#  define ROCKETMQ_CHECK
#endif

/* Functions that have a better one; -DROCKETMQ_NO_DEPRECATED_WARNINGS silences it. */
#if defined(ROCKETMQ_NO_DEPRECATED_WARNINGS)
#  define ROCKETMQ_DEPRECATED(why)
#elif defined(__GNUC__)
#  define ROCKETMQ_DEPRECATED(why) __attribute__((deprecated(why)))
#elif defined(_MSC_VER)
#  define ROCKETMQ_DEPRECATED(why) __declspec(deprecated(why))
#else
#  define ROCKETMQ_DEPRECATED(why)
#endif

/* The version of this header. */
#define ROCKETMQ_VERSION_MAJOR 0
#define ROCKETMQ_VERSION_MINOR 1
#define ROCKETMQ_VERSION_PATCH 0
#define ROCKETMQ_VERSION_STRING "0.1.0"
/* 0x00MMmmpp: usable in #if, and comparable with rocketmq_version_number(). */
#define ROCKETMQ_VERSION_NUMBER \
  ((ROCKETMQ_VERSION_MAJOR << 16) | (ROCKETMQ_VERSION_MINOR << 8) | ROCKETMQ_VERSION_PATCH)

/* Length value that means: this string ends at its NUL. */
#define ROCKETMQ_NTS ((size_t)-1)

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- types */

/** All statuses. Numbers are never changed and never used again. */
typedef enum {
  /** Success. */
  ROCKETMQ_OK = 0,
  /** NULL, out of range, unknown enum value. This and the next ones: a mistake of the caller, fix the program. */
  ROCKETMQ_ERR_INVALID_ARGUMENT = -1,
  /** Text is not UTF-8. */
  ROCKETMQ_ERR_INVALID_UTF8 = -2,
  /** The producer or completion queue was destroyed before; other objects do not notice. */
  ROCKETMQ_ERR_INVALID_HANDLE = -3,
  /** Not started, started twice, or too late for this call. */
  ROCKETMQ_ERR_INVALID_STATE = -4,
  /** No such configuration key. */
  ROCKETMQ_ERR_UNKNOWN_KEY = -5,
  /** Value not accepted for the key, or a required key is missing. */
  ROCKETMQ_ERR_INVALID_VALUE = -6,
  /** A call that waits for callbacks, made on a library thread. */
  ROCKETMQ_ERR_WOULD_DEADLOCK = -7,
  /** The handle belongs to the parent process. */
  ROCKETMQ_ERR_FORKED = -8,
  /** No such property, key or index. */
  ROCKETMQ_ERR_NOT_FOUND = -10,
  /** This build, or this broker, cannot do it. */
  ROCKETMQ_ERR_NOT_SUPPORTED = -11,
  /** The application's callback refused or misbehaved. */
  ROCKETMQ_ERR_CALLBACK = -12,
  /** A bug in the library (a caught panic). This and the next ones: local conditions. */
  ROCKETMQ_ERR_INTERNAL = -20,
  /** Out of memory, threads, file descriptors. */
  ROCKETMQ_ERR_SYSTEM = -21,
  /** In-flight limit reached: retry after the next callback or event, or 10 ms. */
  ROCKETMQ_ERR_QUEUE_FULL = -22,
  /** Finished sends are not taken: a callback blocks, or a queue is not polled. */
  ROCKETMQ_ERR_COMPLETION_FULL = -23,
  /** The producer shut down, or the completion queue was destroyed. */
  ROCKETMQ_ERR_CLOSED = -24,
  /** Removed on request before it ended. */
  ROCKETMQ_ERR_CANCELLED = -25,
  /** Time limit passed. */
  ROCKETMQ_ERR_TIMEOUT = -26,
  /** The call needs a route that is not known yet: rocketmq_producer_prepare_topic(). */
  ROCKETMQ_ERR_ROUTE_NOT_READY = -27,
  /** The topic is empty, too long or has characters that RocketMQ refuses. This and the next ones: the message. */
  ROCKETMQ_ERR_INVALID_TOPIC = -40,
  /** Larger than the limits allow. */
  ROCKETMQ_ERR_MESSAGE_TOO_LARGE = -41,
  /** Reserved name, empty, or NUL, \1 or \2 inside. */
  ROCKETMQ_ERR_INVALID_PROPERTY = -42,
  /** No body. */
  ROCKETMQ_ERR_EMPTY_BODY = -43,
  /** No name server answered. This and the next ones: the network. */
  ROCKETMQ_ERR_NO_NAMESRV = -60,
  /** No connection to the broker. */
  ROCKETMQ_ERR_CONNECT = -61,
  /** The connection ended before the answer came. */
  ROCKETMQ_ERR_CONNECTION_LOST = -62,
  /** No secure connection. */
  ROCKETMQ_ERR_TLS = -63,
  /** Signature or key refused. */
  ROCKETMQ_ERR_AUTH = -64,
  /** Bytes that make no sense. */
  ROCKETMQ_ERR_PROTOCOL = -65,
  /** Host name not resolved. */
  ROCKETMQ_ERR_RESOLVE = -66,
  /** No route for the topic. This and the next ones: the cluster. */
  ROCKETMQ_ERR_TOPIC_NOT_FOUND = -80,
  /** No queue of the topic may be written. */
  ROCKETMQ_ERR_NO_WRITABLE_QUEUE = -81,
  /** The broker forbids it. */
  ROCKETMQ_ERR_NO_PERMISSION = -82,
  /** Flow control. */
  ROCKETMQ_ERR_BROKER_BUSY = -83,
  /** Any other code: rocketmq_error_broker_code(). */
  ROCKETMQ_ERR_BROKER = -84,
  /** Request sent, no reply in time. */
  ROCKETMQ_ERR_NO_REPLY = -85
} rocketmq_status_code;

/** Special values of `timeout_ms`, see R6. */
typedef enum {
  /** No limit. */
  ROCKETMQ_WAIT_FOREVER = -1,
  /** The value of "send.timeout.ms". */
  ROCKETMQ_WAIT_DEFAULT = -2
} rocketmq_wait;

/**
 * Did a broker store the message although the send failed? Over all attempts: NOT_SENT and REJECTED only if
 * no attempt may have been stored.
 */
typedef enum {
  /** Perhaps: a retry may duplicate. */
  ROCKETMQ_OUTCOME_UNKNOWN = 0,
  /** Certainly not: a retry cannot duplicate. */
  ROCKETMQ_OUTCOME_NOT_SENT = 1,
  /** A broker answered and refused: a retry cannot duplicate. */
  ROCKETMQ_OUTCOME_REJECTED = 2
} rocketmq_outcome;

/** Levels of log lines, the gravest first. */
typedef enum {
  /** As a limit: no lines. */
  ROCKETMQ_LOG_OFF = 0,
  /** Something was lost or does not work. */
  ROCKETMQ_LOG_ERROR = 1,
  /** Something failed and is tried again. */
  ROCKETMQ_LOG_WARN = 2,
  /** Starts, ends and changes of the cluster. */
  ROCKETMQ_LOG_INFO = 3,
  /** Single requests. */
  ROCKETMQ_LOG_DEBUG = 4,
  /** Everything. */
  ROCKETMQ_LOG_TRACE = 5
} rocketmq_log_level;

/**
 * A producer's life: CREATED, start, RUNNING, shutdown, CLOSED. A failed start returns to CREATED; there is
 * no way back from CLOSED.
 */
typedef enum {
  /** Not started: calls that need a running producer answer `ROCKETMQ_ERR_INVALID_STATE`. */
  ROCKETMQ_STATE_CREATED = 0,
  /** Inside rocketmq_producer_start(): as CREATED. */
  ROCKETMQ_STATE_STARTING = 1,
  /** Sends. */
  ROCKETMQ_STATE_RUNNING = 2,
  /** Shutting down: new calls answer `ROCKETMQ_ERR_CLOSED`, accepted sends come to their ends. */
  ROCKETMQ_STATE_CLOSING = 3,
  /** Shut down: no callback runs or will run. */
  ROCKETMQ_STATE_CLOSED = 4,
  /** An internal error: calls answer `ROCKETMQ_ERR_INTERNAL`; shutdown and destroy work. */
  ROCKETMQ_STATE_FAILED = 5
} rocketmq_state;

/** Bits for rocketmq_send_options_set_flags(). */
typedef enum {
  /**
   * Async and one-way: wait for room when the in-flight limit is reached; sync sends always do. A thread that sends
   * faster than its connection can write also waits for that, 10 ms at most: so it works on memory that is still warm.
   */
  ROCKETMQ_SEND_BLOCK = 1,
  /** One attempt only. */
  ROCKETMQ_SEND_NO_RETRY = 2
} rocketmq_send_flag;

/** What `rocketmq_producer_purge()` ends. */
typedef enum {
  /**
   * What waits for a route, a connection, others to go out with (`batch.auto`), or the end of a pause that a broker
   * asked for.
   */
  ROCKETMQ_PURGE_WAITING = 1,
  /** What a connection has taken. */
  ROCKETMQ_PURGE_IN_FLIGHT = 2
} rocketmq_purge;

/** How well a message was stored. All four are successes: the broker has the message. */
typedef enum {
  /** Stored as configured. */
  ROCKETMQ_SEND_OK = 0,
  /** Stored in memory, the disk flush was late. */
  ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT = 1,
  /** Stored, the replica's flush was late. */
  ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT = 2,
  /** Stored, no replica took it. */
  ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE = 3
} rocketmq_send_status;

/** What an event tells. Other numbers may be added: pass over what you do not know, but release it. */
typedef enum {
  /** An async send or batch has ended: result or error. */
  ROCKETMQ_EVENT_SEND = 1,
  /** A log line: text. */
  ROCKETMQ_EVENT_LOG = 5,
  /** An async flush has ended. */
  ROCKETMQ_EVENT_FLUSHED = 6,
  /** An async shutdown has ended; `status` as rocketmq_producer_shutdown() returns it. */
  ROCKETMQ_EVENT_CLOSED = 7
} rocketmq_event_kind;

/** Producer settings. */
typedef struct rocketmq_config rocketmq_config;

/** Completion queue: ends of asynchronous calls that the application polls. */
typedef struct rocketmq_cq rocketmq_cq;

/** Why a call or a send failed. */
typedef struct rocketmq_error rocketmq_error;

/** A message to send. */
typedef struct rocketmq_message rocketmq_message;

/** The client. */
typedef struct rocketmq_producer rocketmq_producer;

/** Writable queues of a topic. */
typedef struct rocketmq_queue_list rocketmq_queue_list;

/** Per-send settings, reusable. */
typedef struct rocketmq_send_options rocketmq_send_options;

/** What the broker answered. */
typedef struct rocketmq_send_result rocketmq_send_result;

/** Result of a call: 0 (`ROCKETMQ_OK`) or one of the negative `ROCKETMQ_ERR_*`. */
typedef int32_t rocketmq_status;

/**
 * One event. The only public struct: 64 bytes, the same layout everywhere, frozen for ever. It may be copied; one
 * copy is to be released. It and what it carries outlive the queue and the producer, and a fork.
 */
typedef struct {
  /** The caller's number. */
  uint64_t tag;
  /** One of `ROCKETMQ_EVENT_*`. */
  int32_t kind;
  /** `ROCKETMQ_OK` or why it failed; OK for LOG. */
  int32_t status;
  /** SEND: one of `ROCKETMQ_SEND_*`; LOG: the level; -1 if none. */
  int32_t code;
  /** SEND: the queue on its broker; -1 if unknown. */
  int32_t queue_id;
  /** SEND: the position in the queue, of a batch the first's; -1 if unknown. */
  int64_t queue_offset;
  /** 0, or private: use the functions. */
  uint64_t detail;
  /** Zero. */
  uint64_t reserved[3];
} rocketmq_event;

/**
 * Takes back `user_data` that was lent to the library: exactly once, after its last use, on any thread (R7).
 * It may call X_destroy functions only and must not throw. If the call that would have lent `user_data`
 * fails, it does not run. May be NULL.
 */
typedef void (*rocketmq_release_fn)(void *user_data);

/**
 * Chooses the queue of a message: returns an index into `queues`, from 0 on, or -1 to give the send up. Both are good
 * until it returns; it may call only functions that read them.
 *
 * Runs once for each send, on the sender's thread, inside the call; retries keep its queue. `queues` has the topic's
 * writable queues as Java orders them: by broker name, then by id. -1, and any other number that is no index, end the
 * call with `ROCKETMQ_ERR_CALLBACK`, and nothing is sent. It must return normally: an exception that leaves it ends
 * the process; catch it and return -1.
 */
typedef int32_t (*rocketmq_queue_selector_fn)(const rocketmq_queue_list *queues,
                                              const rocketmq_message *message,
                                              void *user_data);

/**
 * Takes one log line; `level` is one of `ROCKETMQ_LOG_*`. Runs once per line, on one library thread and so
 * never twice at once, with no lock held. `target` and `text` are good until it returns. It must not block,
 * must not throw, and may call nothing of this library. It may still run after rocketmq_producer_shutdown();
 * it stops for good when it is replaced (its release function tells when) or with
 * rocketmq_global_shutdown().
 */
typedef void (*rocketmq_log_fn)(int32_t level, const char *target, const char *text, void *user_data);

/**
 * Takes the end of an async send. Exactly one of `result` and `error` is non-NULL; both are borrowed, good
 * until the callback returns (rocketmq_send_result_clone(), rocketmq_error_clone() keep one).
 *
 * Runs exactly once for each accepted send and never for a refused one, on a library callback thread, never
 * inside the send call; it may run before that call returns. With one callback thread (the default) the
 * callbacks of a producer run one after the other. It may call everything but what R8 refuses; waiting in it
 * holds up later callbacks. During rocketmq_producer_shutdown() it runs for every send that is still open, at
 * the latest with `ROCKETMQ_ERR_CLOSED`; after OK or `ROCKETMQ_ERR_CLOSED` from there it does not run any
 * more, and `user_data` may go. It must return normally: an exception that leaves it ends the process.
 */
typedef void (*rocketmq_send_fn)(const rocketmq_send_result *result,
                                 const rocketmq_error *error,
                                 void *user_data);

/**
 * Wakes the host's event loop: runs when a completion queue stops being empty, on a library thread, never twice at
 * once for one queue, and not again before the host had the chance to poll. It may call rocketmq_cq_length() and
 * nothing else of this library, must not block and must not throw. It may run until it is replaced or the queue is
 * destroyed, and its release function has been called.
 */
typedef void (*rocketmq_wakeup_fn)(void *user_data);

/* ----------------------------------------------------------------- version */

/**
 * Version of the loaded library, 0x00MMmmpp as `ROCKETMQ_VERSION_NUMBER`. It fits this header when MAJOR is
 * equal and, below 1.0, MINOR too. [any]
 */
ROCKETMQ_API uint32_t rocketmq_version_number(void);

/** The same as text, "0.1.0". Static, never NULL. [any] */
ROCKETMQ_API const char *rocketmq_version_string(void);

/**
 * How the library was built: commit, target, compiler, TLS. For logs and bug reports; static, never NULL.
 * [any]
 */
ROCKETMQ_API const char *rocketmq_build_info(void);

/* ---------------------------------------------- statuses and error objects */

/**
 * Name of a status, as "ROCKETMQ_ERR_TIMEOUT"; "ROCKETMQ_STATUS_UNKNOWN" for other numbers. Static text,
 * never NULL. [any]
 */
ROCKETMQ_API const char *rocketmq_status_name(rocketmq_status status);

/** A short sentence for a status. Static text, never NULL. [any] */
ROCKETMQ_API const char *rocketmq_status_str(rocketmq_status status);

/** Lists all statuses, for bindings: `index` 0 is `ROCKETMQ_OK`, then the failures; 1 past the end. [any] */
ROCKETMQ_API rocketmq_status rocketmq_status_at(size_t index);

/** The failure's status; OK for NULL. [any] */
ROCKETMQ_API rocketmq_status rocketmq_error_status(const rocketmq_error *e);

/** A full sentence with context, for logs; "" for NULL. [any] */
ROCKETMQ_API const char *rocketmq_error_message(const rocketmq_error *e);

/**
 * Whether a broker has the message nevertheless: one of `ROCKETMQ_OUTCOME_*`, over all attempts; UNKNOWN for
 * NULL. NOT_SENT where no message was concerned. [any]
 */
ROCKETMQ_API int32_t rocketmq_error_outcome(const rocketmq_error *e);

/** 1: the same call may succeed later without a change; 0: it will not, and for NULL. [any] */
ROCKETMQ_API int32_t rocketmq_error_is_retriable(const rocketmq_error *e);

/** The response code of the broker or name server that refused, as it came, or -1. [any] */
ROCKETMQ_API int32_t rocketmq_error_broker_code(const rocketmq_error *e);

/** The text that came with that code, "" if none. [any] */
ROCKETMQ_API const char *rocketmq_error_broker_remark(const rocketmq_error *e);

/** The broker concerned, "name@host:port", or "". [any] */
ROCKETMQ_API const char *rocketmq_error_broker(const rocketmq_error *e);

/** The unique id that the message had, the same in all attempts; "" if it got none. [any] */
ROCKETMQ_API const char *rocketmq_error_message_id(const rocketmq_error *e);

/** Tries made, 0 if none. [any] */
ROCKETMQ_API int32_t rocketmq_error_attempts(const rocketmq_error *e);

/** A copy, to keep what a callback was shown. To be destroyed. [any] */
ROCKETMQ_API rocketmq_error *rocketmq_error_clone(const rocketmq_error *e);

/** Frees an error object that is the caller's. [any, last use] */
ROCKETMQ_API void rocketmq_error_destroy(rocketmq_error *e);

/** Frees a `char *` that the library returned. [any] */
ROCKETMQ_API void rocketmq_string_free(char *text);

/* --------------------------------------------------- process-wide settings */

/**
 * Optional, before the first start (INVALID_STATE later): "runtime.worker.threads" (1) move the bytes,
 * "runtime.callback.threads" (1) run callbacks, "runtime.thread.prefix" ("rmq") begins thread names. [any]
 */
ROCKETMQ_API rocketmq_status rocketmq_global_set(const char *key, const char *value, rocketmq_error **error);

/**
 * For exit hooks and leak checkers: shuts every producer down as rocketmq_producer_shutdown() does, all at
 * once and within the one limit, then joins all threads. `ROCKETMQ_ERR_TIMEOUT`: some are still inside a
 * callback or the system's resolver; call again. After OK the library is as freshly loaded: old handles
 * answer `ROCKETMQ_ERR_CLOSED` (their destroy is still due), new producers may be created. [wait]
 */
ROCKETMQ_API rocketmq_status rocketmq_global_shutdown(int64_t timeout_ms, rocketmq_error **error);

/* --------------------------------------------------------------------- log */

/**
 * Gives `function` every log line up to `max_level` (one of `ROCKETMQ_LOG_*`, else INVALID_ARGUMENT), in the order
 * of their making, on one library thread. A NULL `function`: back to stderr, where warnings go by default.
 * A line has no control characters and at most 4 KiB of text. The same line comes at most once a second, and then
 * says how many were left out. While `function` is slow up to 1024 lines wait, then the oldest are dropped and
 * counted; nothing else waits for it.
 * `release` takes `user_data` back when no line can reach it any more: after it was replaced and its last
 * call has returned, or at once if `function` is NULL. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_log_set_callback(int32_t max_level,
                                          rocketmq_log_fn function,
                                          void *user_data,
                                          rocketmq_release_fn release);

/**
 * Makes every log line up to `max_level` an event of `cq` with `tag`: kind `ROCKETMQ_EVENT_LOG`, `code` the level, the
 * text by rocketmq_event_text(). While nobody polls 1024 lines wait, then the oldest are dropped, and counted in the
 * next line's text. Otherwise as rocketmq_log_set_callback(), which it replaces. Warnings go to standard error again
 * once `cq` is destroyed, and in the child of a fork. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_log_set_cq(int32_t max_level,
                                    rocketmq_cq *cq,
                                    uint64_t tag);

/* ------------------------------------------------------------------ config */

/** Settings with all defaults; never NULL. To be destroyed. [any] */
ROCKETMQ_API rocketmq_config *rocketmq_config_create(void);

/** A copy, to be destroyed. [one] */
ROCKETMQ_API rocketmq_config *rocketmq_config_clone(const rocketmq_config *config);

/** Producers made with it keep their own copy. [any, last use] */
ROCKETMQ_API void rocketmq_config_destroy(rocketmq_config *config);

/**
 * Sets one key, as "namesrv.addr", "producer.group", "send.timeout.ms". Unknown keys
 * (`ROCKETMQ_ERR_UNKNOWN_KEY`) and bad values (`ROCKETMQ_ERR_INVALID_VALUE`) are errors, never ignored, and
 * change nothing. A NULL `value` restores the default. Blanks around a value are dropped. Durations are in
 * milliseconds and sizes in bytes, as the keys' names say. [one]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_config_set(rocketmq_config *config,
                                    const char *key,
                                    const char *value,
                                    rocketmq_error **error);

/**
 * Text of a key's value, the default if it was not set; secrets read as "***". `value` must not be NULL; its
 * text is the caller's: rocketmq_string_free(). [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_config_get(const rocketmq_config *config,
                                    const char *key,
                                    char **value,
                                    rocketmq_error **error);

/**
 * Name of the key at `index` of the table of all keys, for generators and --help; NULL past the end. Static
 * text, as the next three. [any]
 */
ROCKETMQ_API const char *rocketmq_config_key_name(size_t index);

/** Its type: "int", "bool", "string", "duration", "bytes" or "enum:a|b"; NULL past the end. [any] */
ROCKETMQ_API const char *rocketmq_config_key_type(size_t index);

/** Its default, "" if it has none; NULL past the end. [any] */
ROCKETMQ_API const char *rocketmq_config_key_default(size_t index);

/** What it means; NULL past the end. [any] */
ROCKETMQ_API const char *rocketmq_config_key_doc(size_t index);

/** 1 if the key may be changed while a producer runs, else 0, also past the end. [any] */
ROCKETMQ_API int32_t rocketmq_config_key_is_live(size_t index);

/* ---------------------------------------------------------------- messages */

/** A message without body. `message` must not be NULL; to be destroyed. [any] */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_message_create(const char *topic,
                                        rocketmq_message **message);

/**
 * Everything common in one call, for bindings. Text lengths are in bytes without a NUL, or `ROCKETMQ_NTS`
 * (`body_len` not); `tags` and `keys` may be NULL. `message` must not be NULL; to be destroyed. [any]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_message_build(const char *topic,
                                       size_t topic_len,
                                       const char *tags,
                                       size_t tags_len,
                                       const char *keys,
                                       size_t keys_len,
                                       const void *body,
                                       size_t body_len,
                                       rocketmq_message **message,
                                       rocketmq_error **error);

/** A copy that shares the body until one of the two changes its own. To be destroyed. [one] */
ROCKETMQ_API rocketmq_message *rocketmq_message_clone(const rocketmq_message *message);

/** Also right after an async send: a send keeps what it needs. [any, last use] */
ROCKETMQ_API void rocketmq_message_destroy(rocketmq_message *message);

/** Replaces the topic. [one] */
ROCKETMQ_API rocketmq_status rocketmq_message_set_topic(rocketmq_message *message, const char *topic);

/** The tag that consumers filter by; NULL removes it. [one] */
ROCKETMQ_API rocketmq_status rocketmq_message_set_tags(rocketmq_message *message, const char *tags);

/**
 * All keys at once, separated by blanks; the broker's index finds a message by each. NULL removes them.
 * [one]
 */
ROCKETMQ_API rocketmq_status rocketmq_message_set_keys(rocketmq_message *message, const char *keys);

/**
 * Messages of the same sharding key go to the same queue of their topic, in the order in which they are sent, whichever
 * client sends them: the one at Java's `String.hashCode` of the key, modulo the number of writable queues, by broker name
 * and id. Retries stay there. While a broker is lost its keys' sends fail (`ROCKETMQ_ERR_NO_WRITABLE_QUEUE`) rather than go
 * elsewhere, for two minutes; then the queues that are left are shared out anew. The consumer sees the key as the property
 * `__SHARDINGKEY`. NULL removes it. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_sharding_key(rocketmq_message *message,
                                                  const char *key);

/** One more key. [one] */
ROCKETMQ_API rocketmq_status rocketmq_message_add_key(rocketmq_message *message, const char *key);

/**
 * Copies `len` bytes; `ROCKETMQ_ERR_SYSTEM` if there is no memory for them, the body is as before then.
 * `len` 0 (with any `data`) empties the body, and sending it is `ROCKETMQ_ERR_EMPTY_BODY`. [one]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_message_set_body(rocketmq_message *message,
                                          const void *data,
                                          size_t len);

/** Copies `len` more bytes behind the body, to gather it from pieces. Failures as for set_body. [one] */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_message_append_body(rocketmq_message *message,
                                             const void *data,
                                             size_t len);

/**
 * Lends `len` bytes without a copy. On OK they must stay unchanged until `release` runs: once, after the message
 * was destroyed or its body replaced, every clone of it too, and every send that shares them has ended. That may
 * be in the call that destroys or replaces, or later on a library thread; never inside a send. Appending to such
 * a body copies it. A NULL `release` says that the bytes stay for good. On failure nothing was taken and `release`
 * does not run. With `len` 0 as for set_body. [one]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_message_set_body_borrowed(rocketmq_message *message,
                                                   const void *data,
                                                   size_t len,
                                                   rocketmq_release_fn release,
                                                   void *user_data);

/**
 * One of the application's own properties; a NULL `value` removes it. Names that RocketMQ keeps for itself
 * and empty text are `ROCKETMQ_ERR_INVALID_PROPERTY`. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_property(rocketmq_message *message,
                                              const char *name,
                                              const char *value);

/**
 * Many of the application's own properties at once, in the wire form
 * `name \1 value \2 name \1 value \2 ...`, whose last `\2` may be missing; `len` is in bytes without a NUL, or
 * `ROCKETMQ_NTS`. They join those that are there; of several with one name the last counts. What
 * rocketmq_message_set_property() refuses is refused here, and `error` names the property; then none of them
 * is set. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_properties_packed(rocketmq_message *message,
                                                       const char *packed,
                                                       size_t len,
                                                       rocketmq_error **error);

/** A number of the application's own, 0 unless set, which consumers get with the message. [one] */
ROCKETMQ_API rocketmq_status rocketmq_message_set_flag(rocketmq_message *message, int32_t flag);

/**
 * Whether the broker answers only when the message is stored as the broker is configured: flushed to the disk
 * and held by replicas. 1 unless set; with 0 (property `WAIT=false`) it answers as soon as it has the message,
 * and a broker that dies then may lose it. Other values are `ROCKETMQ_ERR_INVALID_ARGUMENT`. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_wait_store(rocketmq_message *message,
                                                int32_t on);

/** The topic, owned by the message and good until it is changed, as all text and the body below. [one] */
ROCKETMQ_API const char *rocketmq_message_topic(const rocketmq_message *message);

/** The tag, "" if none. [one] */
ROCKETMQ_API const char *rocketmq_message_tags(const rocketmq_message *message);

/** The keys, separated by blanks, "" if none. [one] */
ROCKETMQ_API const char *rocketmq_message_keys(const rocketmq_message *message);

/**
 * The body; its length in bytes goes to `len`, which is 0 for an empty body and for a NULL message. NULL for
 * both. [one]
 */
ROCKETMQ_API const void *rocketmq_message_body(const rocketmq_message *message, size_t *len);

/** Value of a property, NULL if the message does not have it. [one] */
ROCKETMQ_API const char *rocketmq_message_property(const rocketmq_message *message, const char *name);

/**
 * Lists the properties, tags and keys among them under their RocketMQ names; past the end
 * `ROCKETMQ_ERR_NOT_FOUND`. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_property_at(const rocketmq_message *message,
                                             size_t index,
                                             const char **name,
                                             const char **value);

/**
 * Unique id of a received message; "" for one being built. A send never writes to its message: each makes a
 * new id, found in its result or error. [one]
 */
ROCKETMQ_API const char *rocketmq_message_id(const rocketmq_message *message);

/** The application's own number, 0 unless set. [one] */
ROCKETMQ_API int32_t rocketmq_message_flag(const rocketmq_message *message);

/**
 * When a received message was sent, in milliseconds since 1970; 0 for one being built, which every attempt to
 * send it stamps anew. [one]
 */
ROCKETMQ_API int64_t rocketmq_message_born_ms(const rocketmq_message *message);

/* ------------------------------------------------------ delays of messages */

/**
 * Has consumers get the message after the delay of this level: 0 at once, 1 to 18 after 1 s, 5 s, 10 s, 30 s,
 * 1 m, 2 m, 3 m, 4 m, 5 m, 6 m, 7 m, 8 m, 9 m, 10 m, 20 m, 30 m, 1 h and 2 h, unless the broker is configured
 * with others. Known to brokers of every version. Other levels are `ROCKETMQ_ERR_INVALID_ARGUMENT`. Of this and
 * the two below the last that is set replaces the others; 0 removes them all. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_delay_level(rocketmq_message *message,
                                                 int32_t level);

/**
 * Has consumers get the message `delay_ms` milliseconds after the broker got it. More than 0, else
 * `ROCKETMQ_ERR_INVALID_ARGUMENT`; a broker refuses more than it is configured for, three days by default, and
 * is as precise as its timer, a second by default. Replaces what the other two set.
 *
 * Brokers before 5.0.0 do not know timers and would deliver at once: no message with one is sent to them. Every
 * answer of a broker names its version, and such a message waits for the first one over a connection. Where all
 * brokers that it may go to are older the send ends with `ROCKETMQ_ERR_NOT_SUPPORTED`, which names broker and
 * version, and outcome NOT_SENT. rocketmq_producer_recall() takes such a message back. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_message_set_delay_ms(rocketmq_message *message,
                                              int64_t delay_ms);

/**
 * As rocketmq_message_set_delay_ms(), at a time in milliseconds since 1970 by the broker's clock; one that is
 * over is at once. [one]
 */
ROCKETMQ_API rocketmq_status rocketmq_message_set_deliver_at_ms(rocketmq_message *message, int64_t unix_ms);

/* ------------------------------------------------------------------ events */

/**
 * Frees what `count` polled events carry. Each polled event needs it once, whatever its kind; it sets `detail` to 0, so
 * that a second release of the same copy does nothing. NULL, 0 and less: nothing. [any]
 */
ROCKETMQ_API
void rocketmq_event_release(rocketmq_event *events,
                            int32_t count);

/**
 * Where the message was stored, of a SEND that succeeded; else NULL. Borrowed, good until the event is released:
 * rocketmq_send_result_clone() keeps it. [any]
 */
ROCKETMQ_API
const rocketmq_send_result *rocketmq_event_result(const rocketmq_event *event);

/**
 * Why it failed, of an event whose `status` is not OK; else NULL. Borrowed, good until the event is released:
 * rocketmq_error_clone() keeps it. [any]
 */
ROCKETMQ_API const rocketmq_error *rocketmq_event_error(const rocketmq_event *event);

/**
 * The text of a LOG: which part of the library says it, and what; else NULL. `len` is its length, if wanted; 0 without a
 * text. Borrowed, good until the event is released. [any]
 */
ROCKETMQ_API
const char *rocketmq_event_text(const rocketmq_event *event,
                                size_t *len);

/* ------------------------------------------------------- completion queues */

/**
 * An empty queue, for any number of producers and threads. No thread, no descriptor until one is asked for. `cq` must
 * not be NULL; to be destroyed. [any]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_cq_create(rocketmq_cq **cq,
                                   rocketmq_error **error);

/**
 * Takes up to `max` events out, waiting until there is one; how many they are. 0: none came in time, or
 * rocketmq_cq_interrupt(). Each event is to be released. With every event the room of its call comes back
 * ("completion.max"). Several threads may poll.
 *
 * Failures are negative: `ROCKETMQ_ERR_CLOSED` when the queue is destroyed meanwhile; `ROCKETMQ_ERR_WOULD_DEADLOCK` on a
 * library thread unless `timeout_ms` is 0; `max` must be at least 1. [wait; any with `timeout_ms` 0]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
int32_t rocketmq_cq_poll(rocketmq_cq *cq,
                         rocketmq_event *events,
                         int32_t max,
                         int64_t timeout_ms);

/**
 * A descriptor, the queue's own, that is readable while events wait, whatever is read from it: for poll(), select(),
 * epoll. Level: it stays readable until a poll has left nothing behind; with edges, poll until less than `max` events
 * come. Do not read, write or close it. -1 if the system has none, and where there are no such descriptors. [any]
 */
ROCKETMQ_API
int32_t rocketmq_cq_fd(rocketmq_cq *cq);

/**
 * Another descriptor for the same, a socket, which the caller owns and closes; never blocking. It may be read, as loops
 * do that know streams only, and need not be; when the queue is destroyed it is at its end. -1 if there is none. For
 * Node, libuv, asyncio. [any]
 */
ROCKETMQ_API
int32_t rocketmq_cq_dup_fd(rocketmq_cq *cq);

/**
 * Has `wake` called whenever the queue stops being empty from now on; NULL removes it. A poll that leaves events behind
 * is not told again. `release` takes `user_data` back after its last use, or at once if `wake` is NULL. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_cq_set_wakeup(rocketmq_cq *cq,
                                       rocketmq_wakeup_fn wake,
                                       void *user_data,
                                       rocketmq_release_fn release);

/** Has one poll that waits return 0; if none waits, the next one does. Never lost, and never more than one. [any] */
ROCKETMQ_API
void rocketmq_cq_interrupt(rocketmq_cq *cq);

/** Events that wait. [any] */
ROCKETMQ_API size_t rocketmq_cq_length(rocketmq_cq *cq);

/**
 * Never waits. Polls under way return `ROCKETMQ_ERR_CLOSED`; events that were not polled and those that follow are
 * dropped, the only exception to "exactly one end". Calls that name it answer `ROCKETMQ_ERR_INVALID_HANDLE` from then
 * on, a second destroy does nothing; polled events stay good. [any, last use]
 */
ROCKETMQ_API
void rocketmq_cq_destroy(rocketmq_cq *cq);

/* ------------------------------------------------------------ send options */

/**
 * Settings as a send without options has them; never NULL. Fill once, then share between threads and sends;
 * may be destroyed as soon as the calls returned. [any]
 */
ROCKETMQ_API rocketmq_send_options *rocketmq_send_options_create(void);

/** Also while async sends that were given them are under way. [any, last use] */
ROCKETMQ_API void rocketmq_send_options_destroy(rocketmq_send_options *options);

/**
 * Limit of a send in milliseconds, all attempts included. Not 0 (INVALID_ARGUMENT);
 * `ROCKETMQ_WAIT_DEFAULT` at first. With `ROCKETMQ_WAIT_FOREVER` only each attempt is limited. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_send_options_set_timeout_ms(rocketmq_send_options *options,
                                                     int64_t timeout_ms);

/**
 * All flags at once, `ROCKETMQ_SEND_BLOCK` and `ROCKETMQ_SEND_NO_RETRY`; 0 at first. Unknown bits are
 * INVALID_ARGUMENT and change nothing. [one]
 */
ROCKETMQ_API rocketmq_status rocketmq_send_options_set_flags(rocketmq_send_options *options, uint32_t flags);

/**
 * Sends to this queue of this broker (its name, not its address) and nowhere else; retries stay there. A NULL
 * `broker` removes the queue, `queue_id` does not matter then. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_send_options_set_queue(rocketmq_send_options *options,
                                                const char *broker,
                                                int32_t queue_id);

/**
 * Lets `select` choose the queue of each message, where rocketmq_send_options_set_queue() names none; NULL removes it.
 * An asynchronous or one-way send needs the topic's route to be known (`ROCKETMQ_ERR_ROUTE_NOT_READY`, see
 * rocketmq_producer_prepare_topic()), a sync send looks it up first. `release` takes `user_data` back when the selector
 * is replaced or the options are destroyed, at once without a `select`; may be NULL. [one]
 */
ROCKETMQ_API
rocketmq_status rocketmq_send_options_set_selector(rocketmq_send_options *options,
                                                   rocketmq_queue_selector_fn select,
                                                   void *user_data,
                                                   rocketmq_release_fn release);

/* ---------------------------------------------------------------- producer */

/**
 * Checks the whole configuration; no I/O, no thread. `config` is copied and stays the caller's. `producer`
 * must not be NULL; to be destroyed. [any]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_create(const rocketmq_config *config,
                                         rocketmq_producer **producer,
                                         rocketmq_error **error);

/**
 * Starts threads and connects to a name server. `timeout_ms` 0: does not wait for one, as Java; otherwise
 * fails unless one answered in time. After a failure it may be called again; on a producer that runs it is
 * `ROCKETMQ_ERR_INVALID_STATE`. A shutdown meanwhile ends it with `ROCKETMQ_ERR_CLOSED`. [wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_start(rocketmq_producer *producer,
                                        int64_t timeout_ms,
                                        rocketmq_error **error);

/**
 * Refuses new sends with `ROCKETMQ_ERR_CLOSED`, sends at once what waits for others to go out with, lets those in
 * flight end, ends the rest with `ROCKETMQ_ERR_CLOSED` at the limit, waits for callbacks, for those of the rest up to 50 ms past it.
 * OK: all ended by themselves. `ROCKETMQ_ERR_CLOSED`: some were cut off. After both the state is CLOSED and no
 * callback runs or will run. `ROCKETMQ_ERR_TIMEOUT`: callbacks still run or are due; the state is CLOSING,
 * `user_data` must stay; call again. Concurrent calls wait for the same end; on a CLOSED producer OK at once;
 * before start it closes at once. On a library thread `ROCKETMQ_ERR_WOULD_DEADLOCK`. [wait]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_shutdown(rocketmq_producer *producer,
                                           int64_t timeout_ms,
                                           rocketmq_error **error);

/**
 * Never waits. Ends what is still open with `ROCKETMQ_ERR_CLOSED` (its callbacks follow, once each, on library
 * threads) and frees when the last has run. Nothing is left to run only after a shutdown that reached CLOSED.
 * Later calls with the pointer answer `ROCKETMQ_ERR_INVALID_HANDLE`, a second destroy does nothing; client_id
 * text stays good. [any, last use]
 */
ROCKETMQ_API
void rocketmq_producer_destroy(rocketmq_producer *producer);

/** Where in its life it is: one of `ROCKETMQ_STATE_*`. [any] */
ROCKETMQ_API int32_t rocketmq_producer_state(const rocketmq_producer *producer);

/** The name by which brokers know this client; "" before start. Owned by the producer. [any] */
ROCKETMQ_API const char *rocketmq_producer_client_id(const rocketmq_producer *producer);

/** Sends that hold room in flight: accepted, and not yet answered by a broker nor ended otherwise. [any] */
ROCKETMQ_API size_t rocketmq_producer_in_flight(const rocketmq_producer *producer);

/** Brokers that messages could be written to now. [any] */
ROCKETMQ_API int32_t rocketmq_producer_connected(const rocketmq_producer *producer);

/**
 * Changes a live key (rocketmq_config_key_is_live()) of a producer that runs or whose start is under way, with the
 * values and errors of rocketmq_config_set(); other known keys: `ROCKETMQ_ERR_INVALID_ARGUMENT`. "namesrv.addr":
 * the new list holds from the next request on, a start that waits for name servers asks them; servers in both
 * lists keep their connection, those that are gone are closed; discovery by "namesrv.domain" ends. Producers that
 * share a client ("instance.name") share the change; one that is created later with the old list does not join
 * them. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_update(rocketmq_producer *producer,
                                         const char *key,
                                         const char *value,
                                         rocketmq_error **error);

/**
 * Looks the topic up and connects to its brokers, so that the first send is fast. Asks the name servers anew
 * for a topic that they did not know; a send to such a topic does so once a second. [wait]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_prepare_topic(rocketmq_producer *producer,
                                                const char *topic,
                                                int64_t timeout_ms,
                                                rocketmq_error **error);

/** The writable queues of a topic. `list` must not be NULL; to be destroyed. [wait] */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_fetch_queues(rocketmq_producer *producer,
                                               const char *topic,
                                               int64_t timeout_ms,
                                               rocketmq_queue_list **list,
                                               rocketmq_error **error);

/**
 * Sends and waits for the broker's answer. `options` may be NULL. The message is only read: reuse or destroy
 * it as soon as the call returns. `result` says where it was stored; a message stored with another status
 * than `ROCKETMQ_SEND_OK` is a success too. With `batch.auto` it also waits for others to go out with. [wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send(rocketmq_producer *producer,
                                       const rocketmq_message *message,
                                       const rocketmq_send_options *options,
                                       rocketmq_send_result **result,
                                       rocketmq_error **error);

/**
 * Sends without waiting. OK: accepted, `callback` runs exactly once. Failure: not accepted, `callback` never
 * runs, `user_data` stays the caller's. [any; with `ROCKETMQ_SEND_BLOCK`: wait]
 *
 * With `batch.auto` accepted sends, sync ones too, wait up to `batch.linger.ms` for others to the same topic and go out
 * as one batch, which is stored whole or not at all. Each has its own end, as if it had gone alone: id, queue offset,
 * offset id, latency; or an error, the same for all of a batch. Sends to one queue, by name, selector or sharding key,
 * are not overtaken. What no batch may hold goes out at once: delayed, one-way and large messages, bodies that are
 * compressed. A send ends by its own limit; by others with less time in its batch it may end up to an eighth of its
 * limit and the linger time earlier.
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send_async(rocketmq_producer *producer,
                                             const rocketmq_message *message,
                                             const rocketmq_send_options *options,
                                             rocketmq_send_fn callback,
                                             void *user_data,
                                             rocketmq_error **error);

/**
 * Sends and asks for no answer. OK: accepted; it may still be lost without a word. Refused at once: limits,
 * `ROCKETMQ_ERR_CLOSED`, bad message. [any; with `ROCKETMQ_SEND_BLOCK`: wait]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_send_oneway(rocketmq_producer *producer,
                                              const rocketmq_message *message,
                                              const rocketmq_send_options *options,
                                              rocketmq_error **error);

/**
 * Waits until every send accepted before the call has ended and its callback has returned; one-way sends
 * count until they are written. Later sends do not hold it up. What waits for others to go out with (`batch.auto`)
 * goes out at once. `ROCKETMQ_ERR_TIMEOUT`: some have not ended. On a library thread
 * `ROCKETMQ_ERR_WOULD_DEADLOCK`. [wait]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_flush(rocketmq_producer *producer,
                                        int64_t timeout_ms,
                                        rocketmq_error **error);

/**
 * Ends sends early with `ROCKETMQ_ERR_CANCELLED`; `what` is one or both of `ROCKETMQ_PURGE_*`. Those in flight
 * may be stored all the same: their outcome is `ROCKETMQ_OUTCOME_UNKNOWN`. Their callbacks follow on library
 * threads. A sync send that waits for room was not accepted yet and is not touched. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_purge(rocketmq_producer *producer,
                                        uint32_t what);

/* ----------------------------------------------------------------- batches */

/**
 * Sends `count` messages in one request: the broker stores all of them, in this order in one queue, or none, and
 * `result` stands for all. The messages are only read, as by rocketmq_producer_send().
 *
 * Refused before anything is sent, with a text that begins with the number of the message from 0, "message 3: ":
 * - what would be refused of it alone;
 * - `ROCKETMQ_ERR_INVALID_ARGUMENT`: NULL; another topic or another rocketmq_message_set_wait_store() than the first
 *   one's; a delay, a time of delivery or light queues (`INNER_MULTI_DISPATCH`), which brokers would not heed; another
 *   sharding key than those before it, since a batch goes to one queue,
 *   unless the options have a queue or a selector, which is shown the first message;
 * - `ROCKETMQ_ERR_INVALID_TOPIC`: a `%RETRY%` topic;
 * - `ROCKETMQ_ERR_MESSAGE_TOO_LARGE`: with it the batch is too large for some brokers. Of each message count towards
 *   "message.max.bytes" topic, body, properties, about 60 bytes that the library adds to these, and 91 bytes.
 *
 * A batch is never compressed; one message alone is sent as by rocketmq_producer_send(). In flight a batch is one send,
 * with the bytes of all its messages. If it fails, it fails for all of them: `error` says what became of all, and has
 * the first one's id. [wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send_batch(rocketmq_producer *producer,
                                             rocketmq_message *const *messages,
                                             size_t count,
                                             const rocketmq_send_options *options,
                                             rocketmq_send_result **result,
                                             rocketmq_error **error);

/**
 * As rocketmq_producer_send_batch(), without waiting. OK: accepted, `callback` runs exactly once, for all messages.
 * Failure: not accepted, `callback` never runs, `user_data` stays the caller's. [any; with `ROCKETMQ_SEND_BLOCK`: wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send_batch_async(rocketmq_producer *producer,
                                                   rocketmq_message *const *messages,
                                                   size_t count,
                                                   const rocketmq_send_options *options,
                                                   rocketmq_send_fn callback,
                                                   void *user_data,
                                                   rocketmq_error **error);

/* ---------------------------------------------- calls that end by an event */

/**
 * As rocketmq_producer_send_async(), with an event for its end. OK: accepted, exactly one SEND event with `tag` follows on
 * `cq`, perhaps before this returns. Failure: none follows. [any; with `ROCKETMQ_SEND_BLOCK`: wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send_cq(rocketmq_producer *producer,
                                          const rocketmq_message *message,
                                          const rocketmq_send_options *options,
                                          rocketmq_cq *cq,
                                          uint64_t tag,
                                          rocketmq_error **error);

/**
 * As rocketmq_producer_send_batch_async(), with one SEND event for all its messages.
 * [any; with `ROCKETMQ_SEND_BLOCK`: wait]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_send_batch_cq(rocketmq_producer *producer,
                                                rocketmq_message *const *messages,
                                                size_t count,
                                                const rocketmq_send_options *options,
                                                rocketmq_cq *cq,
                                                uint64_t tag,
                                                rocketmq_error **error);

/**
 * As rocketmq_producer_flush(), without waiting: exactly one FLUSHED event with `tag` follows on `cq`, OK or
 * `ROCKETMQ_ERR_TIMEOUT`. Events that lie in their queue are told, polled or not. Needs room as a send's end does
 * (`ROCKETMQ_ERR_COMPLETION_FULL`). [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_flush_cq(rocketmq_producer *producer,
                                           int64_t timeout_ms,
                                           rocketmq_cq *cq,
                                           uint64_t tag,
                                           rocketmq_error **error);

/**
 * As rocketmq_producer_shutdown(), without waiting: new sends are refused when it returns, and one CLOSED event with `tag`
 * follows on `cq` for each call, with the status that the other would return. Never refused for want of room. Also on
 * library threads. [any]
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_shutdown_cq(rocketmq_producer *producer,
                                              int64_t timeout_ms,
                                              rocketmq_cq *cq,
                                              uint64_t tag,
                                              rocketmq_error **error);

/* ------------------------------------------------------------ send results */

/** How well the message was stored: one of `ROCKETMQ_SEND_*`. [any] */
ROCKETMQ_API int32_t rocketmq_send_result_status(const rocketmq_send_result *result);

/**
 * The unique id that the message was sent with; of a batch the first message's. Text lives as long as the result, here
 * and below. [any]
 */
ROCKETMQ_API
const char *rocketmq_send_result_message_id(const rocketmq_send_result *result);

/** Messages that the result stands for: 1, or those of the batch. [any] */
ROCKETMQ_API size_t rocketmq_send_result_count(const rocketmq_send_result *result);

/** The unique id of each of them, in the order of the batch; "" past the end. [any] */
ROCKETMQ_API const char *rocketmq_send_result_message_id_at(const rocketmq_send_result *result, size_t index);

/** The id by which the broker finds the message in its log; of a batch the first message's. [any] */
ROCKETMQ_API const char *rocketmq_send_result_offset_id(const rocketmq_send_result *result);

/** The topic. [any] */
ROCKETMQ_API const char *rocketmq_send_result_topic(const rocketmq_send_result *result);

/** Name of the broker that stored it. [any] */
ROCKETMQ_API const char *rocketmq_send_result_broker(const rocketmq_send_result *result);

/** The queue, from 0 on each broker. [any] */
ROCKETMQ_API int32_t rocketmq_send_result_queue_id(const rocketmq_send_result *result);

/** The place in that queue, from 0; of a batch the first message's, each further one takes the next. [any] */
ROCKETMQ_API int64_t rocketmq_send_result_queue_offset(const rocketmq_send_result *result);

/** The transaction id that the broker answered with (5.x brokers do), or "". [any] */
ROCKETMQ_API const char *rocketmq_send_result_transaction_id(const rocketmq_send_result *result);

/**
 * What rocketmq_producer_recall() takes the message back with, of a message with a timer that a broker from 5.3.2 on
 * keeps until it is due; "" otherwise. [any]
 */
ROCKETMQ_API
const char *rocketmq_send_result_recall_handle(const rocketmq_send_result *result);

/** Tries made, this one included: 1 without a retry. [any] */
ROCKETMQ_API int32_t rocketmq_send_result_attempts(const rocketmq_send_result *result);

/** Microseconds from the call to the broker's answer, all tries included. [any] */
ROCKETMQ_API int64_t rocketmq_send_result_latency_us(const rocketmq_send_result *result);

/** A copy, to keep what a callback was shown. To be destroyed. [any] */
ROCKETMQ_API rocketmq_send_result *rocketmq_send_result_clone(const rocketmq_send_result *result);

/** Frees a result that is the caller's. [any, last use] */
ROCKETMQ_API void rocketmq_send_result_destroy(rocketmq_send_result *result);

/* ----------------------------------------------------------------- recalls */

/**
 * Takes a message with a timer back, so that no consumer gets it. `topic` is the message's, `recall_handle` what
 * rocketmq_send_result_recall_handle() gave: text that may be kept, and used by another producer. `message_id` may be
 * NULL; else it is the id that the message was sent with, and the caller's: rocketmq_string_free(). [wait]
 *
 * OK: the broker has noted it. It does not know whether there is such a message, so that a second call is OK too. When
 * the time is over it refuses (code 604); a message that is due in the same moment may come all the same.
 *
 * Nothing is sent with a handle that is none or of another topic (`ROCKETMQ_ERR_INVALID_ARGUMENT`), to a broker before
 * 5.3.2 (`ROCKETMQ_ERR_NOT_SUPPORTED`), nor where the topic's route does not lead to the handle's broker
 * (`ROCKETMQ_ERR_CONNECT`). A broker's refusal is in `error` with its code and words: without
 * `recallMessageEnable=true`, its default, it is 16 (`ROCKETMQ_ERR_NO_PERMISSION`).
 *
 * There are no retries: after a failure with outcome UNKNOWN the message may have been taken back. Calling again does
 * no harm. Until it ends a recall holds room in flight as a send does; flush, purge and shutdown mean it too.
 */
ROCKETMQ_API
rocketmq_status rocketmq_producer_recall(rocketmq_producer *producer,
                                         const char *topic,
                                         const char *recall_handle,
                                         int64_t timeout_ms,
                                         char **message_id,
                                         rocketmq_error **error);

/* ------------------------------------------------------------- queue lists */

/** Number of queues. They are ordered by broker name, then by queue id, as Java has them. [any] */
ROCKETMQ_API size_t rocketmq_queue_list_size(const rocketmq_queue_list *list);

/** Name of the broker of a queue, owned by the list; "" past the end. [any] */
ROCKETMQ_API const char *rocketmq_queue_list_broker(const rocketmq_queue_list *list, size_t index);

/** Id of a queue on its broker, from 0; -1 past the end. [any] */
ROCKETMQ_API int32_t rocketmq_queue_list_queue_id(const rocketmq_queue_list *list, size_t index);

/** Frees the list. [any, last use] */
ROCKETMQ_API void rocketmq_queue_list_destroy(rocketmq_queue_list *list);

/* -------------------------------------------------------------- statistics */

/**
 * What the producer and its client have counted, as a JSON object: sends by how they ended, refused calls, what is in
 * flight, latencies, and for each broker and name server state, traffic and round trips, ages of routes.
 * docs/STATISTICS.md says what each member means and has a JSON Schema; the member "schema" is its version: members may
 * be added, none changes its meaning. Before the start there is nothing but zeros and refused calls; after a shutdown
 * the counts stay, brokers and routes are gone. Counting cannot be turned off; a snapshot takes less than a
 * millisecond for some brokers and a hundred topics. `json` must not be NULL; its text is the caller's:
 * rocketmq_string_free(). [any]
 */
ROCKETMQ_API
ROCKETMQ_CHECK
rocketmq_status rocketmq_producer_stats_json(const rocketmq_producer *producer,
                                             char **json,
                                             rocketmq_error **error);

#ifdef __cplusplus
}
#endif

#endif /* ROCKETMQ_PRODUCER_H */
