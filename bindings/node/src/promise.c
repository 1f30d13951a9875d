/* Promises of open calls, by tag. One that is made here is one object for the collector; one that is made in
 * JavaScript, which is faster, brings two functions and a context along, which live as long. */
#include "addon.h"

#include <stdlib.h>

enum { PROMISES_MIN = 1024 };

static bool reserve(struct promises *promises, uint64_t tag)
{
    if (tag < promises->capacity) return true;
    const size_t capacity = tag < PROMISES_MIN ? PROMISES_MIN : (size_t)tag * 2;
    napi_deferred *open = realloc(promises->open, capacity * sizeof *open);
    if (!open) return false;
    promises->open = open;
    promises->capacity = capacity;
    return true;
}

/* promiseOpen(queue, tag): a promise; undefined where there is no memory. */
napi_value promise_open(napi_env env, napi_callback_info info)
{
    napi_value arguments[2], promise = NULL;
    size_t count = 2;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    struct promises *promises = queue_promises(queue_of(env, arguments[0]));
    const uint64_t tag = (uint64_t)int64_of(env, arguments[1], 0);
    if (!promises || !reserve(promises, tag)) return NULL;
    napi_create_promise(env, &promises->open[tag], &promise);
    return promise;
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
