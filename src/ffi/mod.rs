//! C interface of the RocketMQ producer library.
//!
//! C99 and later, C++11 and later (and C89 with `<stdint.h>`). Every name starts with `rocketmq_` or `ROCKETMQ_`.
//!
//! Rules that hold for the whole file, unless a comment says otherwise:
//!
//!  R1  0 (`ROCKETMQ_OK`) is success, every failure is negative.
//!  R2  Order of arguments: object, inputs, callback with its `user_data`, outputs, `error`; a function stands
//!      before its `user_data`. An output may be NULL if it is not wanted, except where it is the purpose of
//!      the call (create, build, get, fetch_queues, stats_json). On failure a pointer output becomes NULL, others stay
//!      as they were. `error` is always written if given: NULL on success, an object to destroy on failure.
//!  R3  A NULL object gives `ROCKETMQ_ERR_INVALID_ARGUMENT`; X_destroy(NULL) does nothing. Functions that return
//!      no status answer it so: objects NULL, text "" (NULL where NULL means absent), sizes 0, other integers -1;
//!      rocketmq_error_status() OK, _outcome() UNKNOWN, _is_retriable() 0. They answer the same for a producer
//!      that was destroyed or belongs to the parent process. NULL text removes tags, keys, property and queue,
//!      and restores a configuration default; NULL elsewhere, a callback included, is INVALID_ARGUMENT.
//!  R4  Input memory is copied before the call returns, unless the call's name says that it is borrowed.
//!  R5  Text is UTF-8 and NUL-terminated. A returned `const char *` is owned by the object it came from and
//!      dies with it; a returned `char *` is the caller's: rocketmq_string_free(). Text received from the
//!      network that is not UTF-8 is repaired with U+FFFD, a NUL ends it; bodies are exact.
//!  R6  `timeout_ms`: > 0 a limit for the whole call; 0 do not wait; `ROCKETMQ_WAIT_FOREVER` no limit;
//!      `ROCKETMQ_WAIT_DEFAULT` the value of "send.timeout.ms" (3000 where there is no producer). Other
//!      negative values: INVALID_ARGUMENT. What is not done by then: `ROCKETMQ_ERR_TIMEOUT`.
//!  R7  On the caller's own stack only two things of the application run: the queue selector, inside a send, and a
//!      release function inside a call that replaces or destroys what it belongs to, never inside a send.
//!  R8  \[any\] = callable from any thread at any time, also from a callback; never waits.
//!      \[wait\] = may wait. Refused on library threads with `ROCKETMQ_ERR_WOULD_DEADLOCK` only where it waits
//!      for callbacks: flush, shutdown, global_shutdown, and cq_poll with a wait, whichever producer they name.
//!      \[one\] = one thread at a time per object: const functions and sends may run together, a setter alone.
//!
//! After fork() the child's producers and completion queues answer `ROCKETMQ_ERR_FORKED` and their destroy does
//! nothing; all other objects, polled events too, are plain memory and work, and new producers may be created.

// The text above opens the generated header (`build/header.rs` takes it from here), as the doc comments of the
// exported functions describe them there; their `# Safety` sections speak to Rust alone and stay behind.
//
// Inside, the border is narrow. `handle` alone turns object pointers into references and back, `input` reads
// text and buffers, `callback` calls the application, `boundary` keeps panics in, `process` knows forks and
// library threads, and `types` names what C sees. Each other file is one object: its exported functions check
// every pointer, call one method of `crate::producer` and map the result.
//
// What a `SAFETY` comment means by a rule of the list above is that every C caller has promised to keep it.
#![allow(unsafe_code)]

mod block;
mod boundary;
mod callback;
mod handle;
mod input;
mod output;
mod owned;
mod spare;

mod batch;
mod completion_queue;
mod config;
mod delay;
mod error;
mod event;
mod log;
mod message;
mod process;
mod producer;
mod queue_list;
mod queued;
mod recall;
mod send_options;
mod send_result;
mod stats;
mod types;
mod version;

pub use batch::*;
pub use completion_queue::*;
pub use config::*;
pub use delay::*;
pub use error::*;
pub use event::*;
pub use log::*;
pub use message::*;
pub use process::*;
pub use producer::*;
pub use queue_list::*;
pub use queued::*;
pub use recall::*;
pub use send_options::*;
pub use send_result::*;
pub use stats::*;
pub use types::*;
pub use version::*;
