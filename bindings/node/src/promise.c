/* The promises of open calls, by tag. One that is made here is one object for the collector; one that is made in
 * JavaScript brings two functions and a context along, which live as long, and which the collector copies while the
 * loop stands still. */
#include "addon.h"

#include <stdlib.h>

enum { PROMISES_MIN = 1024 };

bool promises_reserve(struct promises *promises, uint64_t tag)
{
    if (!promises) return false;
    if (tag < promises->capacity) return true;
    const size_t capacity = tag < PROMISES_MIN ? PROMISES_MIN : (size_t)tag * 2;
    napi_deferred *open = realloc(promises->open, capacity * sizeof *open);
    if (!open) return false;
    promises->open = open;
    promises->capacity = capacity;
    return true;
}

napi_value accepted_value(napi_env env, struct queue *queue, uint64_t tag, rocketmq_status status,
                          rocketmq_error *error)
{
    napi_value promise = NULL;
    if (status != ROCKETMQ_OK) return outcome_value(env, status, error);
    napi_create_promise(env, &queue_promises(queue)->open[tag], &promise);
    return promise;
}

/* promiseOpen(queue, tag): a promise for what ends by no event, or the failure. */
napi_value promise_open(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    struct queue *queue = queue_of(env, arguments[0]);
    const uint64_t tag = (uint64_t)int64_of(env, arguments[1], 0);
    const bool room = promises_reserve(queue_promises(queue), tag);
    return accepted_value(env, queue, tag, room ? ROCKETMQ_OK : ROCKETMQ_ERR_SYSTEM, NULL);
}

/* promiseSettle(queue, tag, value, rejected): once for each that is open. */
napi_value promise_settle(napi_env env, napi_callback_info info)
{
    napi_value arguments[4];
    size_t count = 4;
    bool rejected = false;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const struct promises *promises = queue_promises(queue_of(env, arguments[0]));
    const uint64_t tag = (uint64_t)int64_of(env, arguments[1], 0);
    if (!promises || tag >= promises->capacity) return NULL;
    napi_get_value_bool(env, arguments[3], &rejected);
    if (rejected) napi_reject_deferred(env, promises->open[tag], arguments[2]);
    else napi_resolve_deferred(env, promises->open[tag], arguments[2]);
    return NULL;
}
