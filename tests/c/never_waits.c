/* Asynchronous and one-way sends do not wait: how often the thread that makes them gave up its core of its own
 * accord, and how long the calls took. With `silent` the route is unknown and nobody answers; with `calm` all is well. */
#include "program.h"
#include <sys/resource.h>

#define CALLS_MAX 20000

static long long took_ns[CALLS_MAX];
static rocketmq_producer *producer;
static rocketmq_send_options *options;
static int ended;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)user_data;
    CHECK((result == NULL) != (error == NULL));
    add(&ended, 1);
}

static long voluntary_switches(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nvcsw;
}

static long long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int ascending(const void *one, const void *other)
{
    long long a = *(const long long *)one, b = *(const long long *)other;
    return (a > b) - (a < b);
}

static void send_one(rocketmq_message *message, int oneway)
{
    rocketmq_error *error = NULL;
    if (oneway) must("one-way", rocketmq_producer_send_oneway(producer, message, options, &error), error);
    else must("async", rocketmq_producer_send_async(producer, message, options, on_sent, NULL, &error), error);
}

/* Each send to one of ten topics: none of them is waited for either. */
static void measure(int oneway, int calls, const char *kind)
{
    rocketmq_message *messages[10];
    char name[32];
    long before, waited = 0;
    int index;
    for (index = 0; index < 10; index++) {
        snprintf(name, sizeof name, "NeverWaits%d", index);
        messages[index] = new_message(name, "never waits");
    }
    /* What a thread does at its first call only: buffers, allocator. */
    send_one(messages[0], oneway);
    before = voluntary_switches();
    for (index = 0; index < calls; index++) {
        long switches = voluntary_switches();
        long long began = now_ns();
        send_one(messages[index % 10], oneway);
        took_ns[index] = now_ns() - began;
        waited += voluntary_switches() > switches;
    }
    qsort(took_ns, (size_t)calls, sizeof *took_ns, ascending);
    printf("%s_switches %ld\n", kind, voluntary_switches() - before);
    printf("%s_calls_with_switches %ld\n", kind, waited);
    printf("%s_p50_ns %lld\n", kind, took_ns[calls / 2]);
    printf("%s_p99_9_ns %lld\n", kind, took_ns[calls - 1 - calls / 1000]);
    printf("%s_max_ns %lld\n", kind, took_ns[calls - 1]);
    for (index = 0; index < 10; index++) rocketmq_message_destroy(messages[index]);
}

int main(int argc, char **argv)
{
    int calls, calm;
    rocketmq_error *error = NULL;
    CHECK(argc == 4);
    calm = strcmp(argv[2], "calm") == 0, calls = atoi(argv[3]);
    CHECK(calls <= CALLS_MAX);
    options = patient();
    producer = new_producer(argv[1]);
    must("start", rocketmq_producer_start(producer, calm ? 10000 : 0, &error), error);
    measure(0, calls, "async");
    measure(1, calls, "oneway");
    say("in_flight", (long long)rocketmq_producer_in_flight(producer));
    rocketmq_send_options_destroy(options);
    if (calm) shut_down(producer);
    else while (rocketmq_producer_shutdown(producer, 0, NULL) == ROCKETMQ_ERR_TIMEOUT) sleep_ms(10);
    CHECK(get(&ended) == calls + 1);
    rocketmq_producer_destroy(producer);
    return 0;
}
