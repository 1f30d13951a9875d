// rocketmq_producer.hpp - the RocketMQ producer library for C++17 and later.
//
// A thin layer over rocketmq_producer.h, which says what each call does; here is what C++ adds.
//
// Objects   Each class owns one object of C. It may be moved, not copied; `clone()` is there where C has one. An object
//           that was moved from answers as C does to NULL. `get()` lends the object to calls of C, and what C has made
//           is taken over by the constructor that takes a pointer. What a callback is shown is lent to it: it is good
//           until the callback returns.
// Text      goes in as `std::string_view`; a NUL inside is refused. It comes out as a view, good as long as what it was
//           read from lives and is not changed. `std::nullopt` is C's NULL: it removes, or restores a default.
// Failures  are thrown as `Error`. A `try_` form returns them instead, in a `Result`: for failures that are part of the
//           work, as `ROCKETMQ_ERR_QUEUE_FULL`. Statuses and all other constants are C's.
// Callables may be lambdas, also with captures that can only be moved. Each is destroyed once: after its last call, or
//           before the call that was to take it returns a failure.
// Exceptions that leave a callable never reach C. A selector's leaves the send that asked it. Any other has nowhere to
//           go: it is given to the function of `set_exception_handler()`, which by default writes a line to stderr, and
//           the library goes on.
// Threads   are as C has them: [any], [one], [wait] in rocketmq_producer.h.
#pragma once

#include "rocketmq_producer/completion_queue.hpp"
#include "rocketmq_producer/config.hpp"
#include "rocketmq_producer/error.hpp"
#include "rocketmq_producer/message.hpp"
#include "rocketmq_producer/process.hpp"
#include "rocketmq_producer/producer.hpp"
#include "rocketmq_producer/send.hpp"
