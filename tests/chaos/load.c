/* Sends at a steady rate, synchronously, asynchronously and one-way, until stdin is closed, and prints what it is told
 * as it is told it, for tests/chaos to hold against its faults and against what the brokers have in the end.
 *
 *   load NAME_SERVERS TOPICS PER_TOPIC SYNC_RATE ASYNC_RATE ONEWAY_RATE
 *
 * Message I goes to topic `chaos-(I / PER_TOPIC)` and has I as its property "index"; rates are messages a second. On
 * stdout, times in microseconds of the monotonic clock:
 *   sending NOW
 *   told KIND INDEX STATUS OUTCOME ATTEMPTS BEGAN ENDED ID BROKER QUEUE OFFSET WHY
 *                           KIND is s, a or o; at the end of a send, or when it was refused (STATUS and 0 ATTEMPTS)
 *   longest CALL US LIMIT_US STATUS      of all calls of this kind that may block
 *   resources WHEN THREADS DESCRIPTORS
 *   log LEVEL TEXT
 *   end SHUTDOWN_STATUS ACCEPTED COMPLETED WRONG LATE
 * ACCEPTED and COMPLETED count asynchronous sends, WRONG sends that did not have the callbacks due to them, LATE callbacks
 * after the shutdown.
 */
#include "../c/program.h"

#define SYNC_THREADS 8
#define ASYNC_THREADS 2
#define TIMEOUT_MS 3000
#define PROBE_MS 500

/* What is kept of a message. Its address is the send's user_data. */
typedef struct {
    long long began;
    int callbacks;
    int due; /* callbacks */
} record;

enum call { SYNC, ASYNC, ONEWAY, QUEUES, FLUSH, CALLS };
static const char *const call_names[] = {"sync", "async", "oneway", "fetch_queues", "flush"};

static rocketmq_producer *producer;
static rocketmq_send_options *options;
static record *records;
static long topics, per_topic, rates[3];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Under the lock. */
static long taken;
static long long longest_us[CALLS];
static rocketmq_status longest_status[CALLS];
/* Atomic. */
static int stopped, closed, late, wrong;

static void note_call(enum call call, long long us, rocketmq_status status)
{
    pthread_mutex_lock(&lock);
    if (us > longest_us[call]) {
        longest_us[call] = us;
        longest_status[call] = status;
    }
    pthread_mutex_unlock(&lock);
}

static const char *text(const char *text)
{
    return *text ? text : "-";
}

static void tell(char kind, const record *r, const rocketmq_send_result *result, const rocketmq_error *error)
{
    long index = (long)(r - records);
    if (error) {
        printf("told %c %ld %s %d %d %lld %lld %s - 0 0 %s\n", kind, index,
               rocketmq_status_name(rocketmq_error_status(error)), (int)rocketmq_error_outcome(error),
               (int)rocketmq_error_attempts(error), r->began, now_us(), text(rocketmq_error_message_id(error)),
               rocketmq_error_message(error));
    } else if (result) {
        printf("told %c %ld ROCKETMQ_OK 0 %d %lld %lld %s %s %d %lld %d\n", kind, index,
               (int)rocketmq_send_result_attempts(result), r->began, now_us(),
               text(rocketmq_send_result_message_id(result)), text(rocketmq_send_result_broker(result)),
               (int)rocketmq_send_result_queue_id(result), (long long)rocketmq_send_result_queue_offset(result),
               (int)rocketmq_send_result_status(result));
    } else {
        printf("told %c %ld ROCKETMQ_OK 0 1 %lld %lld - - 0 0 -\n", kind, index, r->began, now_us());
    }
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    record *r = user_data;
    if (get(&closed)) add(&late, 1);
    if (!result == !error) add(&wrong, 1);
    if (add(&r->callbacks, 1) == 1) tell('a', r, result, error);
}

static void on_log(int32_t level, const char *target, const char *line, void *unused)
{
    (void)target;
    (void)unused;
    printf("log %d %s\n", (int)level, line);
}

/* Waits for the next turn of a thread that has one every `every` microseconds; turns that were missed are not made up. */
static void pace(long long *turn, long long every)
{
    long long now = now_us();
    struct timespec at;
    *turn += every;
    if (*turn < now) {
        *turn = now;
        return;
    }
    at.tv_sec = (time_t)(*turn / 1000000);
    at.tv_nsec = (long)(*turn % 1000000) * 1000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

static rocketmq_message *message_of(long index)
{
    rocketmq_message *message;
    char topic[32], number[32], body[512];
    snprintf(topic, sizeof topic, "chaos-%ld", index / per_topic);
    snprintf(number, sizeof number, "%ld", index);
    memset(body, 'a' + (int)(index % 26), sizeof body);
    body[64 + index * 37 % 400] = '\0';
    message = new_message(topic, body);
    must("index", rocketmq_message_set_property(message, "index", number), NULL);
    return message;
}

static void send_one(enum call call, long index)
{
    rocketmq_message *message = message_of(index);
    record *r = &records[index];
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;

    r->began = now_us();
    if (call == SYNC) status = rocketmq_producer_send(producer, message, options, &result, &error);
    else if (call == ASYNC) status = rocketmq_producer_send_async(producer, message, options, on_sent, r, &error);
    else status = rocketmq_producer_send_oneway(producer, message, options, &error);
    note_call(call, now_us() - r->began, status);
    CHECK(status == rocketmq_error_status(error));
    r->due = call == ASYNC && status == ROCKETMQ_OK;
    if (call == SYNC) tell('s', r, result, error);
    else if (call == ONEWAY || error) tell(call == ONEWAY ? 'o' : 'a', r, NULL, error);
    rocketmq_send_result_destroy(result);
    rocketmq_error_destroy(error);
    rocketmq_message_destroy(message);
}

/* One send of each kind and a log line, so that every thread is there that is started when it is needed first. */
static void warm_up(void)
{
    rocketmq_producer *lost = new_producer("127.0.0.1:1");
    rocketmq_error *error = NULL;
    enum call call;
    CHECK(rocketmq_producer_start(lost, 100, NULL) != ROCKETMQ_OK);
    rocketmq_producer_destroy(lost);
    for (call = SYNC; call <= ONEWAY; call++) send_one(call, taken++);
    must("flush", rocketmq_producer_flush(producer, 20000, &error), error);
}

static void *send_some(void *which)
{
    enum call call = *(enum call *)which;
    long threads = call == SYNC ? SYNC_THREADS : call == ASYNC ? ASYNC_THREADS : 1;
    long long turn = now_us(), every = 1000000 * threads / rates[call];
    for (;;) {
        long index;
        pace(&turn, every);
        pthread_mutex_lock(&lock);
        index = get(&stopped) ? topics * per_topic : taken;
        if (index < topics * per_topic) taken++;
        pthread_mutex_unlock(&lock);
        if (index == topics * per_topic) return NULL;
        send_one(call, index);
    }
}

/* Calls that wait for something other than a broker's answer: a route nobody has, and the end of what is under way. */
static void *probe(void *unused)
{
    long long turn = now_us();
    while (!get(&stopped)) {
        rocketmq_queue_list *list = NULL;
        rocketmq_status status;
        long long began;
        pace(&turn, 1000000);
        began = now_us();
        status = rocketmq_producer_fetch_queues(producer, "nowhere", PROBE_MS, &list, NULL);
        note_call(QUEUES, now_us() - began, status);
        rocketmq_queue_list_destroy(list);
        began = now_us();
        status = rocketmq_producer_flush(producer, PROBE_MS, NULL);
        note_call(FLUSH, now_us() - began, status);
    }
    return unused;
}

static void send_all(void)
{
    static enum call calls[] = {SYNC, ASYNC, ONEWAY};
    pthread_t ids[SYNC_THREADS + ASYNC_THREADS + 2];
    int i = 0, many = SYNC_THREADS + ASYNC_THREADS;
    char byte;
    for (; i < many; i++) CHECK(pthread_create(&ids[i], NULL, send_some, &calls[i >= SYNC_THREADS]) == 0);
    CHECK(pthread_create(&ids[many], NULL, send_some, &calls[ONEWAY]) == 0);
    CHECK(pthread_create(&ids[many + 1], NULL, probe, NULL) == 0);
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    add(&stopped, 1);
    for (i = 0; i < many + 2; i++) pthread_join(ids[i], NULL);
}

static void prepare(void)
{
    long i;
    for (i = 0; i < topics; i++) {
        rocketmq_error *error = NULL;
        char topic[32];
        snprintf(topic, sizeof topic, "chaos-%ld", i);
        must(topic, rocketmq_producer_prepare_topic(producer, topic, 20000, &error), error);
    }
}

/* Threads and descriptors, as soon as there are no more than `threads` and `descriptors`, else after a while. */
static void resources(const char *when, int threads, int descriptors)
{
    long long until = now_us() + 140000000; /* what is idle is closed by then */
    while ((thread_count() > threads || descriptor_count() > descriptors) && now_us() < until) sleep_ms(100);
    printf("resources %s %d %d\n", when, thread_count(), descriptor_count());
}

int main(int argc, char **argv)
{
    rocketmq_error *error = NULL;
    rocketmq_status ended;
    rocketmq_config *config;
    long accepted = 0, completed = 0, i;
    int threads[2], descriptors[2];

    CHECK(argc == 7);
    topics = atol(argv[2]);
    per_topic = atol(argv[3]);
    for (i = 0; i < 3; i++) rates[i] = atol(argv[4 + i]);
    setvbuf(stdout, NULL, _IOLBF, 1 << 12);
    records = calloc((size_t)(topics * per_topic), sizeof *records);
    CHECK(records != NULL);
    threads[0] = thread_count();
    descriptors[0] = descriptor_count();
    printf("resources before %d %d\n", threads[0], descriptors[0]);

    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_INFO, on_log, NULL, NULL), NULL);
    config = new_config(argv[1]);
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    must("start", rocketmq_producer_start(producer, 20000, &error), error);
    options = rocketmq_send_options_create();
    must("timeout", rocketmq_send_options_set_timeout_ms(options, TIMEOUT_MS), NULL);
    prepare();
    warm_up();
    threads[1] = thread_count();
    descriptors[1] = descriptor_count();
    printf("resources start %d %d\n", threads[1], descriptors[1]);
    printf("sending %lld\n", now_us());
    send_all();

    must("flush", rocketmq_producer_flush(producer, 20000, &error), error);
    resources("end", threads[1], descriptors[1]);
    ended = rocketmq_producer_shutdown(producer, 10000, &error);
    add(&closed, 1);
    rocketmq_error_destroy(error);
    rocketmq_send_options_destroy(options);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    resources("after", threads[0], descriptors[0]);
    for (i = 0; i < CALLS; i++) {
        printf("longest %s %lld %d %s\n", call_names[i], longest_us[i],
               i == SYNC ? TIMEOUT_MS * 1000 : i >= QUEUES ? PROBE_MS * 1000 : 0,
               rocketmq_status_name(longest_status[i]));
    }
    for (i = 0; i < taken; i++) {
        int callbacks = get(&records[i].callbacks);
        completed += callbacks;
        accepted += records[i].due;
        if (callbacks != records[i].due) add(&wrong, 1);
    }
    printf("end %s %ld %ld %d %d\n", rocketmq_status_name(ended), accepted, completed, get(&wrong), get(&late));
    free(records);
    return 0;
}
