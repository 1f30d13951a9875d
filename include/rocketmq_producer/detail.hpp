// Between the classes and C: nothing in `detail` is for programs.
#pragma once

#include "../rocketmq_producer.h"
#include "error.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace rocketmq {

/// An object that C lends, shown as one of ours, which must not destroy it.
template <class T>
class Lent {
public:
    template <class C>
    explicit Lent(const C *object) noexcept : object_(const_cast<C *>(object))
    {
    }
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;
    ~Lent() { object_.release(); }

    explicit operator bool() const noexcept { return object_.get() != nullptr; }
    const T &operator*() const noexcept { return object_; }
    const T *operator->() const noexcept { return &object_; }

private:
    T object_;
};

namespace detail {

inline void check(rocketmq_status status)
{
    if (status != ROCKETMQ_OK) throw Error(status);
}

/// Makes a call that has an error output.
template <class F>
Result<void> attempt(F &&call)
{
    rocketmq_error *error = nullptr;
    const rocketmq_status status = call(&error);
    if (status == ROCKETMQ_OK) return {};
    return error ? Error(error) : Error(status);
}

/// Makes a call that also makes an object.
template <class T, class C, class F>
Result<T> make(F &&call)
{
    C *made = nullptr;
    const auto done = attempt([&](rocketmq_error **error) { return call(&made, error); });
    if (!done) return done.error();
    return T(made);
}

/// Owns an object of C; moving leaves NULL behind.
template <class C, auto destroy>
class Object {
public:
    /// Takes the object over.
    explicit Object(C *object) noexcept : owned_(object) {}
    /// The object, which stays this one's.
    C *get() const noexcept { return owned_.get(); }
    /// Gives the object away, to be destroyed by whoever takes it.
    C *release() noexcept { return owned_.release(); }

private:
    struct Destroy {
        void operator()(C *object) const noexcept { destroy(object); }
    };

    std::unique_ptr<C, Destroy> owned_;
};

using String = Object<char, rocketmq_string_free>;

/// Text with the NUL at its end that C needs.
class Text {
public:
    explicit Text(std::optional<std::string_view> text)
    {
        if (!text) return;
        text_.emplace(*text);
        if (text_->find('\0') != std::string::npos)
            throw Error(ROCKETMQ_ERR_INVALID_ARGUMENT, "there is a NUL inside a text");
    }
    const char *get() const noexcept { return text_ ? text_->c_str() : nullptr; }

private:
    std::optional<std::string> text_;
};

/// C takes an empty text, but not at NULL.
inline const char *start(std::string_view text) noexcept
{
    return text.data() ? text.data() : "";
}

template <class T>
void destroy_lent(void *lent) noexcept
{
    delete static_cast<T *>(lent);
}

template <class F>
void run(void *lent) noexcept
{
    guarded([&] { (*static_cast<F *>(lent))(); });
}

template <class F>
void run_release(void *lent) noexcept
{
    const std::unique_ptr<F> release(static_cast<F *>(lent));
    guarded([&] { (*release)(); });
}

template <class F>
void log_line(std::int32_t level, const char *target, const char *text, void *lent) noexcept
{
    guarded([&] { (*static_cast<F *>(lent))(level, std::string_view(target), std::string_view(text)); });
}

/// What left the selector that this thread's send has asked.
inline std::exception_ptr &left_a_selector() noexcept
{
    thread_local std::exception_ptr exception;
    return exception;
}

/// An index of any integer type; what C's has no room for is none.
template <class Index>
std::int32_t as_index(Index index) noexcept
{
    static_assert(std::is_integral_v<Index>, "a selector returns an index");
    if constexpr (std::is_signed_v<Index>) {
        if (index < 0) return -1;
    }
    return static_cast<std::uintmax_t>(index) > INT32_MAX ? -1 : static_cast<std::int32_t>(index);
}

} // namespace detail

} // namespace rocketmq
