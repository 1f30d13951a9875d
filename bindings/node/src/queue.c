/* The completion queue of an environment: libuv watches its descriptor, and each wake hands whole batches of events
 * to one JavaScript function. No thread but the environment's own ever enters it. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Events of one call into JavaScript, with which the program's own work upon them is done too. A wake takes no further
 * ones after its time: the descriptor stays readable while events are left, so that the loop's other work has its turn
 * in between. */
enum { BATCH = 128, WAKE_NS = 1000 * 1000 };
/* Numbers of an event, in lib/queue.js too. */
enum { TAG, KIND, STATUS, CODE, QUEUE_ID, QUEUE_OFFSET, ATTEMPTS, LATENCY_US, COUNT, ROW };

struct queue {
    napi_env env;
    rocketmq_cq *cq;
    uv_poll_t *poll;
    int fd;
    struct scratch *scratch;
    double *rows;         /* BATCH * ROW numbers, in an ArrayBuffer */
    napi_ref rows_buffer; /* which this keeps alive */
    napi_ref dispatch;    /* (count, texts) */
    napi_async_context context;
    napi_async_cleanup_hook_handle cleanup;
    struct mailbox *mailbox; /* NULL where there was no memory */
    struct promises promises;
    rocketmq_event events[BATCH];
};

rocketmq_cq *queue_cq(const struct queue *queue)
{
    return queue ? queue->cq : NULL;
}

struct mailbox *queue_mailbox(const struct queue *queue)
{
    return queue ? queue->mailbox : NULL;
}

struct promises *queue_promises(struct queue *queue)
{
    return queue ? &queue->promises : NULL;
}

/* Appends a text and its NUL; false where there is no memory. */
static bool append(struct scratch *scratch, const char *text)
{
    const size_t length = strlen(text) + 1;
    if (scratch->capacity - scratch->length < length) {
        const size_t capacity = (scratch->capacity + length) * 2;
        char *bytes = realloc(scratch->bytes, capacity);
        if (!bytes) return false;
        scratch->bytes = bytes;
        scratch->capacity = capacity;
    }
    memcpy(scratch->bytes + scratch->length, text, length);
    scratch->length += length;
    return true;
}

/* The texts of a result with a NUL after each, which cannot be in them: one string is much cheaper to make than five.
 * */
static napi_value result_texts(napi_env env, struct scratch *scratch, const rocketmq_send_result *result)
{
    napi_value value = NULL;
    const size_t count = rocketmq_send_result_count(result);
    scratch_reset(scratch);
    bool whole = append(scratch, rocketmq_send_result_message_id(result))
        && append(scratch, rocketmq_send_result_offset_id(result))
        && append(scratch, rocketmq_send_result_broker(result))
        && append(scratch, rocketmq_send_result_transaction_id(result))
        && append(scratch, rocketmq_send_result_recall_handle(result));
    for (size_t index = 1; whole && index < count; index++)
        whole = append(scratch, rocketmq_send_result_message_id_at(result, index));
    if (!whole) return undefined_value(env);
    napi_create_string_utf8(env, scratch->bytes, scratch->length, &value);
    return value;
}

/* Writes the event's numbers, and answers its text: of a result all its texts, of a log line the line, else the
 * failure. */
static napi_value take_event(struct queue *queue, const rocketmq_event *event, double *row)
{
    const rocketmq_send_result *result = rocketmq_event_result(event);
    row[TAG] = (double)event->tag;
    row[KIND] = event->kind;
    row[STATUS] = event->status;
    row[CODE] = event->code;
    row[QUEUE_ID] = event->queue_id;
    row[QUEUE_OFFSET] = (double)event->queue_offset;
    if (event->kind == ROCKETMQ_EVENT_LOG) return string_value(queue->env, rocketmq_event_text(event, NULL));
    if (event->status != ROCKETMQ_OK) return failure_value(queue->env, event->status, rocketmq_event_error(event));
    if (!result) return undefined_value(queue->env);
    row[ATTEMPTS] = rocketmq_send_result_attempts(result);
    row[LATENCY_US] = (double)rocketmq_send_result_latency_us(result);
    row[COUNT] = (double)rocketmq_send_result_count(result);
    return result_texts(queue->env, queue->scratch, result);
}

/* False when JavaScript cannot run any more: the environment ends. */
static bool hand_over(struct queue *queue, int32_t count)
{
    napi_env env = queue->env;
    napi_handle_scope scope = NULL;
    napi_value dispatch = NULL, global = NULL, texts = NULL, error = NULL;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
    napi_create_array_with_length(env, (size_t)count, &texts);
    for (int32_t index = 0; index < count; index++) {
        napi_value text = take_event(queue, &queue->events[index], queue->rows + index * ROW);
        napi_set_element(env, texts, (uint32_t)index, text);
    }
    napi_value arguments[] = { number_value(env, count), texts };
    napi_get_reference_value(env, queue->dispatch, &dispatch);
    napi_get_global(env, &global);
    const napi_status status = napi_make_callback(env, queue->context, global, dispatch, 2, arguments, NULL);
    if (status == napi_pending_exception && napi_get_and_clear_last_exception(env, &error) == napi_ok)
        napi_fatal_exception(env, error);
    napi_close_handle_scope(env, scope);
    return status == napi_ok || status == napi_pending_exception;
}

static void on_readable(uv_poll_t *poll, int status, int what)
{
    struct queue *queue = poll->data;
    const uint64_t begun = uv_hrtime();
    (void)status, (void)what;
    do {
        const int32_t count = rocketmq_cq_poll(queue->cq, queue->events, BATCH, 0);
        if (count <= 0) return;
        const bool alive = hand_over(queue, count);
        rocketmq_event_release(queue->events, count);
        if (!alive || count < BATCH) return;
    } while (uv_hrtime() - begun < WAKE_NS);
}

static void on_closed(uv_handle_t *poll)
{
    struct queue *queue = poll->data;
    napi_async_cleanup_hook_handle cleanup = queue->cleanup;
    close(queue->fd);
    free(poll);
    free(queue->promises.open);
    free(queue);
    napi_remove_async_cleanup_hook(cleanup);
}

/* The environment ends, perhaps with sends in flight: their events are dropped with the queue. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data)
{
    struct queue *queue = data;
    queue->cleanup = handle;
    rocketmq_cq_destroy(queue->cq);
    uv_poll_stop(queue->poll);
    uv_close((uv_handle_t *)queue->poll, on_closed);
}

static bool watch(struct queue *queue, napi_env env)
{
    uv_loop_t *loop = NULL;
    queue->fd = rocketmq_cq_dup_fd(queue->cq);
    queue->poll = malloc(uv_handle_size(UV_POLL));
    if (queue->fd < 0 || !queue->poll || napi_get_uv_event_loop(env, &loop) != napi_ok
        || uv_poll_init(loop, queue->poll, queue->fd) != 0) {
        free(queue->poll);
        if (queue->fd >= 0) close(queue->fd);
        return false;
    }
    queue->poll->data = queue;
    /* An idle producer does not keep the process alive: see queue_hold. */
    uv_unref((uv_handle_t *)queue->poll);
    uv_poll_start(queue->poll, UV_READABLE, on_readable);
    napi_add_async_cleanup_hook(env, on_cleanup, queue, &queue->cleanup);
    return true;
}

/* queueOpen(dispatch, settle): [external, the numbers of a batch as an ArrayBuffer]; undefined where there are no
 * descriptors left. */
napi_value queue_open(napi_env env, napi_callback_info info)
{
    napi_value arguments[2], rows = NULL, external = NULL, opened = NULL;
    size_t count = 2;
    struct addon *addon = addon_of(env);
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    struct queue *queue = calloc(1, sizeof *queue);
    if (!queue) return NULL;
    queue->env = env;
    queue->scratch = &addon->scratch;
    if (rocketmq_cq_create(&queue->cq, NULL) != ROCKETMQ_OK || !watch(queue, env)) {
        rocketmq_cq_destroy(queue->cq);
        free(queue);
        return NULL;
    }
    napi_create_arraybuffer(env, sizeof(double) * BATCH * ROW, (void **)&queue->rows, &rows);
    napi_create_reference(env, rows, 1, &queue->rows_buffer);
    napi_create_reference(env, arguments[0], 1, &queue->dispatch);
    napi_async_init(env, NULL, string_value(env, "rocketmq"), &queue->context);
    queue->mailbox = mailbox_open(env, arguments[1]);
    napi_create_external(env, queue, NULL, NULL, &external);
    napi_create_array_with_length(env, 2, &opened);
    napi_set_element(env, opened, 0, external);
    napi_set_element(env, opened, 1, rows);
    return opened;
}

/* queueHold(queue, on): whether the queue keeps the process alive, which it does while something is open. */
napi_value queue_hold(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    bool on = false;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const struct queue *queue = queue_of(env, arguments[0]);
    if (!queue) return NULL;
    napi_get_value_bool(env, arguments[1], &on);
    if (on) uv_ref((uv_handle_t *)queue->poll);
    else uv_unref((uv_handle_t *)queue->poll);
    return NULL;
}
