/* The program ends while another thread waits in a shutdown. The broker of this test never answers. */
#include "program.h"

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result, (void)error, (void)user_data;
}

static void *wait_for_the_end(void *producer)
{
    rocketmq_status status = producer ? rocketmq_producer_shutdown((rocketmq_producer *)producer, 60000, NULL)
                                      : rocketmq_global_shutdown(60000, NULL);
    fprintf(stderr, "the shutdown ended: %s\n", rocketmq_status_name(status));
    return NULL;
}

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    pthread_t thread;
    int number, waited;

    CHECK(argc == 3);
    producer = started(argv[1]);
    for (number = 0; number < 100; number++)
        CHECK(send_async(producer, "Frozen", "async", on_sent, NULL) == ROCKETMQ_OK);
    CHECK(pthread_create(&thread, NULL, wait_for_the_end, strcmp(argv[2], "global") == 0 ? NULL : producer) == 0);
    for (waited = 0; waited < 5000 && rocketmq_producer_state(producer) != ROCKETMQ_STATE_CLOSING; waited++)
        sleep_ms(1);
    CHECK(rocketmq_producer_state(producer) == ROCKETMQ_STATE_CLOSING);
    say("in_flight", (long long)rocketmq_producer_in_flight(producer));
    say("leaving_us", now_us());
    exit(5);
}
