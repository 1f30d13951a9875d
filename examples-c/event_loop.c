/* Sends 100,000 messages from an epoll loop, which takes the ends as events: no callback, no other thread.
 *
 *   cc -Iinclude examples-c/event_loop.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o event_loop
 *   ./event_loop 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { COUNT = 100000, WINDOW = 1024, TURN = 256 };

/* Prints why a call failed, frees the error, and says that it failed. */
static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? rocketmq_error_message(error) : rocketmq_status_str(status));
    rocketmq_error_destroy(error);
    return 1;
}

/* Sends up to so many, as long as there is room; a turn of the loop stays short. Never waits. */
static int send_some(rocketmq_producer *producer, rocketmq_cq *cq, const char *topic, int *sent, int limit)
{
    rocketmq_status status = ROCKETMQ_OK;
    rocketmq_error *error = NULL;
    for (int turn = 0; turn < TURN && *sent < limit && *sent < COUNT && status == ROCKETMQ_OK; turn++) {
        rocketmq_message *message = NULL;
        char body[32];
        int length = snprintf(body, sizeof body, "Hello loop %d", *sent + 1);
        status = rocketmq_message_build(topic, ROCKETMQ_NTS, "TagE", ROCKETMQ_NTS, NULL, 0, body, (size_t)length,
                                        &message, &error);
        if (status == ROCKETMQ_OK)
            status = rocketmq_producer_send_cq(producer, message, NULL, cq, (uint64_t)*sent + 1, &error);
        rocketmq_message_destroy(message);
        *sent += status == ROCKETMQ_OK;
    }
    if (status != ROCKETMQ_ERR_QUEUE_FULL && status != ROCKETMQ_ERR_COMPLETION_FULL && status != ROCKETMQ_OK)
        return failed("sending", status, error);
    rocketmq_error_destroy(error); /* room comes back with the next event */
    return 0;
}

int main(int argc, char **argv)
{
    static rocketmq_event events[TURN];
    struct epoll_event ready = { .events = EPOLLIN };
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_producer *producer = NULL;
    rocketmq_cq *cq = NULL;
    rocketmq_error *error = NULL;
    int sent = 0, ended = 0, lost = 0, loop = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 4) return fprintf(stderr, "usage: %s name-server group topic\n", argv[0]), 2;
    if (rocketmq_config_set(config, "namesrv.addr", argv[1], &error) || rocketmq_config_set(config, "producer.group", argv[2], &error)
        || rocketmq_producer_create(config, &producer, &error) || rocketmq_producer_start(producer, 3000, &error)
        || rocketmq_cq_create(&cq, &error))
        return failed("starting", ROCKETMQ_OK, error);
    rocketmq_config_destroy(config);
    epoll_ctl(loop, EPOLL_CTL_ADD, rocketmq_cq_fd(cq), &ready);
    while (ended < COUNT && !send_some(producer, cq, argv[3], &sent, ended + WINDOW)) {
        /* A loop of yours watches its own descriptors here too. */
        if (epoll_wait(loop, &ready, 1, sent < COUNT && sent - ended < WINDOW ? 0 : 100) < 1) continue;
        int count = rocketmq_cq_poll(cq, events, TURN, 0);
        for (int index = 0; index < count; index++) {
            if (events[index].status == ROCKETMQ_OK) continue;
            fprintf(stderr, "%d: %s\n", (int)events[index].tag, rocketmq_error_message(rocketmq_event_error(&events[index])));
            lost++;
        }
        rocketmq_event_release(events, count);
        ended += count > 0 ? count : 0;
    }
    printf("%d sent, %d lost\n", ended, lost);
    rocketmq_producer_destroy(producer);
    rocketmq_cq_destroy(cq);
    close(loop);
    return ended < COUNT || lost;
}
