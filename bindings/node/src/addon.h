/* What the parts of the addon share. Each environment of Node (the main thread, every worker) has a `struct addon` of
 * its own; nothing here is global. JavaScript around it, in ../lib, checks types and makes promises; C moves the
 * values. */
#ifndef ADDON_H
#define ADDON_H

#include <node_api.h>
#include <rocketmq_producer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox;

/* Bytes that a call needs until it returns. Text goes in as UTF-8 and is found again by its offset, since the bytes
 * move as they grow. */
struct scratch {
    char *bytes;
    size_t length, capacity;
};

struct addon {
    struct scratch scratch;
};

/* Where calls end. One for each time that lib/queue.js is loaded into an environment, which test runners that isolate
 * modules do often; it goes with the environment. */
struct queue;

/* What an external value of a producer holds. */
struct held {
    rocketmq_producer *producer;
    struct queue *queue;
};

struct addon *addon_of(napi_env env);

/* ---- values.c: between JavaScript and C */

/* Where a text lies in the scratch; `absent` for undefined and null. */
struct text {
    size_t offset, length;
    bool absent;
};

void scratch_reset(struct scratch *scratch);
/* Both answer false only where there is no memory. A value of another type is absent. */
bool take_text(napi_env env, struct scratch *scratch, napi_value value, struct text *text);
bool take_bytes(napi_env env, struct scratch *scratch, napi_value value, const void **bytes, struct text *text);
/* Good until the next text is taken; NULL for an absent one. */
const char *text_of(const struct scratch *scratch, struct text text);

napi_value number_value(napi_env env, double number);
napi_value string_value(napi_env env, const char *text);
napi_value undefined_value(napi_env env);
double double_of(napi_env env, napi_value value, double otherwise);
int64_t int64_of(napi_env env, napi_value value, int64_t otherwise);
napi_value element_of(napi_env env, napi_value array, uint32_t index);
/* What is behind an external value; of anything else NULLs, which the library answers with an error. */
struct held held_of(napi_env env, napi_value value);
struct queue *queue_of(napi_env env, napi_value value);

/* A failure as lib/error.js reads it: an array. Behind its members there may be the index of a message in its batch.
 * `error` may be NULL and stays the caller's. */
enum { FAILURE_MEMBERS = 9 };
napi_value failure_value(napi_env env, rocketmq_status status, const rocketmq_error *error);
/* undefined for OK, else the failure; takes the error. */
napi_value outcome_value(napi_env env, rocketmq_status status, rocketmq_error *error);

/* ---- message.c */

/* The arguments that make one message, in the order in which lib/message.js flattens it. */
enum message_argument { TOPIC, BODY, TAGS, KEYS, PROPERTIES, MORE, MESSAGE_ARGUMENTS };

rocketmq_status build_message(napi_env env, struct addon *addon, const napi_value arguments[MESSAGE_ARGUMENTS],
                              rocketmq_message **message, rocketmq_error **error);
/* NULL options for undefined. */
rocketmq_status build_options(napi_env env, struct addon *addon, napi_value from, rocketmq_send_options **options);

/* ---- promise.c, queue.c, job.c: what comes back */

struct promises {
    napi_deferred *open; /* by tag */
    size_t capacity;
};

napi_value promise_open(napi_env env, napi_callback_info info);
napi_value promise_settle(napi_env env, napi_callback_info info);

/* NULL for NULL. */
rocketmq_cq *queue_cq(const struct queue *queue);
struct mailbox *queue_mailbox(const struct queue *queue);
struct promises *queue_promises(struct queue *queue);
napi_value queue_open(napi_env env, napi_callback_info info);
napi_value queue_hold(napi_env env, napi_callback_info info);
napi_value job_start(napi_env env, napi_callback_info info);
struct mailbox *mailbox_open(napi_env env, napi_value settle);

/* ---- send.c, producer.c, process.c: what JavaScript calls */

napi_value send_message(napi_env env, napi_callback_info info);
napi_value send_oneway(napi_env env, napi_callback_info info);
napi_value send_batch(napi_env env, napi_callback_info info);

napi_value producer_create(napi_env env, napi_callback_info info);
napi_value producer_destroy(napi_env env, napi_callback_info info);
napi_value producer_numbers(napi_env env, napi_callback_info info);
napi_value producer_client_id(napi_env env, napi_callback_info info);
napi_value producer_stats(napi_env env, napi_callback_info info);
napi_value producer_update(napi_env env, napi_callback_info info);
napi_value producer_purge(napi_env env, napi_callback_info info);
napi_value producer_flush(napi_env env, napi_callback_info info);
napi_value producer_shutdown(napi_env env, napi_callback_info info);

napi_value process_versions(napi_env env, napi_callback_info info);
napi_value process_statuses(napi_env env, napi_callback_info info);
napi_value process_config_keys(napi_env env, napi_callback_info info);
napi_value process_set(napi_env env, napi_callback_info info);
napi_value process_log(napi_env env, napi_callback_info info);

#endif
