// Completion queues: ends of asynchronous calls that the program polls, on a thread and at a time of its own.
#pragma once

#include "../rocketmq_producer.h"
#include "config.hpp"
#include "detail.hpp"
#include "send.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rocketmq {

/// One event, as long as the `Events` that it is of have it.
class Event {
public:
    explicit Event(const rocketmq_event &event) noexcept : event_(&event) {}

    /// The number that the call was given.
    std::uint64_t tag() const noexcept { return event_->tag; }
    /// One of `ROCKETMQ_EVENT_*`.
    std::int32_t kind() const noexcept { return event_->kind; }
    rocketmq_status status() const noexcept { return event_->status; }
    /// Of a send one of `ROCKETMQ_SEND_*`, of a log line its level; -1 if none.
    std::int32_t code() const noexcept { return event_->code; }
    std::int32_t queue_id() const noexcept { return event_->queue_id; }
    std::int64_t queue_offset() const noexcept { return event_->queue_offset; }
    /// Where the message was stored: true if it was. `clone()` keeps it.
    Lent<SendResult> result() const noexcept { return Lent<SendResult>(rocketmq_event_result(event_)); }
    std::optional<Error> error() const
    {
        if (status() == ROCKETMQ_OK) return std::nullopt;
        const rocketmq_error *detail = rocketmq_event_error(event_);
        return detail ? Error(rocketmq_error_clone(detail)) : Error(status());
    }
    /// Of a log line.
    std::string_view text() const noexcept
    {
        std::size_t length = 0;
        const char *text = rocketmq_event_text(event_, &length);
        return {text, length};
    }
    const rocketmq_event *get() const noexcept { return event_; }

private:
    const rocketmq_event *event_;
};

/// Room for the events of a poll, to be used again: they are released by the next poll, or with it.
class Events {
public:
    explicit Events(std::size_t max = 256) : events_(max < INT32_MAX ? max : INT32_MAX) {}
    Events(const Events &) = delete;
    Events &operator=(const Events &) = delete;
    ~Events() { clear(); }

    std::size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    Event operator[](std::size_t index) const noexcept { return Event(events_[index]); }
    void clear() noexcept
    {
        rocketmq_event_release(events_.data(), static_cast<std::int32_t>(std::exchange(count_, 0)));
    }

    class Iterator {
    public:
        explicit Iterator(const rocketmq_event *at) noexcept : at_(at) {}
        Event operator*() const noexcept { return Event(*at_); }
        Iterator &operator++() noexcept
        {
            ++at_;
            return *this;
        }
        bool operator!=(const Iterator &other) const noexcept { return at_ != other.at_; }

    private:
        const rocketmq_event *at_;
    };
    Iterator begin() const noexcept { return Iterator(events_.data()); }
    Iterator end() const noexcept { return Iterator(events_.data() + count_); }

private:
    friend class CompletionQueue;

    std::vector<rocketmq_event> events_;
    std::size_t count_ = 0;
};

/// For any number of producers and threads. What is in it when it goes is dropped.
class CompletionQueue : public detail::Object<rocketmq_cq, rocketmq_cq_destroy> {
public:
    using Object::Object;
    CompletionQueue()
        : CompletionQueue(detail::make<CompletionQueue, rocketmq_cq>([](auto made, auto error) {
              return rocketmq_cq_create(made, error);
          }).value())
    {
    }

    /// Releases what is in `events` and fills them anew; how many there are, 0 if none came in time.
    std::size_t poll(Events &events, Timeout limit = wait_default)
    {
        events.clear();
        const auto max = static_cast<std::int32_t>(events.events_.size());
        const std::int32_t got = rocketmq_cq_poll(get(), events.events_.data(), max, limit.ms());
        if (got < 0) throw Error(got);
        return events.count_ = static_cast<std::size_t>(got);
    }
    /// For an event loop; the queue's own.
    std::int32_t fd() noexcept { return rocketmq_cq_fd(get()); }
    /// The same, to be closed by the caller.
    std::int32_t dup_fd() noexcept { return rocketmq_cq_dup_fd(get()); }
    /// `wake()` runs on a library thread when the queue stops being empty.
    template <class Wake>
    void set_wakeup(Wake wake)
    {
        auto lent = std::make_unique<Wake>(std::move(wake));
        detail::check(rocketmq_cq_set_wakeup(get(), detail::run<Wake>, lent.get(), detail::destroy_lent<Wake>));
        static_cast<void>(lent.release());
    }
    void clear_wakeup() { detail::check(rocketmq_cq_set_wakeup(get(), nullptr, nullptr, nullptr)); }
    /// Has one poll that waits return 0.
    void interrupt() noexcept { rocketmq_cq_interrupt(get()); }
    /// Events that wait.
    std::size_t length() const noexcept { return rocketmq_cq_length(get()); }
};

} // namespace rocketmq
