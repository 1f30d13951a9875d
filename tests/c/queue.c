/* Ends of sends that are polled: each once, with what it carries, in every order of destroying things. */
#include "queue.h"
#include <sys/epoll.h>

enum { THREADS = 4, EACH = 5000, TAGS = THREADS * EACH };

struct sender {
    rocketmq_producer *producer;
    rocketmq_cq *cq;
    int first;
};

static void *send_many(void *argument)
{
    struct sender *sender = (struct sender *)argument;
    rocketmq_send_options *options = patient();
    int tag;
    must("block", rocketmq_send_options_set_flags(options, ROCKETMQ_SEND_BLOCK), NULL);
    for (tag = sender->first; tag < sender->first + EACH; tag++) {
        char body[16];
        rocketmq_message *message;
        rocketmq_error *error = NULL;
        snprintf(body, sizeof body, "%d", tag);
        message = new_message("Queue", body);
        must("send", rocketmq_producer_send_cq(sender->producer, message, options, sender->cq, (uint64_t)tag, &error),
             error);
        rocketmq_message_destroy(message);
    }
    rocketmq_send_options_destroy(options);
    return NULL;
}

/* What an event says, its result says too. */
static void look_at(const rocketmq_event *event)
{
    const rocketmq_send_result *result = rocketmq_event_result(event);
    size_t length = 1;
    CHECK(event->kind == ROCKETMQ_EVENT_SEND && event->status == ROCKETMQ_OK && result != NULL);
    CHECK(rocketmq_event_error(event) == NULL && rocketmq_event_text(event, &length) == NULL && length == 0);
    CHECK(event->code == rocketmq_send_result_status(result) && event->code == ROCKETMQ_SEND_OK);
    CHECK(event->queue_id == rocketmq_send_result_queue_id(result));
    CHECK(event->queue_offset == rocketmq_send_result_queue_offset(result) && event->queue_offset >= 0);
    CHECK(strlen(rocketmq_send_result_message_id(result)) == 32);
}

/* Four threads send, one loop polls when its descriptor is readable. */
static void sends(const char *name_server)
{
    static rocketmq_event events[100];
    static int seen[TAGS];
    struct sender senders[THREADS];
    pthread_t threads[THREADS];
    rocketmq_producer *producer = started(name_server);
    rocketmq_cq *cq = new_queue();
    struct epoll_event watched;
    int loop = epoll_create1(EPOLL_CLOEXEC), index, count, left = TAGS, calls = 0;
    memset(&watched, 0, sizeof watched);
    watched.events = EPOLLIN;
    CHECK(loop >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, rocketmq_cq_fd(cq), &watched) == 0);
    for (index = 0; index < THREADS; index++) {
        senders[index].producer = producer, senders[index].cq = cq, senders[index].first = index * EACH;
        CHECK(pthread_create(&threads[index], NULL, send_many, &senders[index]) == 0);
    }
    while (left > 0) {
        CHECK(epoll_wait(loop, &watched, 1, 20000) == 1);
        count = rocketmq_cq_poll(cq, events, 100, 0);
        CHECK(count > 0);
        for (index = 0; index < count; index++) {
            look_at(&events[index]);
            seen[events[index].tag]++;
        }
        rocketmq_event_release(events, count);
        left -= count, calls++;
    }
    for (index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    for (index = 0; index < TAGS; index++) CHECK(seen[index] == 1);
    CHECK(rocketmq_cq_length(cq) == 0 && !is_readable(rocketmq_cq_fd(cq)));
    shut_down(producer);
    CHECK(rocketmq_cq_poll(cq, events, 100, 0) == 0);
    rocketmq_producer_destroy(producer);
    rocketmq_cq_destroy(cq);
    close(loop);
    say("events", TAGS);
    say("polls", calls);
}

/* The descriptor is readable exactly while events wait, whatever the host reads from it. */
static void descriptors(const char *name_server)
{
    rocketmq_producer *producer = started(name_server);
    rocketmq_cq *cq = new_queue();
    int own, other, index, before;
    char bytes[64];
    /* With the connection to the broker. */
    CHECK(send_sync(producer, "Queue", "first") == ROCKETMQ_OK);
    before = descriptor_count();
    own = rocketmq_cq_fd(cq), other = rocketmq_cq_dup_fd(cq);
    CHECK(own >= 0 && other >= 0 && own != other && rocketmq_cq_fd(cq) == own);
    CHECK(!is_readable(own) && !is_readable(other));
    for (index = 0; index < 3; index++) CHECK(send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_OK);
    CHECK(fills(cq, 3) && is_readable(own) && is_readable(other));
    /* A loop that knows streams only reads what it finds, and polls one event at a time. */
    while (is_readable(other)) CHECK(read(other, bytes, sizeof bytes) > 0);
    expect(cq, ROCKETMQ_EVENT_SEND, 1, ROCKETMQ_OK);
    CHECK(is_readable(own) && is_readable(other));
    expect(cq, ROCKETMQ_EVENT_SEND, 1, ROCKETMQ_OK);
    CHECK(is_readable(own));
    expect(cq, ROCKETMQ_EVENT_SEND, 1, ROCKETMQ_OK);
    CHECK(!is_readable(own) && !is_readable(other));
    CHECK(read(other, bytes, sizeof bytes) == -1);
    /* Many polls that leave something behind do not fill the socket for good. */
    for (index = 0; index < 2000; index++) CHECK(send_cq(producer, "Queue", "body", cq, 2) == ROCKETMQ_OK);
    CHECK(fills(cq, 2000));
    for (index = 0; index < 2000; index++) {
        CHECK(is_readable(own));
        expect(cq, ROCKETMQ_EVENT_SEND, 2, ROCKETMQ_OK);
    }
    CHECK(!is_readable(own));
    /* A descriptor that is asked for late knows what waits. */
    CHECK(send_cq(producer, "Queue", "body", cq, 3) == ROCKETMQ_OK && fills(cq, 1));
    CHECK(is_readable(own));
    rocketmq_cq_destroy(cq);
    /* What is the host's stays, and is at its end. */
    while (read(other, bytes, sizeof bytes) > 0) {}
    CHECK(is_readable(other) && read(other, bytes, sizeof bytes) == 0);
    close(other);
    CHECK(descriptor_count() == before);
    cq = new_queue();
    CHECK(send_cq(producer, "Queue", "body", cq, 4) == ROCKETMQ_OK && fills(cq, 1));
    CHECK(is_readable(rocketmq_cq_fd(cq)));
    expect(cq, ROCKETMQ_EVENT_SEND, 4, ROCKETMQ_OK);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    rocketmq_cq_destroy(cq);
    say("stayed_readable", 2000);
}

/* Nobody polls: a limit, and nothing is lost. */
static void full(const char *name_server)
{
    static rocketmq_event events[200];
    static int seen[110];
    rocketmq_config *config = new_config(name_server);
    rocketmq_producer *producer = NULL;
    rocketmq_cq *cq = new_queue();
    rocketmq_error *error = NULL;
    rocketmq_message *message = new_message("Queue", "body");
    uint64_t tag = 0;
    int index;
    must("completion.max", rocketmq_config_set(config, "completion.max", "100", &error), error);
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    must("start", rocketmq_producer_start(producer, 10000, &error), error);
    rocketmq_config_destroy(config);
    while (send_cq(producer, "Queue", "body", cq, tag) == ROCKETMQ_OK) CHECK(++tag <= 100);
    CHECK(tag == 100);
    CHECK(rocketmq_producer_send_cq(producer, message, NULL, cq, 0, &error) == ROCKETMQ_ERR_COMPLETION_FULL);
    CHECK(rocketmq_error_outcome(error) == ROCKETMQ_OUTCOME_NOT_SENT);
    rocketmq_error_destroy(error);
    CHECK(rocketmq_producer_flush_cq(producer, 1000, cq, 0, NULL) == ROCKETMQ_ERR_COMPLETION_FULL);
    /* What is not told later goes on, and a flush waits for no poll. */
    CHECK(send_sync(producer, "Queue", "sync") == ROCKETMQ_OK);
    must("flush", rocketmq_producer_flush(producer, 10000, &error), error);
    CHECK(rocketmq_cq_length(cq) == 100);
    CHECK(rocketmq_cq_poll(cq, events, 10, 0) == 10);
    while (send_cq(producer, "Queue", "body", cq, tag) == ROCKETMQ_OK) CHECK(++tag <= 110);
    CHECK(tag == 110 && fills(cq, 100));
    /* Neither does a shutdown, nor is its own event ever refused. */
    must("shutdown", rocketmq_producer_shutdown_cq(producer, 10000, cq, 1000, &error), error);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    CHECK(fills(cq, 101) && rocketmq_cq_poll(cq, events + 10, 190, 0) == 101);
    for (index = 0; index < 110; index++) {
        CHECK(events[index].tag < 110 && events[index].status == ROCKETMQ_OK);
        CHECK(++seen[events[index].tag] == 1);
    }
    CHECK(events[110].kind == ROCKETMQ_EVENT_CLOSED && events[110].tag == 1000 && events[110].status == ROCKETMQ_OK);
    rocketmq_cq_destroy(cq);
    /* Polled events outlive all that they came from. */
    for (index = 0; index < 110; index++) look_at(&events[index]);
    rocketmq_event_release(events, 111);
    for (index = 0; index < 111; index++) CHECK(events[index].detail == 0);
    rocketmq_event_release(events, 111);
    CHECK(rocketmq_event_result(&events[0]) == NULL && rocketmq_event_error(&events[0]) == NULL);
    rocketmq_message_destroy(message);
    shut_down_all();
    say("accepted", (long long)tag + 1);
}

static void *wait_for_ever(void *argument)
{
    rocketmq_event event;
    return (void *)(intptr_t)rocketmq_cq_poll((rocketmq_cq *)argument, &event, 1, ROCKETMQ_WAIT_FOREVER);
}

/* Destroyed in any order, under polls and with sends on their way. */
static void destroyed(const char *name_server)
{
    rocketmq_producer *producer = started(name_server);
    pthread_t thread;
    void *answer = NULL;
    rocketmq_event event;
    int round, index;
    for (round = 0; round < 50; round++) {
        rocketmq_cq *cq = new_queue();
        CHECK(round % 2 == 1 || pthread_create(&thread, NULL, wait_for_ever, cq) == 0);
        if (round % 2 == 1)
            for (index = 0; index < 20; index++) CHECK(send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_OK);
        if (round % 4 == 3) CHECK(fills(cq, 20));
        rocketmq_cq_destroy(cq);
        CHECK(round % 2 == 1 || (pthread_join(thread, &answer) == 0));
        /* The poll had begun, or had not. */
        CHECK(round % 2 == 1 || (intptr_t)answer == ROCKETMQ_ERR_CLOSED || (intptr_t)answer == ROCKETMQ_ERR_INVALID_HANDLE);
        CHECK(rocketmq_cq_poll(cq, &event, 1, 0) == ROCKETMQ_ERR_INVALID_HANDLE);
        CHECK(send_cq(producer, "Queue", "body", cq, 1) == ROCKETMQ_ERR_INVALID_HANDLE);
        CHECK(rocketmq_cq_set_wakeup(cq, NULL, NULL, NULL) == ROCKETMQ_ERR_INVALID_HANDLE);
        CHECK(rocketmq_cq_fd(cq) == -1 && rocketmq_cq_dup_fd(cq) == -1 && rocketmq_cq_length(cq) == 0);
        rocketmq_cq_interrupt(cq);
        rocketmq_cq_destroy(cq);
    }
    {
        rocketmq_cq *before = new_queue(), *after = new_queue();
        CHECK(send_cq(producer, "Queue", "body", before, 1) == ROCKETMQ_OK);
        CHECK(send_cq(producer, "Queue", "body", after, 1) == ROCKETMQ_OK);
        rocketmq_cq_destroy(before);
        rocketmq_producer_destroy(producer);
        event = next(after);
        CHECK(event.tag == 1 && (event.status == ROCKETMQ_OK || event.status == ROCKETMQ_ERR_CLOSED));
        rocketmq_cq_destroy(after);
        rocketmq_event_release(&event, 1);
    }
    shut_down_all();
    say("rounds", round);
}

static void nothing_given(void)
{
    rocketmq_cq *cq = new_queue();
    rocketmq_event event;
    memset(&event, 0, sizeof event);
    CHECK(rocketmq_cq_create(NULL, NULL) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(NULL, &event, 1, 0) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(cq, NULL, 1, 0) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(cq, &event, 0, 0) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(cq, &event, -1, 0) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(cq, &event, 1, -3) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_cq_poll(cq, &event, 1, 0) == 0 && rocketmq_cq_poll(cq, &event, 1, 5) == 0);
    CHECK(rocketmq_cq_fd(NULL) == -1 && rocketmq_cq_dup_fd(NULL) == -1 && rocketmq_cq_length(NULL) == 0);
    CHECK(rocketmq_cq_set_wakeup(NULL, NULL, NULL, NULL) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(rocketmq_event_result(NULL) == NULL && rocketmq_event_error(NULL) == NULL);
    CHECK(rocketmq_event_text(NULL, NULL) == NULL && rocketmq_event_result(&event) == NULL);
    rocketmq_event_release(NULL, 1);
    rocketmq_event_release(&event, 0);
    rocketmq_event_release(&event, -1);
    rocketmq_event_release(&event, 1);
    rocketmq_cq_interrupt(NULL);
    rocketmq_cq_destroy(NULL);
    rocketmq_cq_destroy(cq);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    nothing_given();
    if (strcmp(argv[2], "sends") == 0) sends(argv[1]);
    if (strcmp(argv[2], "descriptors") == 0) descriptors(argv[1]);
    if (strcmp(argv[2], "full") == 0) full(argv[1]);
    if (strcmp(argv[2], "destroyed") == 0) destroyed(argv[1]);
    return 0;
}
