/* What belongs to the process and not to a producer: versions, tables of statuses and keys, settings, the log. */
#include "addon.h"

/* processVersions(): [header's number, library's number, library's text, how it was built] */
napi_value process_versions(napi_env env, napi_callback_info info)
{
    napi_value versions = NULL;
    (void)info;
    napi_create_array_with_length(env, 4, &versions);
    napi_set_element(env, versions, 0, number_value(env, ROCKETMQ_VERSION_NUMBER));
    napi_set_element(env, versions, 1, number_value(env, rocketmq_version_number()));
    napi_set_element(env, versions, 2, string_value(env, rocketmq_version_string()));
    napi_set_element(env, versions, 3, string_value(env, rocketmq_build_info()));
    return versions;
}

/* processStatuses(): [number, name, number, name, ...] */
napi_value process_statuses(napi_env env, napi_callback_info info)
{
    napi_value statuses = NULL;
    (void)info;
    napi_create_array(env, &statuses);
    for (uint32_t index = 0;; index++) {
        const rocketmq_status status = rocketmq_status_at(index);
        if (status > 0) return statuses;
        napi_set_element(env, statuses, index * 2, number_value(env, status));
        napi_set_element(env, statuses, index * 2 + 1, string_value(env, rocketmq_status_name(status)));
    }
}

/* processConfigKeys(): [name, type, default, doc, live, name, ...] */
napi_value process_config_keys(napi_env env, napi_callback_info info)
{
    napi_value keys = NULL;
    const char *name = NULL;
    (void)info;
    napi_create_array(env, &keys);
    for (uint32_t index = 0; (name = rocketmq_config_key_name(index)) != NULL; index++) {
        napi_set_element(env, keys, index * 5, string_value(env, name));
        napi_set_element(env, keys, index * 5 + 1, string_value(env, rocketmq_config_key_type(index)));
        napi_set_element(env, keys, index * 5 + 2, string_value(env, rocketmq_config_key_default(index)));
        napi_set_element(env, keys, index * 5 + 3, string_value(env, rocketmq_config_key_doc(index)));
        napi_set_element(env, keys, index * 5 + 4, number_value(env, rocketmq_config_key_is_live(index)));
    }
    return keys;
}

/* processSet(key, value) */
napi_value process_set(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    struct text key, value;
    rocketmq_error *error = NULL;
    struct scratch *scratch = &addon_of(env)->scratch;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    scratch_reset(scratch);
    if (!take_text(env, scratch, arguments[0], &key) || !take_text(env, scratch, arguments[1], &value))
        return failure_value(env, ROCKETMQ_ERR_SYSTEM, NULL);
    const rocketmq_status status = rocketmq_global_set(text_of(scratch, key), text_of(scratch, value), &error);
    return outcome_value(env, status, error);
}

/* processLog(queue, level): log lines become events of this queue; without a level they go to stderr again. */
napi_value process_log(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const int32_t level = (int32_t)int64_of(env, arguments[1], -1);
    const rocketmq_status status = level < 0 ? rocketmq_log_set_callback(ROCKETMQ_LOG_WARN, NULL, NULL, NULL)
                                             : rocketmq_log_set_cq(level, queue_cq(queue_of(env, arguments[0])), 0);
    return outcome_value(env, status, NULL);
}
