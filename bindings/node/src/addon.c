/* The addon's table of functions and what each environment holds. */
#include "addon.h"

#include <stdlib.h>

struct addon *addon_of(napi_env env)
{
    void *addon = NULL;
    napi_get_instance_data(env, &addon);
    return addon;
}

/* The queue and the mailbox go with their own hooks, which run before. */
static void finalize(napi_env env, void *data, void *hint)
{
    struct addon *addon = data;
    (void)env, (void)hint;
    free(addon->scratch.bytes);
    free(addon);
}

NAPI_MODULE_INIT()
{
#define FUNCTION(name, function) { name, NULL, function, NULL, NULL, NULL, napi_default, NULL }
    const napi_property_descriptor functions[] = {
        FUNCTION("queueOpen", queue_open),
        FUNCTION("queueHold", queue_hold),
        FUNCTION("promiseOpen", promise_open),
        FUNCTION("promiseSettle", promise_settle),
        FUNCTION("jobStart", job_start),
        FUNCTION("sendMessage", send_message),
        FUNCTION("sendOneway", send_oneway),
        FUNCTION("sendBatch", send_batch),
        FUNCTION("producerCreate", producer_create),
        FUNCTION("producerDestroy", producer_destroy),
        FUNCTION("producerNumbers", producer_numbers),
        FUNCTION("producerClientId", producer_client_id),
        FUNCTION("producerStats", producer_stats),
        FUNCTION("producerUpdate", producer_update),
        FUNCTION("producerPurge", producer_purge),
        FUNCTION("producerFlush", producer_flush),
        FUNCTION("producerShutdown", producer_shutdown),
        FUNCTION("processVersions", process_versions),
        FUNCTION("processStatuses", process_statuses),
        FUNCTION("processConfigKeys", process_config_keys),
        FUNCTION("processSet", process_set),
        FUNCTION("processLog", process_log),
    };
    struct addon *addon = calloc(1, sizeof *addon);
    if (!addon || napi_set_instance_data(env, addon, finalize, NULL) != napi_ok) {
        free(addon);
        napi_throw_error(env, NULL, "out of memory");
        return NULL;
    }
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
