/* The program ends without a shutdown while sends are open. The broker of this test never answers. */
#include "program.h"

static int called;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result, (void)error, (void)user_data;
}

static void block(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result, (void)error, (void)user_data;
    add(&called, 1);
    sleep(60);
}

static void leave(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result, (void)error, (void)user_data;
    say("leaving_us", now_us());
    exit(9);
}

static void *wait_for_an_answer(void *producer)
{
    rocketmq_status status = send_sync((rocketmq_producer *)producer, "Frozen", "sync");
    fprintf(stderr, "the sync send ended: %s\n", rocketmq_status_name(status));
    return NULL;
}

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    pthread_t thread;
    int number;

    CHECK(argc == 3);
    producer = started(argv[1]);
    CHECK(send_sync(producer, "Answered", "first") == ROCKETMQ_OK);
    for (number = 0; number < 100; number++)
        CHECK(send_async(producer, "Frozen", "async", on_sent, NULL) == ROCKETMQ_OK);
    CHECK(pthread_create(&thread, NULL, wait_for_an_answer, producer) == 0);
    if (strcmp(argv[2], "blocked-callback") == 0) {
        CHECK(send_async(producer, "Answered", "block", block, NULL) == ROCKETMQ_OK);
        CHECK(reaches(&called, 1));
    }
    if (strcmp(argv[2], "from-callback") == 0) {
        CHECK(send_async(producer, "Answered", "leave", leave, NULL) == ROCKETMQ_OK);
        sleep(60);
    }
    pause_here("ready");
    say("in_flight", (long long)rocketmq_producer_in_flight(producer));
    say("leaving_us", now_us());
    return 7;
}
