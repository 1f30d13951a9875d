// What the C++ test programs share, beside what they share with those in C.
#pragma once

#include <program.h>
#include <rocketmq_producer.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

// The status that a call throws, or OK.
template <class F>
rocketmq_status status_of(F &&call)
{
    try {
        call();
    } catch (const rocketmq::Error &error) {
        CHECK(error.what()[0] && error.status() != ROCKETMQ_OK);
        return error.status();
    }
    return ROCKETMQ_OK;
}

// What a call throws must be this.
template <class Exception, class F>
void throws(F &&call)
{
    try {
        call();
    } catch (const Exception &) {
        return;
    }
    CHECK(!"nothing was thrown");
}

inline rocketmq::Producer running(const char *name_server)
{
    rocketmq::Producer producer(rocketmq::Config{{"namesrv.addr", name_server}, {"producer.group", "cpp_programs"}});
    producer.start(std::chrono::seconds(10));
    return producer;
}

// For machines that are busy.
inline rocketmq::SendOptions unhurried()
{
    rocketmq::SendOptions options;
    options.set_timeout(std::chrono::seconds(20));
    return options;
}

// Counts how many of it there are, and how often it was called.
struct Counted {
    static inline int alive = 0;

    Counted() { add(&alive, 1); }
    Counted(Counted &&) noexcept { add(&alive, 1); }
    Counted(const Counted &) = delete;
    Counted &operator=(const Counted &) = delete;
    ~Counted() { add(&alive, -1); }
};

inline int alive() { return get(&Counted::alive); }
