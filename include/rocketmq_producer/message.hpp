// Messages, and the queues that they may go to.
#pragma once

#include "../rocketmq_producer.h"
#include "detail.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rocketmq {

/// A message to send. A send only reads it.
class Message : public detail::Object<rocketmq_message, rocketmq_message_destroy> {
public:
    using Object::Object;
    explicit Message(std::string_view topic, std::string_view body = {},
                     std::optional<std::string_view> tags = std::nullopt,
                     std::optional<std::string_view> keys = std::nullopt)
        : Message(detail::make<Message, rocketmq_message>([&](auto made, auto error) {
              return rocketmq_message_build(detail::start(topic), topic.size(), tags ? detail::start(*tags) : nullptr,
                                            tags ? tags->size() : 0, keys ? detail::start(*keys) : nullptr,
                                            keys ? keys->size() : 0, body.data(), body.size(), made, error);
          }).value())
    {
    }

    Message &set_topic(std::string_view topic) { return set(rocketmq_message_set_topic, topic); }
    Message &set_tags(std::optional<std::string_view> tags) { return set(rocketmq_message_set_tags, tags); }
    Message &set_keys(std::optional<std::string_view> keys) { return set(rocketmq_message_set_keys, keys); }
    Message &add_key(std::string_view key) { return set(rocketmq_message_add_key, key); }
    Message &set_sharding_key(std::optional<std::string_view> key)
    {
        return set(rocketmq_message_set_sharding_key, key);
    }
    Message &set_property(std::string_view name, std::optional<std::string_view> value)
    {
        const detail::Text key(name), text(value);
        return did(rocketmq_message_set_property(get(), key.get(), text.get()));
    }
    Message &set_properties_packed(std::string_view packed)
    {
        detail::attempt([&](rocketmq_error **error) {
            return rocketmq_message_set_properties_packed(get(), detail::start(packed), packed.size(), error);
        }).value();
        return *this;
    }
    Message &set_flag(std::int32_t flag) { return did(rocketmq_message_set_flag(get(), flag)); }
    Message &set_wait_store(bool on) { return did(rocketmq_message_set_wait_store(get(), on ? 1 : 0)); }
    Message &set_delay_level(std::int32_t level) { return did(rocketmq_message_set_delay_level(get(), level)); }
    Message &set_delay(std::chrono::milliseconds delay)
    {
        return did(rocketmq_message_set_delay_ms(get(), delay.count()));
    }
    Message &set_deliver_at(std::chrono::system_clock::time_point time)
    {
        const auto since_1970 = std::chrono::ceil<std::chrono::milliseconds>(time.time_since_epoch());
        return did(rocketmq_message_set_deliver_at_ms(get(), since_1970.count()));
    }

    /// Copies the bytes.
    Message &set_body(std::string_view body)
    {
        return did(rocketmq_message_set_body(get(), body.data(), body.size()));
    }
    Message &append_body(std::string_view more)
    {
        return did(rocketmq_message_append_body(get(), more.data(), more.size()));
    }
    /// Takes over a `std::string`, a `std::vector` of bytes, or whatever else has `data()` and `size()`, and copies
    /// nothing. It is destroyed when neither a message nor a send uses it any more, perhaps on a library thread.
    template <class Owner>
    Message &set_body_owner(Owner owner)
    {
        using Item = std::remove_cv_t<std::remove_reference_t<decltype(*owner.data())>>;
        static_assert(std::is_trivially_copyable_v<Item>, "a body is bytes");
        auto lent = std::make_unique<Owner>(std::move(owner));
        detail::check(rocketmq_message_set_body_borrowed(get(), lent->data(), lent->size() * sizeof(Item),
                                                         detail::destroy_lent<Owner>, lent.get()));
        static_cast<void>(lent.release());
        return *this;
    }
    /// Lends bytes until `release` is called. It may only destroy things.
    template <class Release>
    Message &set_body_borrowed(std::string_view body, Release release)
    {
        auto lent = std::make_unique<Release>(std::move(release));
        detail::check(rocketmq_message_set_body_borrowed(get(), body.data(), body.size(), detail::run_release<Release>,
                                                         lent.get()));
        static_cast<void>(lent.release());
        return *this;
    }

    std::string_view topic() const noexcept { return rocketmq_message_topic(get()); }
    std::string_view tags() const noexcept { return rocketmq_message_tags(get()); }
    std::string_view keys() const noexcept { return rocketmq_message_keys(get()); }
    std::string_view body() const noexcept
    {
        std::size_t size = 0;
        const void *bytes = rocketmq_message_body(get(), &size);
        return {static_cast<const char *>(bytes), size};
    }
    std::optional<std::string_view> property(std::string_view name) const
    {
        const char *value = rocketmq_message_property(get(), detail::Text(name).get());
        return value ? std::optional<std::string_view>(value) : std::nullopt;
    }
    /// All of them, tags and keys among them under their RocketMQ names.
    std::vector<std::pair<std::string_view, std::string_view>> properties() const
    {
        std::vector<std::pair<std::string_view, std::string_view>> found;
        const char *name = nullptr, *value = nullptr;
        while (rocketmq_message_property_at(get(), found.size(), &name, &value) == ROCKETMQ_OK)
            found.emplace_back(name, value);
        return found;
    }
    std::string_view id() const noexcept { return rocketmq_message_id(get()); }
    std::int32_t flag() const noexcept { return rocketmq_message_flag(get()); }
    std::chrono::system_clock::time_point born() const noexcept
    {
        return std::chrono::system_clock::time_point(std::chrono::milliseconds(rocketmq_message_born_ms(get())));
    }

    Message clone() const { return Message(rocketmq_message_clone(get())); }

private:
    Message &did(rocketmq_status status)
    {
        detail::check(status);
        return *this;
    }
    Message &set(rocketmq_status (*setter)(rocketmq_message *, const char *), std::optional<std::string_view> text)
    {
        return did(setter(get(), detail::Text(text).get()));
    }
};

/// The writable queues of a topic, ordered by broker and id.
class QueueList : public detail::Object<rocketmq_queue_list, rocketmq_queue_list_destroy> {
public:
    using Object::Object;

    struct Queue {
        std::string_view broker;
        std::int32_t id;
    };

    std::size_t size() const noexcept { return rocketmq_queue_list_size(get()); }
    /// Past the end it is the queue -1 of the broker "".
    Queue operator[](std::size_t index) const noexcept
    {
        return {rocketmq_queue_list_broker(get(), index), rocketmq_queue_list_queue_id(get(), index)};
    }
};

} // namespace rocketmq
