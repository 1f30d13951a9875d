/* Calls of the library that wait: start, preparing a topic, its queues, recalls. Each runs on a short-lived thread of
 * its own, not in libuv's pool, whose four threads serve the program's files and host names: a name server that is
 * silent must not hold these up. lib/queue.js limits how many run at once. A thread knows nothing of JavaScript; it
 * leaves its end in a mailbox. */
#include "addon.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum job_kind { START, PREPARE_TOPIC, FETCH_QUEUES, RECALL };

struct job {
    struct job *next;
    struct mailbox *mailbox;
    enum job_kind kind;
    rocketmq_producer *producer; /* may be destroyed meanwhile: the library notices */
    char *topic, *handle;
    int64_t timeout_ms;
    double tag;
    rocketmq_status status;
    rocketmq_error *error;
    rocketmq_queue_list *queues;
    char *message_id;
};

/* Outlives its environment while threads hold it: `async` is NULL from the environment's end on. */
struct mailbox {
    pthread_mutex_t lock;
    size_t holders;
    struct job *ended;
    uv_async_t *async;
    napi_env env;
    napi_ref settle; /* (tag, failure, value) */
    napi_async_context context;
    napi_async_cleanup_hook_handle cleanup;
};

static void mailbox_release(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    const bool last = --mailbox->holders == 0;
    pthread_mutex_unlock(&mailbox->lock);
    if (!last) return;
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static void job_destroy(struct job *job)
{
    rocketmq_error_destroy(job->error);
    rocketmq_queue_list_destroy(job->queues);
    rocketmq_string_free(job->message_id);
    free(job->topic);
    free(job->handle);
    free(job);
}

static void *job_run(void *data)
{
    struct job *job = data;
    struct mailbox *mailbox = job->mailbox;
    switch (job->kind) {
    case START: job->status = rocketmq_producer_start(job->producer, job->timeout_ms, &job->error); break;
    case PREPARE_TOPIC:
        job->status = rocketmq_producer_prepare_topic(job->producer, job->topic, job->timeout_ms, &job->error);
        break;
    case FETCH_QUEUES:
        job->status = rocketmq_producer_fetch_queues(job->producer, job->topic, job->timeout_ms, &job->queues,
                                                     &job->error);
        break;
    case RECALL:
        job->status = rocketmq_producer_recall(job->producer, job->topic, job->handle, job->timeout_ms,
                                               &job->message_id, &job->error);
        break;
    }
    pthread_mutex_lock(&mailbox->lock);
    const bool open = mailbox->async != NULL;
    if (open) {
        job->next = mailbox->ended;
        mailbox->ended = job;
        uv_async_send(mailbox->async);
    }
    pthread_mutex_unlock(&mailbox->lock);
    if (!open) job_destroy(job);
    mailbox_release(mailbox);
    return NULL;
}

static napi_value job_value(napi_env env, const struct job *job)
{
    napi_value list = NULL;
    if (job->kind == RECALL) return string_value(env, job->message_id);
    if (job->kind != FETCH_QUEUES) return undefined_value(env);
    const size_t count = rocketmq_queue_list_size(job->queues);
    napi_create_array_with_length(env, count * 2, &list);
    for (uint32_t index = 0; index < count; index++) {
        napi_set_element(env, list, index * 2, string_value(env, rocketmq_queue_list_broker(job->queues, index)));
        napi_set_element(env, list, index * 2 + 1, number_value(env, rocketmq_queue_list_queue_id(job->queues, index)));
    }
    return list;
}

static void job_settle(struct mailbox *mailbox, const struct job *job)
{
    napi_env env = mailbox->env;
    napi_handle_scope scope = NULL;
    napi_value settle = NULL, global = NULL, error = NULL;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    const bool ok = job->status == ROCKETMQ_OK;
    napi_value arguments[] = {
        number_value(env, job->tag),
        ok ? undefined_value(env) : failure_value(env, job->status, job->error),
        ok ? job_value(env, job) : undefined_value(env),
    };
    napi_get_reference_value(env, mailbox->settle, &settle);
    napi_get_global(env, &global);
    if (napi_make_callback(env, mailbox->context, global, settle, 3, arguments, NULL) == napi_pending_exception
        && napi_get_and_clear_last_exception(env, &error) == napi_ok)
        napi_fatal_exception(env, error);
    napi_close_handle_scope(env, scope);
}

static void on_mail(uv_async_t *async)
{
    struct mailbox *mailbox = async->data;
    pthread_mutex_lock(&mailbox->lock);
    struct job *job = mailbox->ended;
    mailbox->ended = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    while (job) {
        struct job *next = job->next;
        job_settle(mailbox, job);
        job_destroy(job);
        job = next;
    }
}

static void on_closed(uv_handle_t *async)
{
    struct mailbox *mailbox = async->data;
    napi_async_cleanup_hook_handle cleanup = mailbox->cleanup;
    free(async);
    mailbox_release(mailbox);
    napi_remove_async_cleanup_hook(cleanup);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data)
{
    struct mailbox *mailbox = data;
    pthread_mutex_lock(&mailbox->lock);
    uv_async_t *async = mailbox->async;
    struct job *job = mailbox->ended;
    mailbox->async = NULL;
    mailbox->ended = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    while (job) {
        struct job *next = job->next;
        job_destroy(job);
        job = next;
    }
    mailbox->cleanup = handle;
    uv_close((uv_handle_t *)async, on_closed);
}

/* NULL where there is no memory: jobs then fail. */
struct mailbox *mailbox_open(napi_env env, napi_value settle)
{
    uv_loop_t *loop = NULL;
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    uv_async_t *async = malloc(uv_handle_size(UV_ASYNC));
    if (!mailbox || !async || napi_get_uv_event_loop(env, &loop) != napi_ok
        || uv_async_init(loop, async, on_mail) != 0) {
        free(mailbox);
        free(async);
        return NULL;
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    async->data = mailbox;
    uv_unref((uv_handle_t *)async); /* the queue alone decides what keeps the process alive */
    mailbox->holders = 1;
    mailbox->async = async;
    mailbox->env = env;
    napi_create_reference(env, settle, 1, &mailbox->settle);
    napi_async_init(env, NULL, string_value(env, "rocketmq"), &mailbox->context);
    napi_add_async_cleanup_hook(env, on_cleanup, mailbox, &mailbox->cleanup);
    return mailbox;
}

/* A copy of a text, NULL for an absent one. */
static char *copy(napi_env env, struct scratch *scratch, napi_value value)
{
    struct text text;
    scratch_reset(scratch);
    return take_text(env, scratch, value, &text) && !text.absent ? strdup(text_of(scratch, text)) : NULL;
}

/* With all signals blocked: they are the program's. */
static bool spawn(struct job *job)
{
    pthread_t thread;
    sigset_t all, before;
    pthread_mutex_lock(&job->mailbox->lock);
    job->mailbox->holders++;
    pthread_mutex_unlock(&job->mailbox->lock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool spawned = pthread_create(&thread, NULL, job_run, job) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (spawned) pthread_detach(thread);
    else mailbox_release(job->mailbox);
    return spawned;
}

/* jobStart(kind, tag, producer, timeoutMs, topic, handle): the end comes by `settle`, or the answer is the failure. */
napi_value job_start(napi_env env, napi_callback_info info)
{
    enum { KIND, TAG, PRODUCER, TIMEOUT_MS, TOPIC_TEXT, HANDLE, COUNT };
    napi_value arguments[COUNT];
    size_t count = COUNT;
    struct addon *addon = addon_of(env);
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok) return NULL;
    const struct held held = held_of(env, arguments[PRODUCER]);
    struct job *job = queue_mailbox(held.queue) ? calloc(1, sizeof *job) : NULL;
    if (!job) return failure_value(env, ROCKETMQ_ERR_SYSTEM, NULL);
    job->mailbox = queue_mailbox(held.queue);
    job->kind = (enum job_kind)int64_of(env, arguments[KIND], START);
    job->tag = double_of(env, arguments[TAG], 0);
    job->producer = held.producer;
    job->timeout_ms = int64_of(env, arguments[TIMEOUT_MS], ROCKETMQ_WAIT_DEFAULT);
    job->topic = copy(env, &addon->scratch, arguments[TOPIC_TEXT]);
    job->handle = copy(env, &addon->scratch, arguments[HANDLE]);
    if (spawn(job)) return undefined_value(env);
    job_destroy(job);
    return failure_value(env, ROCKETMQ_ERR_SYSTEM, NULL);
}
