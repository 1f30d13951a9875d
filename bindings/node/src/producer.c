/* Producers: an external value each. The library answers calls with a destroyed one by an error, and ignores a second
 * destroy. */
#include "addon.h"

#include <stdlib.h>

static void finalize(napi_env env, void *data, void *hint)
{
    struct held *held = data;
    (void)env, (void)hint;
    rocketmq_producer_destroy(held->producer);
    free(held);
}

/* An external value that owns the producer; NULL where it could not be made, and then nothing is owned. */
static napi_value hold(napi_env env, rocketmq_producer *producer, struct queue *queue)
{
    napi_value external = NULL;
    struct held *held = malloc(sizeof *held);
    if (!held) return NULL;
    *held = (struct held){ producer, queue };
    if (napi_create_external(env, held, finalize, NULL, &external) == napi_ok) return external;
    free(held);
    return NULL;
}

/* Sets the keys of an array [key, value, key, value, ...]. */
static rocketmq_status set_keys(napi_env env, struct addon *addon, napi_value pairs, rocketmq_config *config,
                                rocketmq_error **error)
{
    uint32_t count = 0;
    rocketmq_status status = ROCKETMQ_OK;
    napi_get_array_length(env, pairs, &count);
    for (uint32_t index = 0; index + 1 < count && status == ROCKETMQ_OK; index += 2) {
        struct text key, value;
        scratch_reset(&addon->scratch);
        if (!take_text(env, &addon->scratch, element_of(env, pairs, index), &key)
            || !take_text(env, &addon->scratch, element_of(env, pairs, index + 1), &value))
            return ROCKETMQ_ERR_SYSTEM;
        status = rocketmq_config_set(config, text_of(&addon->scratch, key), text_of(&addon->scratch, value), error);
    }
    return status;
}

/* producerCreate(pairs, queue): [external, send.timeout.ms], or the failure. */
napi_value producer_create(napi_env env, napi_callback_info info)
{
    napi_value arguments[2], external = NULL, made = NULL;
    size_t count = 2;
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    char *timeout = NULL;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_status status = set_keys(env, addon_of(env), arguments[0], config, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_config_get(config, "send.timeout.ms", &timeout, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    rocketmq_config_destroy(config);
    if (status == ROCKETMQ_OK) external = hold(env, producer, queue_of(env, arguments[1]));
    if (status == ROCKETMQ_OK && !external) {
        rocketmq_producer_destroy(producer);
        status = ROCKETMQ_ERR_SYSTEM;
    }
    if (status == ROCKETMQ_OK) {
        napi_create_array_with_length(env, 2, &made);
        napi_set_element(env, made, 0, external);
        napi_set_element(env, made, 1, string_value(env, timeout));
    }
    rocketmq_string_free(timeout);
    return status == ROCKETMQ_OK ? made : outcome_value(env, status, error);
}

/* The producer that is the first argument of a call; all are in `arguments`. */
static struct held called(napi_env env, napi_callback_info info, napi_value *arguments, size_t count)
{
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return (struct held){ 0 };
    return held_of(env, arguments[0]);
}

/* producerDestroy(producer) */
napi_value producer_destroy(napi_env env, napi_callback_info info)
{
    napi_value arguments[1];
    rocketmq_producer_destroy(called(env, info, arguments, 1).producer);
    return NULL;
}

/* producerNumbers(producer): [state, connected, in flight] */
napi_value producer_numbers(napi_env env, napi_callback_info info)
{
    napi_value arguments[1], numbers = NULL;
    const rocketmq_producer *producer = called(env, info, arguments, 1).producer;
    napi_create_array_with_length(env, 3, &numbers);
    napi_set_element(env, numbers, 0, number_value(env, rocketmq_producer_state(producer)));
    napi_set_element(env, numbers, 1, number_value(env, rocketmq_producer_connected(producer)));
    napi_set_element(env, numbers, 2, number_value(env, (double)rocketmq_producer_in_flight(producer)));
    return numbers;
}

/* producerClientId(producer) */
napi_value producer_client_id(napi_env env, napi_callback_info info)
{
    napi_value arguments[1];
    return string_value(env, rocketmq_producer_client_id(called(env, info, arguments, 1).producer));
}

/* producerStats(producer): JSON, or the failure */
napi_value producer_stats(napi_env env, napi_callback_info info)
{
    napi_value arguments[1];
    char *json = NULL;
    rocketmq_error *error = NULL;
    const rocketmq_status status = rocketmq_producer_stats_json(called(env, info, arguments, 1).producer, &json, &error);
    napi_value value = status == ROCKETMQ_OK ? string_value(env, json) : outcome_value(env, status, error);
    rocketmq_string_free(json);
    return value;
}

/* producerUpdate(producer, key, value) */
napi_value producer_update(napi_env env, napi_callback_info info)
{
    napi_value arguments[3];
    struct text key, value;
    rocketmq_error *error = NULL;
    struct scratch *scratch = &addon_of(env)->scratch;
    rocketmq_producer *producer = called(env, info, arguments, 3).producer;
    scratch_reset(scratch);
    if (!take_text(env, scratch, arguments[1], &key) || !take_text(env, scratch, arguments[2], &value))
        return failure_value(env, ROCKETMQ_ERR_SYSTEM, NULL);
    const rocketmq_status status =
        rocketmq_producer_update(producer, text_of(scratch, key), text_of(scratch, value), &error);
    return outcome_value(env, status, error);
}

/* producerPurge(producer, what) */
napi_value producer_purge(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    rocketmq_producer *producer = called(env, info, arguments, 2).producer;
    return outcome_value(env, rocketmq_producer_purge(producer, (uint32_t)int64_of(env, arguments[1], 0)), NULL);
}

typedef rocketmq_status ending_call(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_cq *cq, uint64_t tag,
                                    rocketmq_error **error);

/* A call with (producer, tag, timeoutMs) whose end is an event. */
static napi_value ended_by_event(napi_env env, napi_callback_info info, ending_call *call)
{
    napi_value arguments[3];
    rocketmq_error *error = NULL;
    const struct held held = called(env, info, arguments, 3);
    const int64_t timeout_ms = int64_of(env, arguments[2], ROCKETMQ_WAIT_DEFAULT);
    const uint64_t tag = (uint64_t)int64_of(env, arguments[1], 0);
    const rocketmq_status status = call(held.producer, timeout_ms, queue_cq(held.queue), tag, &error);
    return outcome_value(env, status, error);
}

/* producerFlush(producer, tag, timeoutMs) */
napi_value producer_flush(napi_env env, napi_callback_info info)
{
    return ended_by_event(env, info, rocketmq_producer_flush_cq);
}

/* producerShutdown(producer, tag, timeoutMs) */
napi_value producer_shutdown(napi_env env, napi_callback_info info)
{
    return ended_by_event(env, info, rocketmq_producer_shutdown_cq);
}
