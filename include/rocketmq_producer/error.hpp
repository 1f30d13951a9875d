// Failures: what is thrown, what is returned instead, and what becomes of an exception in a callback.
#pragma once

#include "../rocketmq_producer.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

namespace rocketmq {

/// Why a call or a send failed. Copies share what they tell.
class Error : public std::runtime_error {
public:
    /// A failure that C told by its status alone.
    explicit Error(rocketmq_status status) : Error(status, rocketmq_status_str(status)) {}

    Error(rocketmq_status status, const char *sentence) : std::runtime_error(sentence), status_(status) {}

    /// Takes an error object over.
    explicit Error(rocketmq_error *error)
        : Error(std::shared_ptr<const rocketmq_error>(error, rocketmq_error_destroy))
    {
    }

    rocketmq_status status() const noexcept { return status_; }
    const char *status_name() const noexcept { return rocketmq_status_name(status_); }
    /// One of `ROCKETMQ_OUTCOME_*`.
    std::int32_t outcome() const noexcept
    {
        return detail_ ? rocketmq_error_outcome(detail_.get()) : static_cast<std::int32_t>(ROCKETMQ_OUTCOME_NOT_SENT);
    }
    bool is_retriable() const noexcept { return rocketmq_error_is_retriable(detail_.get()) == 1; }
    /// -1 without one.
    std::int32_t broker_code() const noexcept { return rocketmq_error_broker_code(detail_.get()); }
    std::string_view broker_remark() const noexcept { return rocketmq_error_broker_remark(detail_.get()); }
    std::string_view broker() const noexcept { return rocketmq_error_broker(detail_.get()); }
    std::string_view message_id() const noexcept { return rocketmq_error_message_id(detail_.get()); }
    std::int32_t attempts() const noexcept { return detail_ ? rocketmq_error_attempts(detail_.get()) : 0; }
    /// NULL where the status says it all.
    const rocketmq_error *get() const noexcept { return detail_.get(); }

private:
    explicit Error(std::shared_ptr<const rocketmq_error> detail)
        : std::runtime_error(rocketmq_error_message(detail.get())), status_(rocketmq_error_status(detail.get())),
          detail_(std::move(detail))
    {
    }

    rocketmq_status status_;
    std::shared_ptr<const rocketmq_error> detail_;
};

/// What a call made, or why it failed; named as `std::expected` is, but never undefined: what is not there throws.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T made) : state_(std::in_place_index<0>, std::move(made)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    /// Throws the error if there is one, as do `*` and `->`.
    const T &value() const &
    {
        check();
        return std::get<0>(state_);
    }
    T &value() &
    {
        check();
        return std::get<0>(state_);
    }
    T &&value() &&
    {
        check();
        return std::get<0>(std::move(state_));
    }
    const T &operator*() const { return value(); }
    T &operator*() { return value(); }
    const T *operator->() const { return &value(); }
    T *operator->() { return &value(); }
    /// Throws `std::bad_variant_access` if there is none.
    const Error &error() const { return std::get<1>(state_); }

private:
    void check() const
    {
        if (const Error *error = std::get_if<1>(&state_)) throw Error(*error);
    }

    std::variant<T, Error> state_;
};

/// Whether a call that makes nothing failed, and why.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }
    /// Throws the error if there is one.
    void value() const
    {
        if (error_) throw Error(*error_);
    }
    /// Throws `std::bad_optional_access` if there is none.
    const Error &error() const { return error_.value(); }

private:
    std::optional<Error> error_;
};

/// Takes what leaves a callback.
using ExceptionHandler = void (*)(std::exception_ptr) noexcept;

namespace detail {

inline void write_exception(std::exception_ptr exception) noexcept
{
    const char *prefix = "rocketmq-producer: an exception left a callback of the application: ";
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception &known) {
        std::fprintf(stderr, "%s%s\n", prefix, known.what());
    } catch (...) {
        std::fprintf(stderr, "%sno std::exception\n", prefix);
    }
}

inline std::atomic<ExceptionHandler> exception_handler{write_exception};

/// Runs a callable that C called; nothing leaves.
template <class F>
void guarded(F &&call) noexcept
{
    try {
        call();
    } catch (...) {
        exception_handler.load()(std::current_exception());
    }
}

} // namespace detail

/// Where exceptions go that leave callbacks; NULL restores the default, a line to stderr. Returns the one before. [any]
inline ExceptionHandler set_exception_handler(ExceptionHandler handler) noexcept
{
    return detail::exception_handler.exchange(handler ? handler : detail::write_exception);
}

} // namespace rocketmq
