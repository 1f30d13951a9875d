/* Between JavaScript's values and C's. Types were checked in JavaScript: what is wrong here becomes "absent" or -1,
 * which the library then refuses. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* What a call may leave behind for the next one. */
enum { SCRATCH_KEPT = 64 * 1024 };

void scratch_reset(struct scratch *scratch)
{
    scratch->length = 0;
    if (scratch->capacity <= SCRATCH_KEPT) return;
    free(scratch->bytes);
    *scratch = (struct scratch){ 0 };
}

static bool reserve(struct scratch *scratch, size_t more)
{
    size_t capacity = scratch->capacity ? scratch->capacity : 1024;
    if (scratch->capacity - scratch->length >= more) return true;
    while (capacity - scratch->length < more) {
        if (capacity > SIZE_MAX / 2) return false;
        capacity *= 2;
    }
    char *bytes = realloc(scratch->bytes, capacity);
    if (!bytes) return false;
    scratch->bytes = bytes;
    scratch->capacity = capacity;
    return true;
}

/* Room that most texts fit in, so that their length need not be asked for; a character has at most 4 bytes, so a text
 * that ends that close to the end of the room may have been cut. */
enum { TEXT_GUESS = 256, CHARACTER_MAX = 4 };

bool take_text(napi_env env, struct scratch *scratch, napi_value value, struct text *text)
{
    size_t length = 0;
    *text = (struct text){ .absent = true };
    if (!reserve(scratch, TEXT_GUESS)) return false;
    size_t room = scratch->capacity - scratch->length;
    char *at = scratch->bytes + scratch->length;
    if (napi_get_value_string_utf8(env, value, at, room, &length) != napi_ok) return true;
    if (length + CHARACTER_MAX >= room) {
        if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return true;
        if (!reserve(scratch, length + 1)) return false;
        room = scratch->capacity - scratch->length;
        at = scratch->bytes + scratch->length;
        if (napi_get_value_string_utf8(env, value, at, room, &length) != napi_ok) return true;
    }
    *text = (struct text){ .offset = scratch->length, .length = length };
    scratch->length += length + 1; /* with its NUL */
    return true;
}

bool take_bytes(napi_env env, struct scratch *scratch, napi_value value, const void **bytes, struct text *text)
{
    void *data = NULL;
    size_t length = 0;
    *bytes = NULL;
    *text = (struct text){ .absent = true };
    napi_valuetype type = napi_undefined;
    if (napi_typeof(env, value, &type) != napi_ok) return true;
    if (type == napi_string) return take_text(env, scratch, value, text);
    if (napi_get_typedarray_info(env, value, NULL, &length, &data, NULL, NULL) != napi_ok) return true;
    *bytes = data;
    text->length = length;
    return true;
}

const char *text_of(const struct scratch *scratch, struct text text)
{
    return text.absent ? NULL : scratch->bytes + text.offset;
}

napi_value number_value(napi_env env, double number)
{
    napi_value value = NULL;
    napi_create_double(env, number, &value);
    return value;
}

napi_value string_value(napi_env env, const char *text)
{
    napi_value value = NULL;
    napi_create_string_utf8(env, text ? text : "", NAPI_AUTO_LENGTH, &value);
    return value;
}

napi_value undefined_value(napi_env env)
{
    napi_value value = NULL;
    napi_get_undefined(env, &value);
    return value;
}

double double_of(napi_env env, napi_value value, double otherwise)
{
    double number = otherwise;
    return napi_get_value_double(env, value, &number) == napi_ok ? number : otherwise;
}

int64_t int64_of(napi_env env, napi_value value, int64_t otherwise)
{
    int64_t number = otherwise;
    return napi_get_value_int64(env, value, &number) == napi_ok ? number : otherwise;
}

napi_value element_of(napi_env env, napi_value array, uint32_t index)
{
    napi_value value = NULL;
    return napi_get_element(env, array, index, &value) == napi_ok ? value : undefined_value(env);
}

struct held held_of(napi_env env, napi_value value)
{
    void *held = NULL;
    if (napi_get_value_external(env, value, &held) != napi_ok) return (struct held){ 0 };
    return *(struct held *)held;
}

struct queue *queue_of(napi_env env, napi_value value)
{
    void *queue = NULL;
    return napi_get_value_external(env, value, &queue) == napi_ok ? queue : NULL;
}

napi_value failure_value(napi_env env, rocketmq_status status, const rocketmq_error *error)
{
    napi_value failure = NULL;
    const napi_value members[FAILURE_MEMBERS] = {
        number_value(env, status),
        string_value(env, error ? rocketmq_error_message(error) : rocketmq_status_str(status)),
        number_value(env, error ? rocketmq_error_outcome(error) : ROCKETMQ_OUTCOME_NOT_SENT),
        number_value(env, rocketmq_error_is_retriable(error)),
        number_value(env, rocketmq_error_broker_code(error)),
        string_value(env, rocketmq_error_broker_remark(error)),
        string_value(env, rocketmq_error_broker(error)),
        string_value(env, rocketmq_error_message_id(error)),
        number_value(env, error ? rocketmq_error_attempts(error) : 0),
    };
    napi_create_array_with_length(env, FAILURE_MEMBERS, &failure);
    for (uint32_t index = 0; index < FAILURE_MEMBERS; index++) napi_set_element(env, failure, index, members[index]);
    return failure;
}

napi_value outcome_value(napi_env env, rocketmq_status status, rocketmq_error *error)
{
    napi_value value = status == ROCKETMQ_OK ? undefined_value(env) : failure_value(env, status, error);
    rocketmq_error_destroy(error);
    return value;
}
