// What is of the whole process: log, threads, versions, statuses.
#pragma once

#include "../rocketmq_producer.h"
#include "completion_queue.hpp"
#include "config.hpp"
#include "detail.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rocketmq {

/// `log(std::int32_t level, std::string_view target, std::string_view text)` gets every line up to `max_level`.
template <class Log>
void set_log(std::int32_t max_level, Log log)
{
    auto lent = std::make_unique<Log>(std::move(log));
    detail::check(rocketmq_log_set_callback(max_level, detail::log_line<Log>, lent.get(), detail::destroy_lent<Log>));
    static_cast<void>(lent.release());
}

/// Makes every log line an event of `queue`, with `tag`.
inline void set_log(std::int32_t max_level, CompletionQueue &queue, std::uint64_t tag)
{
    detail::check(rocketmq_log_set_cq(max_level, queue.get(), tag));
}

/// Back to stderr, as by default.
inline void reset_log(std::int32_t max_level = ROCKETMQ_LOG_WARN)
{
    detail::check(rocketmq_log_set_callback(max_level, nullptr, nullptr, nullptr));
}

inline void global_set(std::string_view key, std::optional<std::string_view> value)
{
    const detail::Text name(key), text(value);
    detail::attempt([&](auto error) { return rocketmq_global_set(name.get(), text.get(), error); }).value();
}

inline void global_shutdown(Timeout limit = wait_default)
{
    detail::attempt([&](auto error) { return rocketmq_global_shutdown(limit.ms(), error); }).value();
}

inline std::string_view status_name(rocketmq_status status) noexcept { return rocketmq_status_name(status); }
inline std::string_view status_text(rocketmq_status status) noexcept { return rocketmq_status_str(status); }

/// All statuses, `ROCKETMQ_OK` first.
inline std::vector<rocketmq_status> statuses()
{
    std::vector<rocketmq_status> all;
    for (rocketmq_status status = rocketmq_status_at(0); status <= 0; status = rocketmq_status_at(all.size()))
        all.push_back(status);
    return all;
}

/// Of the loaded library, as `ROCKETMQ_VERSION_NUMBER` is of the header.
inline std::uint32_t version_number() noexcept { return rocketmq_version_number(); }
inline std::string_view version() noexcept { return rocketmq_version_string(); }
inline std::string_view build_info() noexcept { return rocketmq_build_info(); }

} // namespace rocketmq
