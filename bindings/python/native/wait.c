/* Calls that wait. They are made as asynchronous ones on a queue of their own, and the wait is cut into slices: so a
 * signal's handler runs in between, and Ctrl-C ends the wait. An end that comes late finds its queue destroyed. */
#include "native.h"

enum { SLICE_MS = 50 };

rocketmq_cq *idle_queue(Producer *self)
{
    rocketmq_error *error = NULL;
    rocketmq_cq *cq = NULL;
    rocketmq_status status;
    if (self->idle_count) return self->idle[--self->idle_count];
    status = rocketmq_cq_create(&cq, &error);
    if (status != ROCKETMQ_OK) raised(status, error, NULL);
    return cq;
}

/* Only of a queue that nothing is to come on. */
void keep_idle(Producer *self, rocketmq_cq *cq)
{
    if (self->idle_count < IDLE_MAX) self->idle[self->idle_count++] = cq;
    else rocketmq_cq_destroy(cq);
}

int wait_for_event(rocketmq_cq *cq, rocketmq_event *event)
{
    int32_t count;
    for (;;) {
        Py_BEGIN_ALLOW_THREADS
        count = rocketmq_cq_poll(cq, event, 1, SLICE_MS);
        Py_END_ALLOW_THREADS
        if (count == 1) return 0;
        if (count < 0) {
            raised(count, NULL, NULL);
            return -1;
        }
        if (PyErr_CheckSignals() < 0) return -1;
    }
}
