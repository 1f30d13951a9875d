/* Completion queues beside sends: waits and what ends them, flushes, shutdowns, log lines, forks. */
#include "queue.h"
#include <sys/wait.h>

static int wakes, released, refused;

static void *wait_long(void *argument)
{
    rocketmq_event event;
    int32_t count = rocketmq_cq_poll((rocketmq_cq *)argument, &event, 1, 20000);
    rocketmq_event_release(&event, count);
    return (void *)(intptr_t)count;
}

/* Each interrupt ends one poll, the one that waits or the next, and no event is lost by it. */
static void interrupts(rocketmq_producer *producer)
{
    rocketmq_cq *cq = new_queue();
    rocketmq_event event;
    pthread_t threads[2];
    void *answers[2];
    long long begun = now_us();
    rocketmq_cq_interrupt(cq);
    CHECK(rocketmq_cq_poll(cq, &event, 1, ROCKETMQ_WAIT_FOREVER) == 0);
    CHECK(rocketmq_cq_poll(cq, &event, 1, 20) == 0 && now_us() - begun >= 20000);
    CHECK(pthread_create(&threads[0], NULL, wait_long, cq) == 0);
    CHECK(pthread_create(&threads[1], NULL, wait_long, cq) == 0);
    sleep_ms(20);
    rocketmq_cq_interrupt(cq);
    CHECK(send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_OK);
    pthread_join(threads[0], &answers[0]);
    pthread_join(threads[1], &answers[1]);
    /* One had the interrupt, the other the event. */
    CHECK((intptr_t)answers[0] + (intptr_t)answers[1] == 1);
    CHECK(send_cq(producer, "Queue", "body", cq, 2) == ROCKETMQ_OK && fills(cq, 1));
    rocketmq_cq_interrupt(cq);
    CHECK(rocketmq_cq_poll(cq, &event, 1, 0) == 0 && rocketmq_cq_length(cq) == 1);
    expect(cq, ROCKETMQ_EVENT_SEND, 2, ROCKETMQ_OK);
    rocketmq_cq_destroy(cq);
}

static void on_wake(void *user_data)
{
    CHECK(on_library_thread() && rocketmq_cq_length((rocketmq_cq *)user_data) > 0);
    add(&wakes, 1);
}

static void on_released(void *user_data)
{
    (void)user_data;
    add(&released, 1);
}

static void wakeups(rocketmq_producer *producer)
{
    rocketmq_cq *cq = new_queue();
    int round;
    must("wakeup", rocketmq_cq_set_wakeup(cq, on_wake, cq, on_released), NULL);
    for (round = 1; round <= 20; round++) {
        CHECK(send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_OK);
        CHECK(reaches(&wakes, round) && rocketmq_cq_length(cq) == 1);
        expect(cq, ROCKETMQ_EVENT_SEND, 1, ROCKETMQ_OK);
    }
    must("no wakeup", rocketmq_cq_set_wakeup(cq, NULL, NULL, NULL), NULL);
    CHECK(reaches(&released, 1));
    must("no wakeup", rocketmq_cq_set_wakeup(cq, NULL, NULL, on_released), NULL);
    CHECK(get(&released) == 2 && send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_OK && fills(cq, 1));
    must("wakeup", rocketmq_cq_set_wakeup(cq, on_wake, cq, on_released), NULL);
    rocketmq_cq_destroy(cq);
    CHECK(reaches(&released, 3) && get(&wakes) == 20);
}

/* On a library thread what waits is refused, and the rest is not. */
static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    rocketmq_cq *cq = (rocketmq_cq *)user_data;
    rocketmq_event event;
    CHECK(result != NULL && error == NULL);
    refused += rocketmq_cq_poll(cq, &event, 1, 10) == ROCKETMQ_ERR_WOULD_DEADLOCK;
    refused += rocketmq_cq_poll(cq, &event, 1, ROCKETMQ_WAIT_FOREVER) == ROCKETMQ_ERR_WOULD_DEADLOCK;
    CHECK(rocketmq_cq_poll(cq, &event, 1, 0) == 0);
    add(&refused, 1);
}

static void calls(const char *name_server, rocketmq_producer *producer)
{
    rocketmq_cq *cq = new_queue();
    rocketmq_producer *other = new_producer(name_server), *third = started(name_server);
    rocketmq_error *error = NULL;
    rocketmq_message *messages[3];
    rocketmq_event event;
    int index;
    CHECK(send_async(producer, "Queue", "body", on_sent, cq) == ROCKETMQ_OK && reaches(&refused, 3));
    for (index = 0; index < 3; index++) messages[index] = new_message("Queue", "member");
    must("batch", rocketmq_producer_send_batch_cq(producer, messages, 3, NULL, cq, 7, &error), error);
    for (index = 0; index < 3; index++) rocketmq_message_destroy(messages[index]);
    event = next(cq);
    CHECK(event.tag == 7 && event.status == ROCKETMQ_OK);
    CHECK(rocketmq_send_result_count(rocketmq_event_result(&event)) == 3);
    rocketmq_event_release(&event, 1);
    /* A send that fails: the error, as a callback gets it. */
    CHECK(send_cq(producer, "Refused", "body", cq, 8) == ROCKETMQ_OK);
    event = next(cq);
    CHECK(event.tag == 8 && event.status == ROCKETMQ_ERR_NO_PERMISSION && rocketmq_event_result(&event) == NULL);
    CHECK(event.code == -1 && event.queue_id == -1 && event.queue_offset == -1);
    error = rocketmq_error_clone(rocketmq_event_error(&event));
    rocketmq_event_release(&event, 1);
    CHECK(rocketmq_error_broker_code(error) == 16 && rocketmq_error_outcome(error) == ROCKETMQ_OUTCOME_REJECTED);
    rocketmq_error_destroy(error);
    /* A flush ends after the events of the sends before it. */
    for (index = 0; index < 100; index++) CHECK(send_cq(producer, "Queue", "body", cq, 9) == ROCKETMQ_OK);
    must("flush", rocketmq_producer_flush_cq(producer, 20000, cq, 10, &error), error);
    for (index = 0; index < 100; index++) expect(cq, ROCKETMQ_EVENT_SEND, 9, ROCKETMQ_OK);
    expect(cq, ROCKETMQ_EVENT_FLUSHED, 10, ROCKETMQ_OK);
    CHECK(rocketmq_producer_flush_cq(other, 0, cq, 11, NULL) == ROCKETMQ_ERR_INVALID_STATE);
    CHECK(rocketmq_producer_flush_cq(producer, -3, cq, 11, NULL) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_producer_flush_cq(producer, 0, NULL, 11, NULL) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    /* Shutdowns: of one that never started, of one that runs, twice at once, of one that is closed. */
    must("shutdown", rocketmq_producer_shutdown_cq(other, 0, cq, 12, &error), error);
    expect(cq, ROCKETMQ_EVENT_CLOSED, 12, ROCKETMQ_OK);
    must("shutdown", rocketmq_producer_shutdown_cq(third, 20000, cq, 13, &error), error);
    CHECK(send_sync(third, "Queue", "late") == ROCKETMQ_ERR_CLOSED);
    must("shutdown", rocketmq_producer_shutdown_cq(third, 20000, cq, 13, &error), error);
    expect(cq, ROCKETMQ_EVENT_CLOSED, 13, ROCKETMQ_OK);
    expect(cq, ROCKETMQ_EVENT_CLOSED, 13, ROCKETMQ_OK);
    CHECK(rocketmq_producer_state(third) == ROCKETMQ_STATE_CLOSED);
    must("shutdown", rocketmq_producer_shutdown_cq(third, 20000, cq, 14, &error), error);
    expect(cq, ROCKETMQ_EVENT_CLOSED, 14, ROCKETMQ_OK);
    /* One whose broker does not answer is cut off at the limit, its send first. A busy machine may need a second call. */
    CHECK(send_cq(producer, "Silent", "body", cq, 15) == ROCKETMQ_OK);
    must("shutdown", rocketmq_producer_shutdown_cq(producer, 200, cq, 16, &error), error);
    event = next(cq);
    while (event.tag == 16 && event.status == ROCKETMQ_ERR_TIMEOUT) {
        rocketmq_event_release(&event, 1);
        must("shutdown", rocketmq_producer_shutdown_cq(producer, 200, cq, 16, &error), error);
        event = next(cq);
    }
    CHECK(event.tag == 15 && event.status == ROCKETMQ_ERR_CLOSED);
    rocketmq_event_release(&event, 1);
    do {
        event = next(cq);
        CHECK(event.kind == ROCKETMQ_EVENT_CLOSED && event.tag == 16);
        rocketmq_event_release(&event, 1);
        if (event.status == ROCKETMQ_ERR_TIMEOUT)
            must("shutdown", rocketmq_producer_shutdown_cq(producer, 200, cq, 16, &error), error);
    } while (event.status == ROCKETMQ_ERR_TIMEOUT);
    CHECK(event.status == ROCKETMQ_ERR_CLOSED && rocketmq_producer_state(producer) == ROCKETMQ_STATE_CLOSED);
    rocketmq_producer_destroy(other);
    rocketmq_producer_destroy(third);
    rocketmq_cq_destroy(cq);
}

/* Log lines as events; when there are too many the oldest go and are counted. */
static void log_lines(const char *name_server)
{
    rocketmq_cq *cq = new_queue();
    rocketmq_event event;
    size_t length = 0;
    int lines = 0;
    CHECK(rocketmq_log_set_cq(ROCKETMQ_LOG_TRACE, NULL, 1) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_log_set_cq(9, cq, 1) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    must("log", rocketmq_log_set_cq(ROCKETMQ_LOG_TRACE, cq, 77), NULL);
    {
        rocketmq_producer *producer = started(name_server);
        CHECK(send_sync(producer, "Queue", "body") == ROCKETMQ_OK);
        shut_down(producer);
        rocketmq_producer_destroy(producer);
    }
    shut_down_all();
    while (rocketmq_cq_poll(cq, &event, 1, 0) == 1) {
        const char *text = rocketmq_event_text(&event, &length);
        CHECK(event.kind == ROCKETMQ_EVENT_LOG && event.tag == 77 && event.status == ROCKETMQ_OK);
        CHECK(event.code >= ROCKETMQ_LOG_ERROR && event.code <= ROCKETMQ_LOG_TRACE);
        CHECK(text != NULL && strlen(text) == length && strncmp(text, "rocketmq_producer::", 19) == 0);
        CHECK(rocketmq_event_result(&event) == NULL && rocketmq_event_error(&event) == NULL);
        rocketmq_event_release(&event, 1);
        lines++;
    }
    say("log_lines", lines);
    CHECK(lines > 0);
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_WARN, NULL, NULL, NULL), NULL);
    rocketmq_cq_destroy(cq);
}

/* In a child the queue is the parent's, and what was polled is plain memory. */
static void forks(rocketmq_producer *producer)
{
    rocketmq_cq *cq = new_queue();
    rocketmq_event event;
    pid_t child;
    int status = -1;
    CHECK(send_cq(producer, "Queue", "body", cq, 5) == ROCKETMQ_OK);
    event = next(cq);
    CHECK(send_cq(producer, "Queue", "body", cq, 6) == ROCKETMQ_OK && fills(cq, 1));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        rocketmq_event none;
        alarm(20);
        CHECK(rocketmq_cq_poll(cq, &none, 1, ROCKETMQ_WAIT_FOREVER) == ROCKETMQ_ERR_FORKED);
        CHECK(rocketmq_cq_fd(cq) == -1 && rocketmq_cq_length(cq) == 0);
        rocketmq_cq_interrupt(cq);
        CHECK(rocketmq_send_result_queue_offset(rocketmq_event_result(&event)) == event.queue_offset);
        rocketmq_event_release(&event, 1);
        rocketmq_cq_destroy(cq);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    rocketmq_event_release(&event, 1);
    expect(cq, ROCKETMQ_EVENT_SEND, 6, ROCKETMQ_OK);
    rocketmq_cq_destroy(cq);
}

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    CHECK(argc == 2);
    producer = started(argv[1]);
    interrupts(producer);
    wakeups(producer);
    forks(producer);
    calls(argv[1], producer);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    log_lines(argv[1]);
    return 0;
}
