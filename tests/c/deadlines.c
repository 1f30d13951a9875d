/* What each call takes beside its limit: every call with every limit at once, on a thread of its own. With `warm` the
 * producers have sent before; then the test takes their peers away. */
#include "program.h"

#define TOPIC "Deadlines"
#define LIMITS 3
#define OPEN_MS 20000

static const int limits_ms[LIMITS] = {100, 400, 1000};
static const char *name_server;
static int warm;

struct cell {
    const char *call;
    rocketmq_producer *producer;
    int limit_ms;
    int ended; /* callbacks */
    rocketmq_status status;
    long long took_us;
};

static rocketmq_send_options *within(int limit_ms)
{
    rocketmq_send_options *options = rocketmq_send_options_create();
    must("timeout", rocketmq_send_options_set_timeout_ms(options, limit_ms), NULL);
    return options;
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    struct cell *cell = (struct cell *)user_data;
    CHECK((result == NULL) != (error == NULL));
    cell->status = error ? rocketmq_error_status(error) : ROCKETMQ_OK;
    add(&cell->ended, 1);
}

static void send_async_within(struct cell *cell, int limit_ms)
{
    rocketmq_message *message = new_message(TOPIC, "async");
    rocketmq_send_options *options = within(limit_ms);
    rocketmq_error *error = NULL;
    must("async", rocketmq_producer_send_async(cell->producer, message, options, on_sent, cell, &error), error);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
}

static void sync_to(struct cell *cell, const char *topic)
{
    rocketmq_message *message = new_message(topic, "sync");
    rocketmq_send_options *options = within(cell->limit_ms);
    cell->status = rocketmq_producer_send(cell->producer, message, options, NULL, NULL);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
}

static void run_sync(struct cell *cell)
{
    sync_to(cell, TOPIC);
}

static void run_sync_new_topic(struct cell *cell)
{
    sync_to(cell, "NewTopic");
}

/* Until the callback. */
static void run_async(struct cell *cell)
{
    send_async_within(cell, cell->limit_ms);
    CHECK(reaches(&cell->ended, 1));
}

/* Until it holds no room any more: it was written, or its time is over. */
static void run_oneway(struct cell *cell)
{
    rocketmq_message *message = new_message(TOPIC, "one-way");
    rocketmq_send_options *options = within(cell->limit_ms);
    long long until = now_us() + 10000000;
    cell->status = rocketmq_producer_send_oneway(cell->producer, message, options, NULL);
    while (rocketmq_producer_in_flight(cell->producer) > 0 && now_us() < until) sleep_ms(1);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
}

static void run_prepare_topic(struct cell *cell)
{
    cell->status = rocketmq_producer_prepare_topic(cell->producer, "Prepared", cell->limit_ms, NULL);
}

static void run_fetch_queues(struct cell *cell)
{
    rocketmq_queue_list *queues = NULL;
    cell->status = rocketmq_producer_fetch_queues(cell->producer, "Fetched", cell->limit_ms, &queues, NULL);
    rocketmq_queue_list_destroy(queues);
}

static void run_flush(struct cell *cell)
{
    cell->status = rocketmq_producer_flush(cell->producer, cell->limit_ms, NULL);
}

/* What is open ends inside it, unless the callback threads did not get a core in time: then it says so. */
static void run_shutdown(struct cell *cell)
{
    long long began = now_us();
    rocketmq_status status = cell->status = rocketmq_producer_shutdown(cell->producer, cell->limit_ms, NULL);
    cell->took_us = now_us() - began;
    while (status == ROCKETMQ_ERR_TIMEOUT) status = rocketmq_producer_shutdown(cell->producer, 100, NULL);
    CHECK(status == ROCKETMQ_ERR_CLOSED);
    CHECK(get(&cell->ended) == 1);
    CHECK(rocketmq_producer_state(cell->producer) == ROCKETMQ_STATE_CLOSED);
}

static void run_start(struct cell *cell)
{
    cell->status = rocketmq_producer_start(cell->producer, cell->limit_ms, NULL);
}

static rocketmq_producer *ready_producer(void)
{
    rocketmq_producer *producer = new_producer(name_server);
    rocketmq_error *error = NULL;
    must("start", rocketmq_producer_start(producer, warm ? 10000 : 0, &error), error);
    if (warm) CHECK(send_sync(producer, TOPIC, "warm") == ROCKETMQ_OK);
    return producer;
}

/* Which producer a call is made on: `SHARED` with others, `OWN`, `BUSY` has a send open, `NEW` is not started. */
enum { SHARED, OWN, BUSY, NEW };

static const struct call {
    const char *name;
    void (*run)(struct cell *cell);
    int producer;
} calls[] = {
    {"sync", run_sync, SHARED},
    {"sync_new_topic", run_sync_new_topic, SHARED},
    {"async", run_async, SHARED},
    {"oneway", run_oneway, OWN},
    {"prepare_topic", run_prepare_topic, SHARED},
    {"fetch_queues", run_fetch_queues, SHARED},
    {"flush", run_flush, BUSY},
    {"shutdown", run_shutdown, BUSY},
    {"start", run_start, NEW},
};

#define CALLS (sizeof calls / sizeof calls[0])

static struct cell cells[CALLS * LIMITS];

static void *run(void *argument)
{
    struct cell *cell = (struct cell *)argument;
    long long began = now_us();
    calls[(cell - cells) / LIMITS].run(cell);
    if (cell->took_us == 0) cell->took_us = now_us() - began;
    return NULL;
}

static void tell(const struct cell *cell)
{
    printf("cell %s %d %lld %s\n", cell->call, cell->limit_ms, cell->took_us, rocketmq_status_name(cell->status));
    fflush(stdout);
}

static void shut_down_all_within(const char *name, int limit_ms)
{
    struct cell all = {name, NULL, limit_ms, 0, 0, 0};
    long long began = now_us();
    all.status = rocketmq_global_shutdown(all.limit_ms, NULL);
    all.took_us = now_us() - began;
    tell(&all);
}

static void set_up(void)
{
    rocketmq_producer *shared = ready_producer();
    size_t index;
    for (index = 0; index < CALLS * LIMITS; index++) {
        struct cell *cell = &cells[index];
        const struct call *call = &calls[index / LIMITS];
        cell->call = call->name;
        cell->limit_ms = limits_ms[index % LIMITS];
        cell->producer = call->producer == SHARED ? shared
                         : call->producer == NEW  ? new_producer(name_server)
                                                  : ready_producer();
    }
}

int main(int argc, char **argv)
{
    static pthread_t threads[CALLS * LIMITS];
    size_t index;
    CHECK(argc == 3);
    name_server = argv[1], warm = strcmp(argv[2], "warm") == 0;
    set_up();
    if (warm) pause_here("ready");
    for (index = 0; index < CALLS * LIMITS; index++)
        if (calls[index / LIMITS].producer == BUSY) send_async_within(&cells[index], OPEN_MS);
    for (index = 0; index < CALLS * LIMITS; index++)
        CHECK(pthread_create(&threads[index], NULL, run, &cells[index]) == 0);
    for (index = 0; index < CALLS * LIMITS; index++) pthread_join(threads[index], NULL);
    for (index = 0; index < CALLS * LIMITS; index++) tell(&cells[index]);
    shut_down_all_within("global_shutdown", 400);
    shut_down_all_within("global_shutdown_again", 1000);
    say("leaving_us", now_us());
    return 3;
}
