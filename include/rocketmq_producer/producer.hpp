// The client.
#pragma once

#include "../rocketmq_producer.h"
#include "completion_queue.hpp"
#include "config.hpp"
#include "detail.hpp"
#include "message.hpp"
#include "send.hpp"

#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rocketmq {

/// The client. Its destructor does not wait: sends that are open end with `ROCKETMQ_ERR_CLOSED`, and their callbacks
/// follow on library threads. Shut it down first if they use what goes with it.
class Producer : public detail::Object<rocketmq_producer, rocketmq_producer_destroy> {
public:
    using Object::Object;
    /// Checks the configuration; `start()` connects.
    explicit Producer(const Config &config)
        : Producer(detail::make<Producer, rocketmq_producer>([&](auto made, auto error) {
              return rocketmq_producer_create(config.get(), made, error);
          }).value())
    {
    }

    void start(Timeout limit = wait_default)
    {
        attempt([&](auto error) { return rocketmq_producer_start(get(), limit.ms(), error); }).value();
    }
    /// Throws `ROCKETMQ_ERR_CLOSED` too, when sends were cut off.
    void shutdown(Timeout limit = wait_default) { try_shutdown(limit).value(); }
    Result<void> try_shutdown(Timeout limit = wait_default)
    {
        return attempt([&](auto error) { return rocketmq_producer_shutdown(get(), limit.ms(), error); });
    }
    void flush(Timeout limit = wait_default) { try_flush(limit).value(); }
    Result<void> try_flush(Timeout limit = wait_default)
    {
        return attempt([&](auto error) { return rocketmq_producer_flush(get(), limit.ms(), error); });
    }
    /// `ROCKETMQ_PURGE_WAITING`, `ROCKETMQ_PURGE_IN_FLIGHT`, or both.
    void purge(std::uint32_t what) { detail::check(rocketmq_producer_purge(get(), what)); }
    void update(std::string_view key, std::optional<std::string_view> value)
    {
        const detail::Text name(key), text(value);
        attempt([&](auto error) { return rocketmq_producer_update(get(), name.get(), text.get(), error); }).value();
    }
    void prepare_topic(std::string_view topic, Timeout limit = wait_default)
    {
        const detail::Text name(topic);
        attempt([&](auto error) {
            return rocketmq_producer_prepare_topic(get(), name.get(), limit.ms(), error);
        }).value();
    }
    QueueList fetch_queues(std::string_view topic, Timeout limit = wait_default)
    {
        const detail::Text name(topic);
        return detail::make<QueueList, rocketmq_queue_list>([&](auto list, auto error) {
                   return rocketmq_producer_fetch_queues(get(), name.get(), limit.ms(), list, error);
               })
            .value();
    }

    SendResult send(const Message &message, const SendOptions &options = {})
    {
        return try_send(message, options).value();
    }
    Sent try_send(const Message &message, const SendOptions &options = {})
    {
        return detail::after_selector(detail::make<SendResult, rocketmq_send_result>([&](auto result, auto error) {
            return rocketmq_producer_send(get(), message.get(), options.get(), result, error);
        }));
    }
    void send_oneway(const Message &message, const SendOptions &options = {})
    {
        try_send_oneway(message, options).value();
    }
    Result<void> try_send_oneway(const Message &message, const SendOptions &options = {})
    {
        return detail::after_selector(attempt([&](auto error) {
            return rocketmq_producer_send_oneway(get(), message.get(), options.get(), error);
        }));
    }

    /// `callback(const Sent &)` runs once on a library thread if this does not throw, and never if it does.
    template <class F>
    void send_async(const Message &message, F &&callback)
    {
        try_send_async(message, {}, std::forward<F>(callback)).value();
    }
    template <class F>
    void send_async(const Message &message, const SendOptions &options, F &&callback)
    {
        try_send_async(message, options, std::forward<F>(callback)).value();
    }
    template <class F>
    Result<void> try_send_async(const Message &message, const SendOptions &options, F &&callback)
    {
        return detail::accept(std::forward<F>(callback), [&](auto on_sent, void *lent, auto error) {
            return rocketmq_producer_send_async(get(), message.get(), options.get(), on_sent, lent, error);
        });
    }
    /// As `send_async()`; a refusal too is told by the future.
    std::future<SendResult> send_future(const Message &message, const SendOptions &options = {})
    {
        return detail::promised([&](auto callback) { send_async(message, options, std::move(callback)); });
    }

    /// Sends a range of `Message` in one request: all are stored or none.
    template <class Range>
    SendResult send_batch(const Range &messages, const SendOptions &options = {})
    {
        return try_send_batch(messages, options).value();
    }
    template <class Range>
    Sent try_send_batch(const Range &messages, const SendOptions &options = {})
    {
        const auto batch = detail::objects(messages);
        return detail::after_selector(detail::make<SendResult, rocketmq_send_result>([&](auto result, auto error) {
            return rocketmq_producer_send_batch(get(), batch.data(), batch.size(), options.get(), result, error);
        }));
    }
    template <class Range, class F>
    void send_batch_async(const Range &messages, const SendOptions &options, F &&callback)
    {
        try_send_batch_async(messages, options, std::forward<F>(callback)).value();
    }
    template <class Range, class F>
    Result<void> try_send_batch_async(const Range &messages, const SendOptions &options, F &&callback)
    {
        const auto batch = detail::objects(messages);
        return detail::accept(std::forward<F>(callback), [&](auto on_sent, void *lent, auto error) {
            return rocketmq_producer_send_batch_async(get(), batch.data(), batch.size(), options.get(), on_sent, lent,
                                                      error);
        });
    }
    template <class Range>
    std::future<SendResult> send_batch_future(const Range &messages, const SendOptions &options = {})
    {
        return detail::promised([&](auto callback) { send_batch_async(messages, options, std::move(callback)); });
    }

    /// One event with `tag` follows on `queue` if this does not throw, and none if it does; here and below.
    void send_cq(const Message &message, const SendOptions &options, CompletionQueue &queue, std::uint64_t tag)
    {
        try_send_cq(message, options, queue, tag).value();
    }
    Result<void> try_send_cq(const Message &message, const SendOptions &options, CompletionQueue &queue,
                             std::uint64_t tag)
    {
        return detail::after_selector(attempt([&](auto error) {
            return rocketmq_producer_send_cq(get(), message.get(), options.get(), queue.get(), tag, error);
        }));
    }
    template <class Range>
    void send_batch_cq(const Range &messages, const SendOptions &options, CompletionQueue &queue, std::uint64_t tag)
    {
        try_send_batch_cq(messages, options, queue, tag).value();
    }
    template <class Range>
    Result<void> try_send_batch_cq(const Range &messages, const SendOptions &options, CompletionQueue &queue,
                                   std::uint64_t tag)
    {
        const auto batch = detail::objects(messages);
        return detail::after_selector(attempt([&](auto error) {
            return rocketmq_producer_send_batch_cq(get(), batch.data(), batch.size(), options.get(), queue.get(), tag,
                                                   error);
        }));
    }
    void flush_cq(Timeout limit, CompletionQueue &queue, std::uint64_t tag)
    {
        attempt([&](auto error) {
            return rocketmq_producer_flush_cq(get(), limit.ms(), queue.get(), tag, error);
        }).value();
    }
    void shutdown_cq(Timeout limit, CompletionQueue &queue, std::uint64_t tag)
    {
        attempt([&](auto error) {
            return rocketmq_producer_shutdown_cq(get(), limit.ms(), queue.get(), tag, error);
        }).value();
    }

    /// Takes a message with a timer back; returns its id.
    std::string recall(std::string_view topic, std::string_view recall_handle, Timeout limit = wait_default)
    {
        const detail::Text name(topic), handle(recall_handle);
        return detail::make<detail::String, char>([&](auto id, auto error) {
                   return rocketmq_producer_recall(get(), name.get(), handle.get(), limit.ms(), id, error);
               })
            .value()
            .get();
    }

    /// One of `ROCKETMQ_STATE_*`.
    std::int32_t state() const noexcept { return rocketmq_producer_state(get()); }
    std::string_view client_id() const noexcept { return rocketmq_producer_client_id(get()); }
    std::size_t in_flight() const noexcept { return rocketmq_producer_in_flight(get()); }
    std::int32_t connected() const noexcept { return rocketmq_producer_connected(get()); }

    /// What it has counted, as JSON; docs/STATISTICS.md has the schema.
    std::string stats_json() const
    {
        return detail::make<detail::String, char>([&](char **json, rocketmq_error **error) {
                   return rocketmq_producer_stats_json(get(), json, error);
               })
            .value()
            .get();
    }

private:
    template <class F>
    static Result<void> attempt(F &&call)
    {
        return detail::attempt(std::forward<F>(call));
    }
};

} // namespace rocketmq
