/* Many sends of every kind from many threads while peers fail in every way: each ends once, no room is lost, nothing
 * grows. First argument: name server; then threads, sends, and how many may be in flight. */
#include "program.h"

#define THREADS_MAX 16
#define TOPICS 4
#define BODY_MAX 1000
#define LARGE_BYTES 10000
#define SAMPLES 10

static rocketmq_producer *producer;
static unsigned char *calls; /* callbacks of each accepted send */
static int next, total, in_flight_max;
static int accepted_async, accepted_oneway, sync_sends, succeeded, failed, full, closed, late, cancelled;
static long long rss_kib[SAMPLES + 1];

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    unsigned char *slot = (unsigned char *)user_data;
    CHECK((result == NULL) != (error == NULL));
    if (get(&closed)) add(&late, 1);
    add(result ? &succeeded : &failed, 1);
    if (error && rocketmq_error_status(error) == ROCKETMQ_ERR_CANCELLED) add(&cancelled, 1);
    CHECK(__atomic_add_fetch(slot, 1, __ATOMIC_SEQ_CST) == 1);
}

static unsigned long long random_next(unsigned long long *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}

/* One send; whether it was accepted. */
static int send_one(int number, unsigned long long *state, rocketmq_send_options *options, const char *body)
{
    rocketmq_message *message = NULL;
    char topic[16];
    unsigned kind = (unsigned)(random_next(state) % 100);
    rocketmq_status status;
    snprintf(topic, sizeof topic, "Faults%d", (int)(random_next(state) % TOPICS));
    must("message", rocketmq_message_create(topic, &message), NULL);
    must("body", rocketmq_message_set_body(message, body, 1 + random_next(state) % BODY_MAX), NULL);
    must("timeout", rocketmq_send_options_set_timeout_ms(options, 1 + (long long)(random_next(state) % 60)), NULL);
    if (kind < 2) {
        status = rocketmq_producer_send(producer, message, options, NULL, NULL);
        add(&sync_sends, 1), add(status == ROCKETMQ_OK ? &succeeded : &failed, 1);
        status = ROCKETMQ_OK;
    } else if (kind < 20) {
        status = rocketmq_producer_send_oneway(producer, message, options, NULL);
        add(&accepted_oneway, status == ROCKETMQ_OK);
    } else {
        status = rocketmq_producer_send_async(producer, message, options, on_sent, &calls[number], NULL);
        add(&accepted_async, status == ROCKETMQ_OK);
    }
    rocketmq_message_destroy(message);
    CHECK(status == ROCKETMQ_OK || status == ROCKETMQ_ERR_QUEUE_FULL);
    return status == ROCKETMQ_OK;
}

static void *run(void *argument)
{
    unsigned long long state = 88172645463325252ULL + 1000003ULL * (unsigned long long)*(int *)argument;
    rocketmq_send_options *options = rocketmq_send_options_create();
    char body[BODY_MAX];
    int number, tenth = total / SAMPLES;
    memset(body, 'x', sizeof body);
    while ((number = add(&next, 1) - 1) < total) {
        while (!send_one(number, &state, options, body)) add(&full, 1), sleep_ms(1);
        if (tenth > 0 && number % tenth == 0) rss_kib[number / tenth] = resident_kib();
    }
    rocketmq_send_options_destroy(options);
    return NULL;
}

/* Sends of this size until there is no room; how many there was room for. */
static int fill(int bytes, unsigned char *slots)
{
    char *body = (char *)calloc(1, (size_t)bytes + 1);
    rocketmq_send_options *options = patient();
    rocketmq_status status;
    int count = 0;
    CHECK(body != NULL);
    memset(body, 'x', (size_t)bytes);
    for (;; count++) {
        rocketmq_message *message = new_message("Faults0", body);
        CHECK(count <= in_flight_max);
        status = rocketmq_producer_send_async(producer, message, options, on_sent, &slots[count], NULL);
        rocketmq_message_destroy(message);
        if (status != ROCKETMQ_OK) break;
    }
    CHECK(status == ROCKETMQ_ERR_QUEUE_FULL);
    free(body);
    rocketmq_send_options_destroy(options);
    return count;
}

static int once(const unsigned char *slots, int count)
{
    int index, ended = 0;
    for (index = 0; index < count; index++) ended += slots[index];
    return ended;
}

/* The network is frozen: what is in flight stays there until it is purged. */
static void fill_up(void)
{
    unsigned char *small = (unsigned char *)calloc(1, (size_t)in_flight_max + 1);
    unsigned char *large = (unsigned char *)calloc(1, (size_t)in_flight_max + 1);
    int by_number, by_bytes;
    CHECK(small != NULL && large != NULL);
    by_number = fill(1, small);
    must("purge", rocketmq_producer_purge(producer, ROCKETMQ_PURGE_WAITING | ROCKETMQ_PURGE_IN_FLIGHT), NULL);
    must("flush", rocketmq_producer_flush(producer, 20000, NULL), NULL);
    by_bytes = fill(LARGE_BYTES, large);
    must("purge", rocketmq_producer_purge(producer, ROCKETMQ_PURGE_WAITING | ROCKETMQ_PURGE_IN_FLIGHT), NULL);
    must("flush", rocketmq_producer_flush(producer, 20000, NULL), NULL);
    say("room_by_number", by_number);
    say("room_by_bytes", by_bytes);
    CHECK(once(small, in_flight_max) == by_number && once(large, in_flight_max) == by_bytes);
    CHECK(get(&cancelled) == by_number + by_bytes);
    free(small);
    free(large);
}

static void start(const char *name_server)
{
    rocketmq_config *config = new_config(name_server);
    rocketmq_error *error = NULL;
    char value[32];
    snprintf(value, sizeof value, "%d", in_flight_max);
    must("messages", rocketmq_config_set(config, "inflight.max.messages", value, &error), error);
    /* So many of the larger bodies as half the messages, so that this limit is met by them alone. */
    snprintf(value, sizeof value, "%lld", (long long)LARGE_BYTES * (in_flight_max / 2));
    must("bytes", rocketmq_config_set(config, "inflight.max.bytes", value, &error), error);
    /* Away from a dead network soon. */
    must("connect", rocketmq_config_set(config, "connect.timeout.ms", "1000", &error), error);
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    must("start", rocketmq_producer_start(producer, 10000, &error), error);
}

/* Nothing but what the process has for good. */
static void whole_life(const char *name_server)
{
    start(name_server);
    CHECK(send_sync(producer, "Faults0", "first") == ROCKETMQ_OK);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}

static void no_line(int32_t level, const char *target, const char *text, void *user_data)
{
    (void)level, (void)target, (void)text, (void)user_data;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int firsts[THREADS_MAX], index, thread_max, threads_before, descriptors_before;
    long long began, growth = 0;
    CHECK(argc == 5);
    thread_max = atoi(argv[2]), total = atoi(argv[3]), in_flight_max = atoi(argv[4]);
    CHECK(thread_max <= THREADS_MAX);
    calls = (unsigned char *)malloc((size_t)total);
    CHECK(calls != NULL);
    memset(calls, 0, (size_t)total);
    /* Every line, so that the log's thread is there from now on. */
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, no_line, NULL, NULL), NULL);
    whole_life(argv[1]);
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_INFO, no_line, NULL, NULL), NULL);
    threads_before = thread_count(), descriptors_before = descriptor_count();
    start(argv[1]);
    must("prepare", rocketmq_producer_prepare_topic(producer, "Faults0", 10000, NULL), NULL);

    pause_here("ready");
    began = now_us();
    for (index = 0; index < thread_max; index++) {
        firsts[index] = index;
        CHECK(pthread_create(&threads[index], NULL, run, &firsts[index]) == 0);
    }
    for (index = 0; index < thread_max; index++) pthread_join(threads[index], NULL);
    must("flush", rocketmq_producer_flush(producer, 20000, NULL), NULL);
    say("ms", (now_us() - began) / 1000);
    say("in_flight", (long long)rocketmq_producer_in_flight(producer));
    say("accepted_async", accepted_async);
    say("ended_async", once(calls, total));
    say("oneway", accepted_oneway);
    say("sync", sync_sends);
    say("succeeded", succeeded);
    say("failed", failed);
    say("full", full);
    for (index = 0; index < SAMPLES; index++) {
        say("rss_kib", rss_kib[index]);
        if (index > 1 && rss_kib[index] - rss_kib[1] > growth) growth = rss_kib[index] - rss_kib[1];
    }
    say("rss_growth_kib", growth);

    pause_here("over");
    fill_up();
    pause_here("filled");
    /* Something for the shutdown to wait for. */
    calls[0] = 0;
    CHECK(send_async(producer, "Faults0", "last", on_sent, calls) == ROCKETMQ_OK);
    shut_down(producer);
    add(&closed, 1);
    say("threads_more", thread_count() - threads_before);
    say("descriptors_more", descriptor_count() - descriptors_before);
    sleep_ms(200);
    say("late", late);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    free(calls);
    return 0;
}
