// Settings, and limits in time.
#pragma once

#include "../rocketmq_producer.h"
#include "detail.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocketmq {

/// A limit in time. What is less than a millisecond counts as one; what is over, and so negative, does not wait.
class Timeout {
public:
    template <class Rep, class Period>
    constexpr Timeout(std::chrono::duration<Rep, Period> limit) noexcept : ms_(milliseconds(limit))
    {
    }
    static constexpr Timeout of_c(std::int64_t timeout_ms) noexcept { return Timeout(OfC{timeout_ms}); }
    /// C's `timeout_ms`.
    constexpr std::int64_t ms() const noexcept { return ms_; }

private:
    struct OfC {
        std::int64_t ms;
    };
    explicit constexpr Timeout(OfC c) noexcept : ms_(c.ms) {}

    template <class Rep, class Period>
    static constexpr std::int64_t milliseconds(std::chrono::duration<Rep, Period> limit) noexcept
    {
        const double seconds = std::chrono::duration<double>(limit).count();
        if (seconds <= 0) return 0;
        // 285 years: what is more may have no room in milliseconds.
        if (seconds > 9e9) return ROCKETMQ_WAIT_FOREVER;
        return std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    }

    std::int64_t ms_;
};

inline constexpr Timeout wait_forever = Timeout::of_c(ROCKETMQ_WAIT_FOREVER);
/// The value of "send.timeout.ms".
inline constexpr Timeout wait_default = Timeout::of_c(ROCKETMQ_WAIT_DEFAULT);

/// Producer settings: `Config{{"namesrv.addr", "127.0.0.1:9876"}, {"producer.group", "my_group"}}`.
class Config : public detail::Object<rocketmq_config, rocketmq_config_destroy> {
public:
    using Object::Object;
    Config() : Object(rocketmq_config_create()) {}
    Config(std::initializer_list<std::pair<std::string_view, std::string_view>> values) : Config()
    {
        for (const auto &[key, value] : values) set(key, value);
    }

    Config &set(std::string_view key, std::optional<std::string_view> value)
    {
        const detail::Text name(key), text(value);
        detail::attempt([&](rocketmq_error **error) {
            return rocketmq_config_set(get(), name.get(), text.get(), error);
        }).value();
        return *this;
    }
    std::string value(std::string_view key) const
    {
        const detail::Text name(key);
        return detail::make<detail::String, char>([&](char **text, rocketmq_error **error) {
                   return rocketmq_config_get(get(), name.get(), text, error);
               })
            .value()
            .get();
    }
    Config clone() const { return Config(rocketmq_config_clone(get())); }
};

/// A key of a `Config`; all text is static.
struct ConfigKey {
    std::string_view name, type, default_value, doc;
    bool is_live;
};

/// The table of all keys.
inline std::vector<ConfigKey> config_keys()
{
    std::vector<ConfigKey> keys;
    for (std::size_t index = 0; const char *name = rocketmq_config_key_name(index); ++index)
        keys.push_back({name, rocketmq_config_key_type(index), rocketmq_config_key_default(index),
                        rocketmq_config_key_doc(index), rocketmq_config_key_is_live(index) == 1});
    return keys;
}

} // namespace rocketmq
