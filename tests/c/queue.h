/* What the programs about completion queues share. */
#ifndef QUEUE_H
#define QUEUE_H

#include "program.h"
#include <poll.h>

static inline rocketmq_cq *new_queue(void)
{
    rocketmq_cq *cq = NULL;
    rocketmq_error *error = NULL;
    must("queue", rocketmq_cq_create(&cq, &error), error);
    CHECK(rocketmq_cq_length(cq) == 0);
    return cq;
}

static inline rocketmq_status send_cq(rocketmq_producer *producer, const char *topic, const char *body, rocketmq_cq *cq,
                                      uint64_t tag)
{
    rocketmq_message *message = new_message(topic, body);
    rocketmq_send_options *options = patient();
    rocketmq_status status = rocketmq_producer_send_cq(producer, message, options, cq, tag, NULL);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return status;
}

/* One event, which must come in time. */
static inline rocketmq_event next(rocketmq_cq *cq)
{
    rocketmq_event event;
    CHECK(rocketmq_cq_poll(cq, &event, 1, 20000) == 1);
    CHECK(event.reserved[0] == 0 && event.reserved[1] == 0 && event.reserved[2] == 0);
    return event;
}

/* The next one, which is of this kind, with this tag and status, and carries nothing that is needed. */
static inline void expect(rocketmq_cq *cq, int32_t kind, uint64_t tag, rocketmq_status status)
{
    rocketmq_event event = next(cq);
    CHECK(event.kind == kind && event.tag == tag);
    if (event.status != status) fprintf(stderr, "event %lld: %s\n", (long long)tag, rocketmq_status_name(event.status));
    CHECK(event.status == status && (status == ROCKETMQ_OK) == (rocketmq_event_error(&event) == NULL));
    CHECK(status == ROCKETMQ_OK || rocketmq_error_status(rocketmq_event_error(&event)) == status);
    rocketmq_event_release(&event, 1);
}

/* Whether the queue has so many events in ten seconds. */
static inline int fills(rocketmq_cq *cq, size_t count)
{
    long long until = now_us() + 10000000;
    while (rocketmq_cq_length(cq) < count && now_us() < until) sleep_ms(1);
    return rocketmq_cq_length(cq) == count;
}

static inline int is_readable(int descriptor)
{
    struct pollfd watched;
    watched.fd = descriptor, watched.events = POLLIN, watched.revents = 0;
    CHECK(poll(&watched, 1, 0) >= 0);
    return (watched.revents & POLLIN) != 0;
}

#endif
