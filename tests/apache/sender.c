/* Sends messages that follow from their numbers to a real cluster and prints everything it was told about each, for
 * tests/apache to hold against what Apache's own client reads back.
 *
 *   sender NAME_SERVER TOPIC [NAME=VALUE]...
 *
 *   mode=sync|async|queue|oneway|queues|recall  queue: async, whose ends are polled; queues: only lists the topic's
 *                                  queues; recall: only takes `handle` back (sync)
 *   count=N                        messages (1)
 *   outstanding=N                  async, queue: sends without an end yet at once (no limit of its own)
 *   batch=N                        sync, async, queue: so many messages in one call
 *   threads=N                      threads that send (1)
 *   topics=N                       message I goes to the topic TOPIC-(I % N) instead of to TOPIC
 *   rate=N                         messages a second (as fast as it goes)
 *   header=json|rocketmq           "header.format" (json)
 *   timeout=MS                     "send.timeout.ms" (its default)
 *   queue=BROKER:ID                an explicit queue
 *   keys=N                         sync: the sharding key "order-K" with K = number % N; a thread has the keys K % threads
 *   select=index                   a selector: the queue at the number modulo how many there are
 *   set=KEY=VALUE                  any other configuration, up to 8 of them
 *   bodies=BYTES[,BYTES]...        sizes of the bodies, the last one of all that follow (drawn from their numbers)
 *   fill=words|noise               bodies that shrink or do not (drawn from their numbers)
 *   pad=BYTES                      a property "pad" with a value of that size
 *   level=N                        a delay level (none)
 *   delay=MS                       a timer (none)
 *   handle=TEXT                    what is taken back
 *   until=stdin                    sends no more when stdin is closed
 *
 * On stdout: `sending` at the first send; per message
 *   message INDEX STATUS CALLBACKS ATTEMPTS ENDED_MS LATENCY_MS ID OFFSET_ID BROKER QUEUE OFFSET STORED HANDLE
 * with ENDED_MS from the first send on, `-` for absent text, `+` for the OFFSET_ID of another than the first of a batch, and
 * STORED one of ROCKETMQ_SEND_*; before it, if the send
 * failed, `error INDEX TEXT`; `queue BROKER ID` for a queue; and in the end
 *   end SHUTDOWN_STATUS SENDING_MS STRAY_CALLBACKS
 */
#include <errno.h>
#include <pthread.h>
#include <rocketmq_producer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX (1 << 18)
#define SETTINGS_MAX 8

/* What became of a message. Its address is the send's user_data. */
typedef struct {
    rocketmq_status status;
    int callbacks;
    int attempts;
    int stored;
    int queue;
    long long offset;
    long long ended_ms;
    long long latency_ms;
    char id[64];
    char offset_id[64];
    char broker[64];
    char handle[256];
    char *why;
} record;

static const char *mode = "sync", *header, *timeout, *queue, *until, *bodies, *fill, *selects, *handle = "";
static const char *settings[SETTINGS_MAX];
static int settings_count;
static long count = 1, outstanding_max, batch, threads = 1, topics, rate, pad, keys_max, level, delay_ms;

static rocketmq_producer *producer;
static rocketmq_cq *cq;
static rocketmq_send_options *options;
static const char *topic;
static record *records;
static struct timespec began;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
/* Under the lock. */
static long outstanding, taken, stray;
static int stopped;

static void check(rocketmq_status status, rocketmq_error *error, const char *what)
{
    if (status == ROCKETMQ_OK) return;
    fprintf(stderr, "%s: %s (%s)\n", what, rocketmq_error_message(error), rocketmq_status_name(status));
    exit(1);
}

static void *memory(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) exit(1);
    return memory;
}

static long long elapsed_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)(now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
}

/* Waits until it is the turn of message `index`. */
static void pace(long index)
{
    struct timespec turn = began;
    long long ns;
    if (rate == 0) return;
    ns = turn.tv_nsec + (long long)index * 1000000000 / rate;
    turn.tv_sec += (time_t)(ns / 1000000000);
    turn.tv_nsec = (long)(ns % 1000000000);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &turn, NULL) == EINTR) continue;
}

/* --------------------------------------------- messages, as content.rs has them */

static size_t body_len(long index)
{
    const char *listed = bodies, *next;
    if (listed) {
        while (index-- > 0 && (next = strchr(listed, ','))) listed = next + 1;
        return (size_t)atol(listed);
    }
    if (index == 777) return BODY_MAX;
    if (index % 50 == 49) return 4096 + (size_t)index * 13 % 2048;
    return 1 + (size_t)index * 37 % 256;
}

static void fill_body(long index, unsigned char *body, size_t len)
{
    static const char words[] = "RocketMQ"; /* its NUL included */
    int shrinks = fill ? strcmp(fill, "words") == 0 : index % 100 == 99;
    uint32_t random = (uint32_t)(index + 1) * 2654435761u;
    size_t at;
    for (at = 0; at < len; at++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        body[at] = shrinks ? (unsigned char)words[at % sizeof words] : (unsigned char)(random >> 24);
    }
}

static void set_property(rocketmq_message *message, const char *name, const char *format, long index)
{
    char value[64];
    snprintf(value, sizeof value, format, index);
    check(rocketmq_message_set_property(message, name, value), NULL, "set_property");
}

static rocketmq_message *message_of(long index)
{
    size_t len = body_len(index);
    unsigned char *body = memory(len);
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    char tags[64], keys[64], to[128];
    int bare = index % 11 == 10; /* neither tags nor keys */
    fill_body(index, body, len);
    snprintf(tags, sizeof tags, index % 7 == 3 ? "標籤-%ld" : "tag-%ld", index % 7);
    snprintf(keys, sizeof keys, "key-%ld schlüssel-%ld", index, index);
    snprintf(to, sizeof to, topics ? "%s-%ld" : "%s", topic, topics ? index % topics : 0);
    check(rocketmq_message_build(to, ROCKETMQ_NTS, bare ? NULL : tags, ROCKETMQ_NTS, bare ? NULL : keys,
                                 ROCKETMQ_NTS, body, len, &message, &error),
          error, "build");
    free(body);
    set_property(message, "index", "%ld", index);
    if (index % 5 == 0) set_property(message, "城市", "杭州-%ld", index);
    if (index % 5 == 1) set_property(message, "emoji 😀", "🚀 %ld", index);
    if (index % 5 == 2) set_property(message, "quo\"te\\back", "a\"b\\c/\n\t%ld é", index);
    if (keys_max) {
        char key[64];
        snprintf(key, sizeof key, "order-%ld", index % keys_max);
        check(rocketmq_message_set_sharding_key(message, key), NULL, "sharding key");
    }
    if (level) check(rocketmq_message_set_delay_level(message, (int32_t)level), NULL, "level");
    if (delay_ms) check(rocketmq_message_set_delay_ms(message, delay_ms), NULL, "delay");
    if (pad) {
        char *value = memory((size_t)pad + 1);
        memset(value, 'v', (size_t)pad);
        check(rocketmq_message_set_property(message, "pad", value), NULL, "pad");
        free(value);
    }
    return message;
}

/* ----------------------------------------------------------------------- sends */

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", *from ? from : "-");
}

static void note(record *r, const rocketmq_send_result *result, const rocketmq_error *error)
{
    r->ended_ms = elapsed_ms();
    if (result) {
        r->status = ROCKETMQ_OK;
        r->attempts = rocketmq_send_result_attempts(result);
        r->latency_ms = rocketmq_send_result_latency_us(result) / 1000;
        r->stored = rocketmq_send_result_status(result);
        r->queue = rocketmq_send_result_queue_id(result);
        r->offset = rocketmq_send_result_queue_offset(result);
        copy(r->id, sizeof r->id, rocketmq_send_result_message_id(result));
        copy(r->offset_id, sizeof r->offset_id, rocketmq_send_result_offset_id(result));
        copy(r->broker, sizeof r->broker, rocketmq_send_result_broker(result));
        copy(r->handle, sizeof r->handle, rocketmq_send_result_recall_handle(result));
    } else {
        const char *why = rocketmq_error_message(error);
        r->status = rocketmq_error_status(error);
        r->attempts = rocketmq_error_attempts(error);
        copy(r->id, sizeof r->id, rocketmq_error_message_id(error));
        r->why = memory(strlen(why) + 1);
        strcpy(r->why, why);
    }
}

/* Messages of the call that begins with this one. */
static long in_call(const record *r)
{
    long left = (long)(records + count - r);
    return batch == 0 ? 1 : batch < left ? batch : left;
}

/* The same for all messages of a call. */
static void note_all(record *r, const rocketmq_send_result *result, const rocketmq_error *error)
{
    long i;
    if (result && rocketmq_send_result_count(result) != (size_t)in_call(r)) exit(1);
    for (i = 0; i < in_call(r); i++) {
        note(&r[i], result, error);
        if (i == 0 || !result) continue;
        copy(r[i].id, sizeof r[i].id, rocketmq_send_result_message_id_at(result, (size_t)i));
        copy(r[i].offset_id, sizeof r[i].offset_id, "+");
        r[i].offset += i;
    }
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    record *r = user_data;
    int ours = 0;
    long i;
    pthread_mutex_lock(&lock);
    ours = r >= records && r < records + count && !result != !error;
    if (!ours) stray++;
    else if (r->callbacks == 0) note_all(r, result, error);
    for (i = 0; ours && i < in_call(r); i++) r[i].callbacks++;
    outstanding--;
    pthread_cond_signal(&room);
    pthread_mutex_unlock(&lock);
}

/* Takes the ends until the queue is destroyed. */
static void *poll_events(void *unused)
{
    static rocketmq_event events[256];
    int32_t polled, i;
    while ((polled = rocketmq_cq_poll(cq, events, 256, ROCKETMQ_WAIT_FOREVER)) > 0) {
        for (i = 0; i < polled; i++) {
            on_sent(rocketmq_event_result(&events[i]), rocketmq_event_error(&events[i]), records + events[i].tag);
        }
        rocketmq_event_release(events, polled);
    }
    return unused;
}

/* A call that ends later. */
static rocketmq_status begin(rocketmq_message **messages, long sent, record *r, rocketmq_error **error)
{
    pthread_mutex_lock(&lock);
    while (outstanding_max && outstanding >= outstanding_max) pthread_cond_wait(&room, &lock);
    outstanding++;
    pthread_mutex_unlock(&lock);
    if (cq && batch) {
        return rocketmq_producer_send_batch_cq(producer, messages, (size_t)sent, options, cq, (uint64_t)(r - records), error);
    }
    if (cq) return rocketmq_producer_send_cq(producer, messages[0], options, cq, (uint64_t)(r - records), error);
    if (batch) return rocketmq_producer_send_batch_async(producer, messages, (size_t)sent, options, on_sent, r, error);
    return rocketmq_producer_send_async(producer, messages[0], options, on_sent, r, error);
}

static void send_one(long index)
{
    long sent = in_call(&records[index]), i;
    rocketmq_message **messages = memory((size_t)sent * sizeof *messages), *message;
    record *r = &records[index];
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;

    for (i = 0; i < sent; i++) messages[i] = message_of(index + i);
    message = messages[0];
    pace(index);
    if (strcmp(mode, "async") == 0 || cq) {
        status = begin(messages, sent, r, &error);
    } else if (strcmp(mode, "oneway") == 0) {
        status = rocketmq_producer_send_oneway(producer, message, options, &error);
    } else {
        if (batch) status = rocketmq_producer_send_batch(producer, messages, (size_t)sent, options, &result, &error);
        else status = rocketmq_producer_send(producer, message, options, &result, &error);
        if (status == ROCKETMQ_OK) note_all(r, result, NULL);
        rocketmq_send_result_destroy(result);
    }
    for (i = 0; i < sent; i++) rocketmq_message_destroy(messages[i]);
    free(messages);
    if (status != ROCKETMQ_OK) {
        if (status != rocketmq_error_status(error)) exit(1);
        note_all(r, NULL, error);
        rocketmq_error_destroy(error);
    }
}

/* The messages of a key by one thread, each after the one before has ended. */
static void *send_keys(void *thread)
{
    long index, first = (long)(intptr_t)thread;
    for (index = 0; index < count; index++) {
        int over;
        if (index % keys_max % threads != first) continue;
        pthread_mutex_lock(&lock);
        over = stopped;
        if (!over && taken <= index) taken = index + 1;
        pthread_mutex_unlock(&lock);
        if (over) return NULL;
        send_one(index);
    }
    return NULL;
}

static int32_t at_index(const rocketmq_queue_list *queues, const rocketmq_message *message, void *unused)
{
    (void)unused;
    return (int32_t)(atol(rocketmq_message_property(message, "index")) % (long)rocketmq_queue_list_size(queues));
}

static void *send_some(void *unused)
{
    for (;;) {
        long index;
        pthread_mutex_lock(&lock);
        index = stopped ? count : taken;
        if (index < count) taken += in_call(&records[index]);
        pthread_mutex_unlock(&lock);
        if (index >= count) return unused;
        send_one(index);
    }
}

static void *stop_with_stdin(void *unused)
{
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    pthread_mutex_lock(&lock);
    stopped = 1;
    pthread_mutex_unlock(&lock);
    return unused;
}

/* Polls until all has ended; a shutdown does not wait for that. */
static void take_the_rest(pthread_t poller)
{
    pthread_mutex_lock(&lock);
    while (outstanding > 0) pthread_cond_wait(&room, &lock);
    pthread_mutex_unlock(&lock);
    rocketmq_cq_destroy(cq);
    pthread_join(poller, NULL);
}

/* Returns with `count` at the number of messages that were sent. */
static void send_all(void)
{
    pthread_t *ids = memory((size_t)threads * sizeof *ids), watch, poller;
    long i;
    if (cq && pthread_create(&poller, NULL, poll_events, NULL) != 0) exit(1);
    if (until && pthread_create(&watch, NULL, stop_with_stdin, NULL) != 0) exit(1);
    for (i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, keys_max ? send_keys : send_some, (void *)(intptr_t)i) != 0) exit(1);
    }
    for (i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    free(ids);
    if (cq) take_the_rest(poller);
    pthread_mutex_lock(&lock);
    if (taken < count) count = taken;
    pthread_mutex_unlock(&lock);
}

static void list_queues(void)
{
    rocketmq_queue_list *list = NULL;
    rocketmq_error *error = NULL;
    size_t i;
    records[0].status = rocketmq_producer_fetch_queues(producer, topic, ROCKETMQ_WAIT_DEFAULT, &list, &error);
    if (records[0].status != ROCKETMQ_OK) note(&records[0], NULL, error);
    for (i = 0; i < rocketmq_queue_list_size(list); i++) {
        printf("queue %s %d\n", rocketmq_queue_list_broker(list, i), (int)rocketmq_queue_list_queue_id(list, i));
    }
    rocketmq_queue_list_destroy(list);
    rocketmq_error_destroy(error);
}

static void take_back(void)
{
    char *id = NULL;
    rocketmq_error *error = NULL;
    record *r = &records[0];
    r->status = rocketmq_producer_recall(producer, topic, handle, ROCKETMQ_WAIT_DEFAULT, &id, &error);
    r->ended_ms = elapsed_ms();
    if (r->status == ROCKETMQ_OK) copy(r->id, sizeof r->id, id);
    else note(r, NULL, error);
    rocketmq_string_free(id);
    rocketmq_error_destroy(error);
}

/* ------------------------------------------------------------------------ main */

static const char *value_of(const char *argument, const char *name)
{
    size_t len = strlen(name);
    return strncmp(argument, name, len) == 0 && argument[len] == '=' ? argument + len + 1 : NULL;
}

static void read_arguments(int argc, char **argv)
{
    const char *value;
    int i;
    if (argc < 3) exit(2);
    topic = argv[2];
    for (i = 3; i < argc; i++) {
        if ((value = value_of(argv[i], "mode"))) mode = value;
        else if ((value = value_of(argv[i], "header"))) header = value;
        else if ((value = value_of(argv[i], "timeout"))) timeout = value;
        else if ((value = value_of(argv[i], "queue"))) queue = value;
        else if ((value = value_of(argv[i], "until"))) until = value;
        else if ((value = value_of(argv[i], "bodies"))) bodies = value;
        else if ((value = value_of(argv[i], "fill"))) fill = value;
        else if ((value = value_of(argv[i], "set")) && settings_count < SETTINGS_MAX) settings[settings_count++] = value;
        else if ((value = value_of(argv[i], "select"))) selects = value;
        else if ((value = value_of(argv[i], "topics"))) topics = atol(value);
        else if ((value = value_of(argv[i], "keys"))) keys_max = atol(value);
        else if ((value = value_of(argv[i], "pad"))) pad = atol(value);
        else if ((value = value_of(argv[i], "level"))) level = atol(value);
        else if ((value = value_of(argv[i], "delay"))) delay_ms = atol(value);
        else if ((value = value_of(argv[i], "handle"))) handle = value;
        else if ((value = value_of(argv[i], "count"))) count = atol(value);
        else if ((value = value_of(argv[i], "outstanding"))) outstanding_max = atol(value);
        else if ((value = value_of(argv[i], "batch"))) batch = atol(value);
        else if ((value = value_of(argv[i], "threads"))) threads = atol(value);
        else if ((value = value_of(argv[i], "rate"))) rate = atol(value);
        else exit(2);
    }
}

static void configure(rocketmq_config *config, const char *setting)
{
    char key[64];
    const char *value = strchr(setting, '=');
    rocketmq_error *error = NULL;
    if (!value) exit(2);
    snprintf(key, sizeof key, "%.*s", (int)(value - setting), setting);
    check(rocketmq_config_set(config, key, value + 1, &error), error, key);
}

static void start(const char *name_server)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_error *error = NULL;
    int i;
    for (i = 0; i < settings_count; i++) configure(config, settings[i]);
    check(rocketmq_config_set(config, "namesrv.addr", name_server, &error), error, "namesrv.addr");
    check(rocketmq_config_set(config, "producer.group", "apache_tests", &error), error, "producer.group");
    check(rocketmq_config_set(config, "header.format", header, &error), error, "header.format");
    check(rocketmq_config_set(config, "send.timeout.ms", timeout, &error), error, "send.timeout.ms");
    check(rocketmq_producer_create(config, &producer, &error), error, "create");
    rocketmq_config_destroy(config);
    check(rocketmq_producer_start(producer, 10000, &error), error, "start");
    options = rocketmq_send_options_create();
    if (strcmp(mode, "queue") == 0) check(rocketmq_cq_create(&cq, &error), error, "completion queue");
    if (selects) {
        check(rocketmq_send_options_set_selector(options, at_index, NULL, NULL), NULL, "selector");
        check(rocketmq_producer_prepare_topic(producer, topic, 10000, &error), error, "prepare");
    }
    if (queue) {
        char broker[64];
        int id;
        if (sscanf(queue, "%63[^:]:%d", broker, &id) != 2) exit(2);
        check(rocketmq_send_options_set_queue(options, broker, id), NULL, "queue");
    }
}

static void print_records(void)
{
    long i;
    for (i = 0; i < count; i++) {
        const record *r = &records[i];
        if (r->why) printf("error %ld %s\n", i, r->why);
        printf("message %ld %s %d %d %lld %lld %s %s %s %d %lld %d %s\n", i, rocketmq_status_name(r->status),
               r->callbacks, r->attempts, r->ended_ms, r->latency_ms, *r->id ? r->id : "-",
               *r->offset_id ? r->offset_id : "-", *r->broker ? r->broker : "-", r->queue, r->offset, r->stored,
               *r->handle ? r->handle : "-");
        free(r->why);
    }
}

int main(int argc, char **argv)
{
    rocketmq_status ended;
    rocketmq_error *error = NULL;
    long long sending_ms;

    read_arguments(argc, argv);
    records = memory((size_t)count * sizeof *records);
    start(argv[1]);
    puts("sending");
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (strcmp(mode, "queues") == 0) list_queues();
    else if (strcmp(mode, "recall") == 0) take_back();
    else send_all();
    ended = rocketmq_producer_shutdown(producer, 10000, &error);
    sending_ms = elapsed_ms(); /* the last callback has returned, the last one-way message is written */
    rocketmq_error_destroy(error);
    rocketmq_send_options_destroy(options);
    rocketmq_producer_destroy(producer);
    print_records();
    printf("end %s %lld %ld\n", rocketmq_status_name(ended), sending_ms, stray);
    free(records);
    return 0;
}
