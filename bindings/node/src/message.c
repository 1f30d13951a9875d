/* Messages and send options, from what lib/message.js makes of JavaScript's objects. */
#include "addon.h"

/* Members of MORE, an array, for what few messages have. */
enum { SHARDING_KEY, TIMER_KIND, TIMER_VALUE, FLAG, WAIT_STORE };
enum { TIMER_NONE, TIMER_LEVEL, TIMER_DELAY_MS, TIMER_DELIVER_AT_MS };

static rocketmq_status set_timer(napi_env env, napi_value more, rocketmq_message *message)
{
    const int64_t value = int64_of(env, element_of(env, more, TIMER_VALUE), -1);
    const int32_t level = value >= 0 && value <= INT32_MAX ? (int32_t)value : -1;
    switch (int64_of(env, element_of(env, more, TIMER_KIND), TIMER_NONE)) {
    case TIMER_LEVEL: return rocketmq_message_set_delay_level(message, level);
    case TIMER_DELAY_MS: return rocketmq_message_set_delay_ms(message, value);
    case TIMER_DELIVER_AT_MS: return rocketmq_message_set_deliver_at_ms(message, value);
    default: return ROCKETMQ_OK;
    }
}

static rocketmq_status set_more(napi_env env, struct addon *addon, napi_value more, rocketmq_message *message)
{
    struct text key;
    rocketmq_status status = ROCKETMQ_OK;
    const int32_t flag = (int32_t)int64_of(env, element_of(env, more, FLAG), 0);
    const int32_t wait_store = (int32_t)int64_of(env, element_of(env, more, WAIT_STORE), 1);
    if (!take_text(env, &addon->scratch, element_of(env, more, SHARDING_KEY), &key)) return ROCKETMQ_ERR_SYSTEM;
    if (!key.absent) status = rocketmq_message_set_sharding_key(message, text_of(&addon->scratch, key));
    if (status == ROCKETMQ_OK) status = set_timer(env, more, message);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_flag(message, flag);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_wait_store(message, wait_store);
    return status;
}

rocketmq_status build_message(napi_env env, struct addon *addon, const napi_value arguments[MESSAGE_ARGUMENTS],
                              rocketmq_message **message, rocketmq_error **error)
{
    struct scratch *scratch = &addon->scratch;
    struct text topic, body, tags, keys, properties;
    const void *bytes = NULL;
    bool is_array = false;

    scratch_reset(scratch);
    if (!take_text(env, scratch, arguments[TOPIC], &topic) || !take_bytes(env, scratch, arguments[BODY], &bytes, &body)
        || !take_text(env, scratch, arguments[TAGS], &tags) || !take_text(env, scratch, arguments[KEYS], &keys)
        || !take_text(env, scratch, arguments[PROPERTIES], &properties))
        return ROCKETMQ_ERR_SYSTEM;
    if (!body.absent) bytes = text_of(scratch, body);
    rocketmq_status status =
        rocketmq_message_build(text_of(scratch, topic), topic.length, text_of(scratch, tags), tags.length,
                               text_of(scratch, keys), keys.length, bytes, body.length, message, error);
    if (status == ROCKETMQ_OK && !properties.absent)
        status = rocketmq_message_set_properties_packed(*message, text_of(scratch, properties), properties.length,
                                                        error);
    if (status == ROCKETMQ_OK && napi_is_array(env, arguments[MORE], &is_array) == napi_ok && is_array)
        status = set_more(env, addon, arguments[MORE], *message);
    if (status == ROCKETMQ_OK) return status;
    rocketmq_message_destroy(*message);
    *message = NULL;
    return status;
}

/* Members of the options, an array. */
enum { TIMEOUT_MS, FLAGS, BROKER, QUEUE_ID };

rocketmq_status build_options(napi_env env, struct addon *addon, napi_value from, rocketmq_send_options **options)
{
    bool is_array = false;
    struct text broker;
    *options = NULL;
    if (napi_is_array(env, from, &is_array) != napi_ok || !is_array) return ROCKETMQ_OK;
    if (!take_text(env, &addon->scratch, element_of(env, from, BROKER), &broker)) return ROCKETMQ_ERR_SYSTEM;
    *options = rocketmq_send_options_create();
    rocketmq_status status = rocketmq_send_options_set_timeout_ms(
        *options, int64_of(env, element_of(env, from, TIMEOUT_MS), ROCKETMQ_WAIT_DEFAULT));
    if (status == ROCKETMQ_OK)
        status = rocketmq_send_options_set_flags(*options, (uint32_t)int64_of(env, element_of(env, from, FLAGS), 0));
    if (status == ROCKETMQ_OK && !broker.absent)
        status = rocketmq_send_options_set_queue(*options, text_of(&addon->scratch, broker),
                                                 (int32_t)int64_of(env, element_of(env, from, QUEUE_ID), -1));
    return status;
}
