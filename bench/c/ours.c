/* The client of this repository, through its C functions. */
#define _GNU_SOURCE
#include <poll.h>
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "loop.h"

static rocketmq_producer *producer;
/* Room in flight is waited for; with none of the windows that is ever needed but for very large bodies. */
static rocketmq_send_options *options;
/* Where asynchronous sends end that call nothing back; NULL otherwise. */
static rocketmq_cq *cq;
/* Messages of a batch until there are as many as it takes. One thread sends them. */
static rocketmq_message *kept[BATCH_MAX];
static size_t kept_count, batch_count;
static uintptr_t kept_cookie;

static const char *name(void)
{
    static char text[64];
    snprintf(text, sizeof text, "rocketmq-producer %s", rocketmq_version_string());
    return text;
}

/* Takes the error. */
static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    note_failure("%s failed: %s", what, error ? rocketmq_error_message(error) : rocketmq_status_str(status));
    rocketmq_error_destroy(error);
    return -1;
}

static int start(const struct settings *settings)
{
    batch_count = (size_t)settings->batch;
    const char *const values[][2] = { { "namesrv.addr", settings->namesrv },
                                      { "producer.group", "bench" },
                                      { "header.format", settings->binary ? "rocketmq" : "json" },
                                      { "send.timeout.ms", "3000" },
                                      { "batch.auto", settings->auto_batch ? "true" : "false" },
                                      { "compress.type", "none" } };
    rocketmq_error *error = NULL;
    rocketmq_status status = ROCKETMQ_OK;
    rocketmq_config *config = rocketmq_config_create();
    for (size_t index = 0; index < sizeof values / sizeof *values && status == ROCKETMQ_OK; index++)
        status = rocketmq_config_set(config, values[index][0], values[index][1], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    rocketmq_config_destroy(config);
    if (status != ROCKETMQ_OK) return failed("the configuration", status, error);
    status = rocketmq_producer_start(producer, ROCKETMQ_WAIT_DEFAULT, &error);
    if (status != ROCKETMQ_OK) return failed("the start", status, error);
    if (settings->queue) status = rocketmq_cq_create(&cq, &error);
    if (status != ROCKETMQ_OK) return failed("the completion queue", status, error);
    options = rocketmq_send_options_create();
    status = rocketmq_send_options_set_flags(options, ROCKETMQ_SEND_BLOCK);
    return status == ROCKETMQ_OK ? 0 : failed("setting the options", status, NULL);
}

static rocketmq_message *create(const char *topic, const void *body, size_t len)
{
    rocketmq_message *message = NULL;
    rocketmq_status status = rocketmq_message_create(topic, &message);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_body(message, body, len);
    if (status == ROCKETMQ_OK) return message;
    failed("making a message", status, NULL);
    rocketmq_message_destroy(message);
    return NULL;
}

static int send_sync(const char *topic, const void *body, size_t len)
{
    rocketmq_error *error = NULL;
    rocketmq_message *message = create(topic, body, len);
    if (!message) return -1;
    const rocketmq_status status = rocketmq_producer_send(producer, message, NULL, NULL, &error);
    rocketmq_message_destroy(message);
    return status == ROCKETMQ_OK ? 0 : failed("a sync send", status, error);
}

static int send_oneway(const char *topic, const void *body, size_t len)
{
    rocketmq_error *error = NULL;
    rocketmq_message *message = create(topic, body, len);
    if (!message) return -1;
    const rocketmq_status status = rocketmq_producer_send_oneway(producer, message, options, &error);
    rocketmq_message_destroy(message);
    return status == ROCKETMQ_OK ? 0 : failed("a one-way send", status, error);
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result;
    if (error) note_failure("an async send failed: %s", rocketmq_error_message(error));
    loop_ended((uintptr_t)user_data, error != NULL);
}

/* `user_data` is the cookie and how many messages there are. */
static void on_batch_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    for (size_t count = (uintptr_t)user_data % (BATCH_MAX + 1); count > 0; count--)
        on_sent(result, error, (void *)((uintptr_t)user_data / (BATCH_MAX + 1)));
}

static int send_rest(void)
{
    rocketmq_error *error = NULL;
    if (kept_count == 0) return 0;
    void *user_data = (void *)(kept_cookie * (BATCH_MAX + 1) + kept_count);
    const rocketmq_status status =
        rocketmq_producer_send_batch_async(producer, kept, kept_count, options, on_batch_sent, user_data, &error);
    /* All of them are counted as sent by now: there is no telling which was refused. */
    if (status != ROCKETMQ_OK) fail("a batch: %s", error ? rocketmq_error_message(error) : rocketmq_status_str(status));
    while (kept_count > 0) rocketmq_message_destroy(kept[--kept_count]);
    return 0;
}

static int send_async(const char *topic, const void *body, size_t len, uint64_t cookie)
{
    rocketmq_error *error = NULL;
    rocketmq_message *message = create(topic, body, len);
    if (!message) return -1;
    if (batch_count > 1) {
        kept_cookie = (uintptr_t)cookie;
        kept[kept_count++] = message;
        return kept_count == batch_count ? send_rest() : 0;
    }
    const rocketmq_status status =
        cq ? rocketmq_producer_send_cq(producer, message, options, cq, cookie, &error)
           : rocketmq_producer_send_async(producer, message, options, on_sent, (void *)(uintptr_t)cookie, &error);
    rocketmq_message_destroy(message);
    return status == ROCKETMQ_OK ? 0 : failed("an async send", status, error);
}

/* As an event loop does it where it knows for how long it may sleep. */
static int pump(int64_t wait_ns)
{
    enum { EVENTS = 256 };
    static rocketmq_event events[EVENTS];
    int32_t count = 0;
    if (wait_ns >= NS_PER_SECOND) {
        count = rocketmq_cq_poll(cq, events, EVENTS, wait_ns / 1000000);
    } else {
        const struct timespec wait = { .tv_sec = 0, .tv_nsec = wait_ns };
        struct pollfd ready = { .fd = rocketmq_cq_fd(cq), .events = POLLIN };
        if (ppoll(&ready, 1, &wait, NULL) > 0) count = rocketmq_cq_poll(cq, events, EVENTS, 0);
    }
    for (int32_t index = 0; index < count; index++) {
        const rocketmq_error *error = rocketmq_event_error(&events[index]);
        if (error) note_failure("an async send failed: %s", rocketmq_error_message(error));
        loop_ended(events[index].tag, error != NULL);
    }
    rocketmq_event_release(events, count);
    return count > 0;
}

/* With several brokers a sync send closes one connection only: what went to the others is flushed before. */
static int fence(const char *topic, const void *body, size_t len)
{
    rocketmq_error *error = NULL;
    const rocketmq_status status = rocketmq_producer_flush(producer, PATIENCE_SECONDS * 1000, &error);
    if (status != ROCKETMQ_OK) return failed("the flush", status, error);
    return send_sync(topic, body, len) < 0 ? -1 : 1;
}

static int stop(void)
{
    rocketmq_error *error = NULL;
    rocketmq_status status = rocketmq_producer_shutdown(producer, PATIENCE_SECONDS * 1000, &error);
    rocketmq_producer_destroy(producer);
    rocketmq_cq_destroy(cq);
    rocketmq_send_options_destroy(options);
    /* Joins the library's threads, for leak checkers. */
    if (status == ROCKETMQ_OK) status = rocketmq_global_shutdown(PATIENCE_SECONDS * 1000, &error);
    return status == ROCKETMQ_OK ? 0 : failed("the shutdown", status, error);
}

int main(int argc, char **argv)
{
    static struct client ours = { .name = name,
                                        .start = start,
                                        .send_sync = send_sync,
                                        .send_oneway = send_oneway,
                                        .send_async = send_async,
                                        .send_rest = send_rest,
                                        .fence = fence,
                                        .stop = stop };
    for (int index = 1; index < argc; index++)
        if (strcmp(argv[index], "ends=queue") == 0) ours.pump = pump;
    return loop_main(argc, argv, &ours);
}
