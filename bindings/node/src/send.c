/* Sends. Each answers undefined when it was accepted, and then one event with its tag follows; else the failure. None
 * waits. */
#include "addon.h"

#include <stdlib.h>

enum { BATCH_MAX = 100000 };

/* What a send of one message takes, out of its arguments from the message on. Both are the caller's whatever it answers. */
static rocketmq_status build(napi_env env, napi_value *arguments, rocketmq_message **message,
                             rocketmq_send_options **options, rocketmq_error **error)
{
    struct addon *addon = addon_of(env);
    rocketmq_status status = build_message(env, addon, arguments, message, error);
    return status == ROCKETMQ_OK ? build_options(env, addon, arguments[MESSAGE_ARGUMENTS], options) : status;
}

/* sendMessage(producer, tag, topic, body, tags, keys, properties, more, options) */
napi_value send_message(napi_env env, napi_callback_info info)
{
    enum { PRODUCER, TAG, MESSAGE, COUNT = MESSAGE + MESSAGE_ARGUMENTS + 1 };
    napi_value arguments[COUNT];
    size_t count = COUNT;
    rocketmq_message *message = NULL;
    rocketmq_send_options *options = NULL;
    rocketmq_error *error = NULL;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const struct held held = held_of(env, arguments[PRODUCER]);
    const uint64_t tag = (uint64_t)int64_of(env, arguments[TAG], 0);
    rocketmq_status status = build(env, arguments + MESSAGE, &message, &options, &error);
    if (status == ROCKETMQ_OK)
        status = rocketmq_producer_send_cq(held.producer, message, options, queue_cq(held.queue), tag, &error);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return outcome_value(env, status, error);
}

/* sendOneway(producer, topic, body, tags, keys, properties, more, options): undefined, or the failure. */
napi_value send_oneway(napi_env env, napi_callback_info info)
{
    enum { PRODUCER, MESSAGE, COUNT = MESSAGE + MESSAGE_ARGUMENTS + 1 };
    napi_value arguments[COUNT];
    size_t count = COUNT;
    rocketmq_message *message = NULL;
    rocketmq_send_options *options = NULL;
    rocketmq_error *error = NULL;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const struct held held = held_of(env, arguments[PRODUCER]);
    rocketmq_status status = build(env, arguments + MESSAGE, &message, &options, &error);
    if (status == ROCKETMQ_OK)
        status = rocketmq_producer_send_oneway(held.producer, message, options, &error);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return outcome_value(env, status, error);
}

/* Fills `messages` from an array of flattened messages; `built` of them, also where the next one is a failure. */
static rocketmq_status build_messages(napi_env env, struct addon *addon, napi_value from, rocketmq_message **messages,
                                      uint32_t count, uint32_t *built, rocketmq_error **error)
{
    for (*built = 0; *built < count; ++*built) {
        napi_value arguments[MESSAGE_ARGUMENTS];
        napi_handle_scope scope = NULL;
        /* A scope for each, or a large batch would keep all its handles. */
        if (napi_open_handle_scope(env, &scope) != napi_ok) return ROCKETMQ_ERR_SYSTEM;
        napi_value flat = element_of(env, from, *built);
        for (uint32_t member = 0; member < MESSAGE_ARGUMENTS; member++)
            arguments[member] = element_of(env, flat, member);
        const rocketmq_status status = build_message(env, addon, arguments, &messages[*built], error);
        napi_close_handle_scope(env, scope);
        if (status != ROCKETMQ_OK) return status;
    }
    return ROCKETMQ_OK;
}

/* sendBatch(producer, tag, messages, options) */
napi_value send_batch(napi_env env, napi_callback_info info)
{
    enum { PRODUCER, TAG, MESSAGES, OPTIONS, COUNT };
    napi_value arguments[COUNT];
    size_t argument_count = COUNT;
    uint32_t count = 0, built = 0;
    rocketmq_send_options *options = NULL;
    rocketmq_error *error = NULL;
    if (napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL) != napi_ok) return NULL;
    struct addon *addon = addon_of(env);
    const struct held held = held_of(env, arguments[PRODUCER]);
    const uint64_t tag = (uint64_t)int64_of(env, arguments[TAG], 0);
    if (napi_get_array_length(env, arguments[MESSAGES], &count) != napi_ok || count > BATCH_MAX)
        return failure_value(env, ROCKETMQ_ERR_INVALID_ARGUMENT, NULL);
    rocketmq_message **messages = calloc(count ? count : 1, sizeof *messages);
    if (!messages) return failure_value(env, ROCKETMQ_ERR_SYSTEM, NULL);
    rocketmq_status status = build_messages(env, addon, arguments[MESSAGES], messages, count, &built, &error);
    if (status == ROCKETMQ_OK) status = build_options(env, addon, arguments[OPTIONS], &options);
    if (status == ROCKETMQ_OK)
        status = rocketmq_producer_send_batch_cq(held.producer, messages, count, options, queue_cq(held.queue), tag,
                                                 &error);
    for (uint32_t index = 0; index < count; index++) rocketmq_message_destroy(messages[index]);
    free(messages);
    rocketmq_send_options_destroy(options);
    napi_value failure = outcome_value(env, status, error);
    if (built < count) napi_set_element(env, failure, FAILURE_MEMBERS, number_value(env, built));
    return failure;
}
