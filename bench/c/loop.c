#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"

/* Of so many calls one is timed: a prime, so that all places within a window get their turn. */
#define TIMED_EVERY 17
/* How often a warm-up by time looks at the clock. */
#define CLOCK_EVERY 64
/* A run with failures is worth nothing: it ends before they make it long. */
#define FAILURES_MAX 100

/* One sending thread. What callbacks write stands apart from what only the thread itself does. */
struct sender {
    _Alignas(64) atomic_long outstanding;
    atomic_long mark;     /* the sleeper wants no more outstanding than this */
    atomic_int sleeping;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    _Alignas(64) long index;
    long topic;
    long sent;            /* accepted by the library */
    long late;
    struct histogram calls;
    struct histogram latencies;
    pthread_t thread;
};

static struct settings settings = { .messages = 100000, .warmup = 10000, .body = 1024, .window = 256,
                                    .threads = 1, .topics = 1, .rate = 20000, .batch = 1 };
static const struct client *client;
static const char *program;
static struct sender *senders;
static char (*topics)[32];
static unsigned char *body;
static long window; /* of each thread */
static pthread_barrier_t barrier;
static int64_t begin_ns; /* the open loop's; changes only while nothing is outstanding */
static atomic_long failed_answers;
static atomic_long refused; /* sends that the library did not accept, or that failed at once */

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void say(const char *format, va_list arguments)
{
    flockfile(stderr);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    /* Without exit handlers: threads of the library still run. */
    _exit(1);
}

void note_failure(const char *format, ...)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&said)) return;
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void fill_body(unsigned char *bytes, size_t len)
{
    uint64_t state = 0x9E3779B97F4A7C15u;
    for (size_t at = 0; at < len; at++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[at] = (unsigned char)(state >> 32);
    }
}

void topic_name(char *name, long topic)
{
    snprintf(name, 32, "bench-%ld", topic);
}

/* ------------------------------------------------------------------------------------------------------- windows */

static int64_t due_ns(uint64_t message)
{
    return begin_ns + (int64_t)((double)message * 1e9 / (double)settings.rate);
}

static void count_failure(atomic_long *failures)
{
    if (atomic_fetch_add(failures, 1) + 1 == FAILURES_MAX) fail("%d sends failed", FAILURES_MAX);
}

static void count_send(struct sender *sender, int status)
{
    if (status >= 0) {
        sender->sent++;
    } else {
        count_failure(&refused);
    }
}

/* In the closed loop a cookie is the thread's number, in the open loop the message's. */
void loop_ended(uint64_t cookie, int failed)
{
    struct sender *sender = senders;
    if (settings.phase == PHASE_OPEN) {
        histogram_record(&sender->latencies, now_ns() - due_ns(cookie));
    } else {
        sender += cookie;
    }
    if (failed) count_failure(&failed_answers);
    /* The sender sets mark and sleeping before it looks at outstanding for the last time, so that either it sees
     * this answer or this answer sees it. */
    const long left = atomic_fetch_sub(&sender->outstanding, 1) - 1;
    if (left == atomic_load(&sender->mark) && atomic_load(&sender->sleeping)) {
        pthread_mutex_lock(&sender->lock);
        pthread_cond_signal(&sender->woken);
        pthread_mutex_unlock(&sender->lock);
    }
}

/* Sleeps until no more than `mark` are outstanding. False: that did not happen in time. */
static int sleep_until(struct sender *sender, long mark)
{
    struct timespec until;
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_SECONDS;
    pthread_mutex_lock(&sender->lock);
    atomic_store(&sender->mark, mark);
    atomic_store(&sender->sleeping, 1);
    while (atomic_load(&sender->outstanding) > mark && status == 0) {
        status = pthread_cond_timedwait(&sender->woken, &sender->lock, &until);
    }
    atomic_store(&sender->sleeping, 0);
    pthread_mutex_unlock(&sender->lock);
    return atomic_load(&sender->outstanding) <= mark;
}

static void wait_for(struct sender *sender, long mark)
{
    for (;;) {
        const long before = atomic_load(&sender->outstanding);
        if (before <= mark) return;
        if (client->pump) {
            if (client->pump(PATIENCE_SECONDS * NS_PER_SECOND)) continue;
        } else if (sleep_until(sender, mark) || atomic_load(&sender->outstanding) < before) {
            continue;
        }
        fail("no answer for %d seconds, %ld messages are outstanding", PATIENCE_SECONDS, before);
    }
}

/* --------------------------------------------------------------------------------------------------------- loops */

static const char *next_topic(struct sender *sender)
{
    const char *topic = topics[sender->topic];
    if (++sender->topic == settings.topics) sender->topic = 0;
    return topic;
}

static void send_async(struct sender *sender, long message, uint64_t cookie)
{
    const char *topic = next_topic(sender);
    const int timed = message % TIMED_EVERY == 0;
    atomic_fetch_add_explicit(&sender->outstanding, 1, memory_order_relaxed);
    const int64_t before = timed ? now_ns() : 0;
    const int status = client->send_async(topic, body, (size_t)settings.body, cookie);
    if (timed) histogram_record(&sender->calls, now_ns() - before);
    count_send(sender, status);
    if (status < 0) atomic_fetch_sub(&sender->outstanding, 1);
}

static void send_oneway(struct sender *sender, long message)
{
    const char *topic = next_topic(sender);
    const int timed = message % TIMED_EVERY == 0;
    const int64_t before = timed ? now_ns() : 0;
    const int status = client->send_oneway(topic, body, (size_t)settings.body);
    if (timed) histogram_record(&sender->calls, now_ns() - before);
    count_send(sender, status);
}

static void send_sync(struct sender *sender)
{
    const char *topic = next_topic(sender);
    const int64_t before = now_ns();
    const int status = client->send_sync(topic, body, (size_t)settings.body);
    histogram_record(&sender->latencies, now_ns() - before);
    count_send(sender, status);
}

/* Whether there is more to do: `count` messages, and what comes until `until_ns`. */
static int goes_on(long message, long count, int64_t until_ns)
{
    return message < count || (until_ns && (message % CLOCK_EVERY != 0 || now_ns() < until_ns));
}

static void closed_loop(struct sender *sender, long count, int64_t until_ns)
{
    for (long message = 0; goes_on(message, count, until_ns); message++) {
        switch (settings.phase) {
        case PHASE_SYNC:
            send_sync(sender);
            break;
        case PHASE_ONEWAY:
            send_oneway(sender, message);
            break;
        default:
            if (atomic_load_explicit(&sender->outstanding, memory_order_acquire) >= window)
                wait_for(sender, window / 2);
            send_async(sender, message, (uint64_t)sender->index);
        }
    }
    if (client->send_rest && client->send_rest() < 0) fail("the rest could not be sent");
    wait_for(sender, 0);
}

static void rest_until(int64_t at_ns)
{
    const int64_t left = at_ns - now_ns();
    if (client->pump) client->pump(left > 0 ? left : 0);
    if (client->pump || left <= 0) return;
    const struct timespec at = { .tv_sec = at_ns / NS_PER_SECOND, .tv_nsec = at_ns % NS_PER_SECOND };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
    }
}

static void open_loop(struct sender *sender, long count, int64_t until_ns)
{
    long message = 0;
    begin_ns = now_ns();
    while (goes_on(message, count, until_ns)) {
        rest_until(due_ns((uint64_t)message));
        const int64_t now = now_ns();
        for (; due_ns((uint64_t)message) <= now && goes_on(message, count, until_ns); message++) {
            if (atomic_load_explicit(&sender->outstanding, memory_order_acquire) >= window) {
                sender->late++;
                wait_for(sender, window / 2);
            }
            send_async(sender, message, (uint64_t)message);
        }
    }
    wait_for(sender, 0);
}

static void run(struct sender *sender, long messages, int64_t until_ns)
{
    const long share = messages / settings.threads + (sender->index < messages % settings.threads);
    (settings.phase == PHASE_OPEN ? open_loop : closed_loop)(sender, share, until_ns);
}

/* Behind all one-way messages; nothing else leaves a queue behind. */
static void fence(void)
{
    if (settings.phase != PHASE_ONEWAY) return;
    const int sent = client->fence(topics[0], body, (size_t)settings.body);
    if (sent < 0) fail("the sync send behind the one-way ones failed");
    senders[0].sent += sent;
}

static void warm_up(struct sender *sender)
{
    const int64_t until_ns = settings.warmup_seconds ? now_ns() + settings.warmup_seconds * NS_PER_SECOND : 0;
    run(sender, settings.warmup, until_ns);
}

/* A thread but the first: it meets the first before and after the timed part, and once more when all is read. */
static void *other_thread(void *argument)
{
    struct sender *sender = argument;
    warm_up(sender);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    run(sender, settings.messages, 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------- figures */

static void print_quantiles(const char *prefix, struct histogram *histogram)
{
    printf("%sp50\t%.3f\n", prefix, histogram_quantile(histogram, 50));
    printf("%sp99\t%.3f\n", prefix, histogram_quantile(histogram, 99));
    printf("%sp99.9\t%.3f\n", prefix, histogram_quantile(histogram, 99.9));
}

static void print_figures(const struct usage *before, const struct usage *after, long rss, long threads)
{
    static struct histogram calls, latencies;
    const double messages = (double)settings.messages;
    const double seconds = (double)(after->at_ns - before->at_ns) / 1e9;
    const long failed = atomic_load(&failed_answers);
    long sent = 0, late = 0;
    for (long index = 0; index < settings.threads; index++) {
        sent += senders[index].sent;
        late += senders[index].late;
        histogram_add(&calls, &senders[index].calls);
        histogram_add(&latencies, &senders[index].latencies);
    }
    printf("client\t%s\n", client->name());
    printf("messages\t%ld\n", settings.messages);
    printf("accepted\t%ld\n", sent - failed);
    printf("failed\t%ld\n", atomic_load(&refused) + failed);
    printf("cpu_us\t%.4f\n", (double)(after->cpu_us - before->cpu_us) / messages);
    printf("seconds\t%.6f\n", seconds);
    printf("rate\t%.1f\n", messages / seconds);
    printf("switches\t%.5f\n", (double)(after->switches - before->switches) / messages);
    if (settings.phase == PHASE_SYNC || settings.phase == PHASE_OPEN) {
        print_quantiles("", &latencies);
        printf("max\t%.3f\n", histogram_max(&latencies));
    }
    if (settings.phase != PHASE_SYNC) print_quantiles("call_", &calls);
    if (settings.phase == PHASE_OPEN) printf("late\t%ld\n", late);
    printf("rss_kib\t%ld\n", rss);
    printf("threads\t%ld\n", threads);
}

static void measure(void)
{
    for (long index = 1; index < settings.threads; index++) {
        if (pthread_create(&senders[index].thread, NULL, other_thread, &senders[index]) != 0)
            fail("thread %ld does not start", index);
    }
    warm_up(&senders[0]);
    pthread_barrier_wait(&barrier);
    fence();
    for (long index = 0; index < settings.threads; index++) {
        histogram_clear(&senders[index].calls);
        histogram_clear(&senders[index].latencies);
        senders[index].late = 0;
    }
    const struct usage before = usage_now();
    pthread_barrier_wait(&barrier);
    run(&senders[0], settings.messages, 0);
    pthread_barrier_wait(&barrier);
    fence();
    const struct usage after = usage_now();
    const long rss = rss_kib(), threads = thread_count();
    pthread_barrier_wait(&barrier);
    for (long index = 1; index < settings.threads; index++) pthread_join(senders[index].thread, NULL);
    print_figures(&before, &after, rss, threads);
}

/* ----------------------------------------------------------------------------------------------------- arguments */

static void parse_phase(const char *name)
{
    static const char *const names[] = { "async", "sync", "oneway", "open" };
    for (int phase = PHASE_ASYNC; phase <= PHASE_OPEN; phase++) {
        if (strcmp(name, names[phase]) == 0) {
            settings.phase = (enum phase)phase;
            return;
        }
    }
    fail("there is no phase %s: async, sync, oneway or open", name);
}

static void parse_key(const char *argument)
{
    const struct {
        const char *name;
        long *place, min, max;
    } keys[] = {
        { "messages", &settings.messages, 1, INT_MAX },  { "warmup", &settings.warmup, 0, INT_MAX },
        { "warmup_seconds", &settings.warmup_seconds, 0, 3600 }, { "body", &settings.body, 1, 4 << 20 },
        { "window", &settings.window, 1, 1 << 20 },      { "threads", &settings.threads, 1, 1024 },
        { "topics", &settings.topics, 1, 100000 },       { "rate", &settings.rate, 1, 100000000 },
    };
    const char *value = strchr(argument, '=');
    if (!value) fail("%s is not of the form key=value", argument);
    const size_t length = (size_t)(value++ - argument);
    if (length == 6 && memcmp(argument, "format", length) == 0) {
        settings.binary = strcmp(value, "binary") == 0;
        if (!settings.binary && strcmp(value, "json") != 0) fail("format is json or binary, not %s", value);
        return;
    }
    if (length == 4 && memcmp(argument, "ends", length) == 0) {
        settings.queue = strcmp(value, "queue") == 0;
        if (!settings.queue && strcmp(value, "callback") != 0) fail("ends is callback or queue, not %s", value);
        return;
    }
    if (length == 5 && memcmp(argument, "batch", length) == 0) {
        settings.auto_batch = strcmp(value, "auto") == 0;
        settings.batch = atol(value);
        if (settings.batch == 0) settings.batch = 1;
        const int told = settings.batch > 1 && settings.batch <= BATCH_MAX;
        if (!settings.auto_batch && !told && strcmp(value, "no") != 0)
            fail("batch is auto, no or 2 to %d, not %s", BATCH_MAX, value);
        return;
    }
    for (size_t key = 0; key < sizeof keys / sizeof *keys; key++) {
        if (strlen(keys[key].name) != length || memcmp(argument, keys[key].name, length) != 0) continue;
        char *end;
        const long number = strtol(value, &end, 10);
        if (end == value || *end || number < keys[key].min || number > keys[key].max)
            fail("%s takes %ld to %ld, not %s", keys[key].name, keys[key].min, keys[key].max, value);
        *keys[key].place = number;
        return;
    }
    fail("there is no key in %s", argument);
}

static void parse(int argc, char **argv)
{
    if (argc < 3) fail("usage: %s NAMESRV PHASE key=value ...", program);
    settings.namesrv = argv[1];
    parse_phase(argv[2]);
    for (int index = 3; index < argc; index++) parse_key(argv[index]);
    if (settings.phase == PHASE_OPEN && settings.threads != 1) fail("the open loop has one thread");
    if (client->pump && settings.threads != 1) fail("this client has one thread");
}

static void prepare(void)
{
    pthread_condattr_t attributes;
    window = settings.window / settings.threads;
    if (window < 1) window = 1;
    body = malloc((size_t)settings.body);
    topics = malloc((size_t)settings.topics * sizeof *topics);
    senders = aligned_alloc(64, (size_t)settings.threads * sizeof *senders);
    if (!body || !topics || !senders) fail("out of memory");
    fill_body(body, (size_t)settings.body);
    for (long topic = 0; topic < settings.topics; topic++) topic_name(topics[topic], topic);
    memset(senders, 0, (size_t)settings.threads * sizeof *senders);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    for (long index = 0; index < settings.threads; index++) {
        senders[index].index = index;
        senders[index].topic = index % settings.topics;
        pthread_mutex_init(&senders[index].lock, NULL);
        pthread_cond_init(&senders[index].woken, &attributes);
    }
    pthread_condattr_destroy(&attributes);
    pthread_barrier_init(&barrier, NULL, (unsigned)settings.threads);
}

static void clean_up(void)
{
    for (long index = 0; index < settings.threads; index++) {
        pthread_mutex_destroy(&senders[index].lock);
        pthread_cond_destroy(&senders[index].woken);
    }
    pthread_barrier_destroy(&barrier);
    free(senders);
    free(topics);
    free(body);
}

int loop_main(int argc, char **argv, const struct client *with)
{
    const char *slash = strrchr(argv[0], '/');
    program = slash ? slash + 1 : argv[0];
    client = with;
    parse(argc, argv);
    prepare();
    const int sent = client->start(&settings);
    if (sent < 0) fail("the client does not start");
    senders[0].sent = sent;
    measure();
    if (client->stop() < 0) fail("the client does not stop");
    clean_up();
    printf("end\tok\n");
    if (fflush(stdout) != 0) fail("the figures cannot be printed");
    return 0;
}
