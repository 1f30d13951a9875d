/* A producer is destroyed without a shutdown: what was accepted still ends, once. */
#include "program.h"

#define SENDS 1000

static int calls[SENDS], sent, closed, other, total;
static rocketmq_producer *producer;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK((result == NULL) != (error == NULL));
    CHECK(on_library_thread());
    if (result) add(&sent, 1);
    else add(rocketmq_error_status(error) == ROCKETMQ_ERR_CLOSED ? &closed : &other, 1);
    add((int *)user_data, 1);
    if (user_data == &calls[0] && producer) rocketmq_producer_destroy(producer);
    add(&total, 1);
}

/* With `inside` the first callback destroys the producer. */
static void after_sends(const char *name_server, int inside)
{
    rocketmq_producer *mine = started(name_server);
    int number, once = 0;
    long long began;
    if (inside) producer = mine;
    must("prepare", rocketmq_producer_prepare_topic(mine, "Destroy", 10000, NULL), NULL);
    for (number = 0; number < SENDS; number++) {
        rocketmq_status status = send_async(mine, "Destroy", "async", on_sent, &calls[number]);
        if (status == ROCKETMQ_OK) continue;
        /* CLOSED if the destroy came in the middle of the call. */
        CHECK(inside && (status == ROCKETMQ_ERR_INVALID_HANDLE || status == ROCKETMQ_ERR_CLOSED));
        break;
    }
    began = now_us();
    if (!inside) rocketmq_producer_destroy(mine);
    say("destroy_us", now_us() - began);
    CHECK(reaches(&total, number));
    rocketmq_producer_destroy(mine);
    CHECK(send_sync(mine, "Destroy", "late") == ROCKETMQ_ERR_INVALID_HANDLE);
    shut_down_all();
    say("accepted", number);
    while (number-- > 0) once += calls[number] == 1;
    say("once", once);
    say("total", total);
    say("sent", sent);
    say("closed", closed);
    say("other", other);
}

int main(int argc, char **argv)
{
    int threads = thread_count(), descriptors = descriptor_count();
    CHECK(argc == 3);
    if (strcmp(argv[2], "idle") == 0) {
        rocketmq_producer *idle = started(argv[1]);
        CHECK(send_sync(idle, "Destroy", "one") == ROCKETMQ_OK);
        rocketmq_producer_destroy(idle);
        idle = new_producer(argv[1]); /* never started */
        rocketmq_producer_destroy(idle);
        shut_down_all();
    } else {
        after_sends(argv[1], strcmp(argv[2], "inside") == 0);
    }
    say("threads_more", thread_count() - threads);
    say("descriptors_more", descriptor_count() - descriptors);
    return 0;
}
