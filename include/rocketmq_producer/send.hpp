// What a send is given beside its message, and what comes of it.
#pragma once

#include "../rocketmq_producer.h"
#include "config.hpp"
#include "detail.hpp"
#include "message.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rocketmq {

/// Settings of a send. Those that were never set cost nothing.
class SendOptions : public detail::Object<rocketmq_send_options, rocketmq_send_options_destroy> {
public:
    using Object::Object;
    SendOptions() noexcept : Object(nullptr) {}

    SendOptions &set_timeout(Timeout limit)
    {
        return did(rocketmq_send_options_set_timeout_ms(object(), limit.ms()));
    }
    /// `ROCKETMQ_SEND_BLOCK`, `ROCKETMQ_SEND_NO_RETRY`.
    SendOptions &set_flags(std::uint32_t flags) { return did(rocketmq_send_options_set_flags(object(), flags)); }
    SendOptions &set_queue(std::string_view broker, std::int32_t id)
    {
        return did(rocketmq_send_options_set_queue(object(), detail::Text(broker).get(), id));
    }
    SendOptions &clear_queue() { return did(rocketmq_send_options_set_queue(object(), nullptr, -1)); }
    /// `select(const QueueList &, const Message &)` returns an index of the list, or -1 to give the send up. Sends that
    /// share the options may ask it at the same time: so it is called as a const object.
    template <class Select>
    SendOptions &set_selector(Select select)
    {
        auto lent = std::make_unique<Select>(std::move(select));
        did(rocketmq_send_options_set_selector(object(), run<Select>, lent.get(), detail::destroy_lent<Select>));
        static_cast<void>(lent.release());
        return *this;
    }
    SendOptions &clear_selector()
    {
        return did(rocketmq_send_options_set_selector(object(), nullptr, nullptr, nullptr));
    }

private:
    template <class Select>
    static std::int32_t run(const rocketmq_queue_list *queues, const rocketmq_message *message, void *lent) noexcept
    {
        const Lent<QueueList> list(queues);
        const Lent<Message> asked(message);
        detail::left_a_selector() = nullptr;
        try {
            return detail::as_index((*static_cast<const Select *>(lent))(*list, *asked));
        } catch (...) {
            detail::left_a_selector() = std::current_exception();
            return -1;
        }
    }
    rocketmq_send_options *object()
    {
        if (!get()) *this = SendOptions(rocketmq_send_options_create());
        return get();
    }
    SendOptions &did(rocketmq_status status)
    {
        detail::check(status);
        return *this;
    }
};

/// Where a message was stored.
class SendResult : public detail::Object<rocketmq_send_result, rocketmq_send_result_destroy> {
public:
    using Object::Object;

    /// One of `ROCKETMQ_SEND_*`: the broker has the message in any case.
    std::int32_t status() const noexcept { return rocketmq_send_result_status(get()); }
    std::string_view message_id() const noexcept { return rocketmq_send_result_message_id(get()); }
    /// Messages that it stands for, those of a batch.
    std::size_t count() const noexcept { return rocketmq_send_result_count(get()); }
    std::string_view message_id(std::size_t index) const noexcept
    {
        return rocketmq_send_result_message_id_at(get(), index);
    }
    std::string_view offset_id() const noexcept { return rocketmq_send_result_offset_id(get()); }
    std::string_view topic() const noexcept { return rocketmq_send_result_topic(get()); }
    std::string_view broker() const noexcept { return rocketmq_send_result_broker(get()); }
    std::int32_t queue_id() const noexcept { return rocketmq_send_result_queue_id(get()); }
    std::int64_t queue_offset() const noexcept { return rocketmq_send_result_queue_offset(get()); }
    std::string_view transaction_id() const noexcept { return rocketmq_send_result_transaction_id(get()); }
    std::string_view recall_handle() const noexcept { return rocketmq_send_result_recall_handle(get()); }
    std::int32_t attempts() const noexcept { return rocketmq_send_result_attempts(get()); }
    std::chrono::microseconds latency() const noexcept
    {
        return std::chrono::microseconds(rocketmq_send_result_latency_us(get()));
    }
    /// Keeps what a callback was lent.
    SendResult clone() const { return SendResult(rocketmq_send_result_clone(get())); }
};

/// What a callback is shown: a lent result, or the error.
using Sent = Result<SendResult>;

namespace detail {

template <class F>
void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *lent) noexcept
{
    const std::unique_ptr<F> callback(static_cast<F *>(lent));
    guarded([&] {
        if (error) {
            const Sent failed = Error(rocketmq_error_clone(error));
            (*callback)(failed);
            return;
        }
        struct Shown {
            Sent sent;
            ~Shown() { sent->release(); }
        } const shown{SendResult(const_cast<rocketmq_send_result *>(result))};
        (*callback)(shown.sent);
    });
}

/// The end of a call that may have asked a selector.
template <class R>
R after_selector(R done)
{
    if (!done && done.error().status() == ROCKETMQ_ERR_CALLBACK)
        if (const auto exception = std::exchange(left_a_selector(), nullptr)) std::rethrow_exception(exception);
    return done;
}

/// Gives a callable to `send`, a call of C that takes it only when it says OK.
template <class F, class Send>
Result<void> accept(F &&callback, Send send)
{
    using Callable = std::decay_t<F>;
    static_assert(std::is_invocable_v<Callable &, const Sent &>, "a callback takes a const rocketmq::Sent &");
    auto lent = std::make_unique<Callable>(std::forward<F>(callback));
    void *const user_data = lent.get();
    auto accepted = after_selector(attempt([&](auto error) { return send(on_sent<Callable>, user_data, error); }));
    // Once accepted it may have been called, and be gone.
    if (accepted) static_cast<void>(lent.release());
    return accepted;
}

/// Runs `send`, which takes a callback, and gives its end as a future.
template <class Send>
std::future<SendResult> promised(Send send)
{
    std::promise<SendResult> promise;
    auto future = promise.get_future();
    try {
        send([promise = std::move(promise)](const Sent &sent) mutable {
            if (sent) {
                promise.set_value(sent->clone());
            } else {
                promise.set_exception(std::make_exception_ptr(sent.error()));
            }
        });
    } catch (...) {
        std::promise<SendResult> refused;
        refused.set_exception(std::current_exception());
        return refused.get_future();
    }
    return future;
}

/// The objects of a range of messages, as C takes a batch.
template <class Range>
std::vector<rocketmq_message *> objects(const Range &messages)
{
    std::vector<rocketmq_message *> found;
    for (const Message &message : messages) found.push_back(message.get());
    return found;
}

} // namespace detail

} // namespace rocketmq
