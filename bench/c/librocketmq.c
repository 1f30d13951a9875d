/* The C API of Apache's rocketmq-client-cpp, in the shared library that the environment variable LIBROCKETMQ names. Only
 * the functions used here are declared, by their documented signatures (CProducer.h, CMessage.h, CSendResult.h).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "loop.h"

typedef struct CProducer CProducer;
typedef struct CMessage CMessage;
typedef struct {
    int sendStatus;
    char msgId[256];
    long long offset;
} CSendResult;
typedef struct {
    int error;
    int line;
    char file[512];
    char msg[512];
    char type[512];
} CMQException;
typedef void (*success_fn)(CSendResult result);
typedef void (*exception_fn)(CMQException exception);

#define LOG_LEVEL_FATAL 1
/* CSendResult.h: everything but E_SEND_OK is one of three lesser degrees of "stored". */
#define E_SEND_SLAVE_NOT_AVAILABLE 3

static struct {
    CProducer *(*CreateProducer)(const char *group);
    int (*DestroyProducer)(CProducer *);
    int (*StartProducer)(CProducer *);
    int (*ShutdownProducer)(CProducer *);
    int (*SetProducerNameServerAddress)(CProducer *, const char *);
    int (*SetProducerLogPath)(CProducer *, const char *);
    int (*SetProducerLogLevel)(CProducer *, int);
    int (*SetProducerSendMsgTimeout)(CProducer *, int milliseconds);
    int (*SetProducerCompressMsgBodyOverHowmuch)(CProducer *, int bytes);
    int (*SendMessageSync)(CProducer *, CMessage *, CSendResult *);
    int (*SendMessageAsync)(CProducer *, CMessage *, success_fn, exception_fn);
    int (*SendMessageOneway)(CProducer *, CMessage *);
    CMessage *(*CreateMessage)(const char *topic);
    int (*DestroyMessage)(CMessage *);
    int (*SetByteMessageBody)(CMessage *, const char *, int);
    const char *(*GetLatestErrorMessage)(void);
} api;

static CProducer *producer;

/* A callback is not told which send it belongs to, so it stands for the oldest that has not ended: with one broker, which
 * answers in order, that is the one, but for callbacks of several threads that overtake each other. */
static uint64_t *ring;
static size_t ring_mask, first, behind;
static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *name(void)
{
    return "librocketmq of the wheel rocketmq 0.4.4";
}

static void load(const char *path)
{
    const struct {
        const char *name;
        void *place;
    } functions[] = {
#define FUNCTION(name) { #name, &api.name }
        FUNCTION(CreateProducer),
        FUNCTION(DestroyProducer),
        FUNCTION(StartProducer),
        FUNCTION(ShutdownProducer),
        FUNCTION(SetProducerNameServerAddress),
        FUNCTION(SetProducerLogPath),
        FUNCTION(SetProducerLogLevel),
        FUNCTION(SetProducerSendMsgTimeout),
        FUNCTION(SetProducerCompressMsgBodyOverHowmuch),
        FUNCTION(SendMessageSync),
        FUNCTION(SendMessageAsync),
        FUNCTION(SendMessageOneway),
        FUNCTION(CreateMessage),
        FUNCTION(DestroyMessage),
        FUNCTION(SetByteMessageBody),
        FUNCTION(GetLatestErrorMessage),
#undef FUNCTION
    };
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail("LIBROCKETMQ cannot be loaded: %s", dlerror());
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        /* The way POSIX shows for a function's address. */
        *(void **)functions[index].place = dlsym(library, functions[index].name);
        if (!*(void **)functions[index].place) fail("%s has no function %s", path, functions[index].name);
    }
}

static CMessage *create(const char *topic, const void *body, size_t len)
{
    CMessage *message = api.CreateMessage(topic);
    if (!message || api.SetByteMessageBody(message, body, (int)len) != 0) fail("a message cannot be made");
    return message;
}

static int send_sync(const char *topic, const void *body, size_t len)
{
    CSendResult result;
    CMessage *message = create(topic, body, len);
    const int status = api.SendMessageSync(producer, message, &result);
    if (status != 0) note_failure("a sync send failed: %s", api.GetLatestErrorMessage());
    api.DestroyMessage(message);
    return status == 0 ? 0 : -1;
}

/* While one thread looks a route up the library refuses the sends of the others: first sends are made by one. */
static int know_routes(long topics)
{
    for (long index = 0; index < topics; index++) {
        char topic[32];
        topic_name(topic, index);
        if (send_sync(topic, "first", 5) < 0) return -1;
    }
    return (int)topics;
}

static int start(const struct settings *settings)
{
    char home[512];
    const char *path = getenv("LIBROCKETMQ"), *tmp = getenv("TMPDIR");
    if (settings->binary) fail("librocketmq writes JSON headers only");
    if (!path) fail("the environment variable LIBROCKETMQ does not name the shared library");
    /* It logs below the home directory as soon as it is loaded. */
    snprintf(home, sizeof home, "%s/rocketmq-bench-librocketmq", tmp ? tmp : "/tmp");
    mkdir(home, 0700);
    setenv("HOME", home, 1);
    load(path);
    while (ring_mask < (size_t)(settings->window + settings->threads)) ring_mask = ring_mask * 2 + 1;
    ring = calloc(ring_mask + 1, sizeof *ring);
    producer = api.CreateProducer("bench");
    if (!ring || !producer) fail("out of memory");
    const int status = api.SetProducerNameServerAddress(producer, settings->namesrv) |
                       api.SetProducerLogPath(producer, home) |
                       api.SetProducerLogLevel(producer, LOG_LEVEL_FATAL) |
                       api.SetProducerSendMsgTimeout(producer, 3000) |
                       api.SetProducerCompressMsgBodyOverHowmuch(producer, (int)settings->body + 1) |
                       api.StartProducer(producer);
    if (status != 0) fail("the producer does not start: %s", api.GetLatestErrorMessage());
    return know_routes(settings->topics);
}

static int send_oneway(const char *topic, const void *body, size_t len)
{
    CMessage *message = create(topic, body, len);
    const int status = api.SendMessageOneway(producer, message);
    if (status != 0) note_failure("a one-way send failed: %s", api.GetLatestErrorMessage());
    api.DestroyMessage(message);
    return status == 0 ? 0 : -1;
}

static void oldest_ended(int failed)
{
    pthread_mutex_lock(&ring_lock);
    const uint64_t cookie = ring[first++ & ring_mask];
    pthread_mutex_unlock(&ring_lock);
    loop_ended(cookie, failed);
}

static void on_success(CSendResult result)
{
    oldest_ended(result.sendStatus > E_SEND_SLAVE_NOT_AVAILABLE);
}

static void on_exception(CMQException exception)
{
    note_failure("an async send failed: %.512s", exception.msg);
    oldest_ended(1);
}

static int send_async(const char *topic, const void *body, size_t len, uint64_t cookie)
{
    CMessage *message = create(topic, body, len);
    pthread_mutex_lock(&ring_lock);
    ring[behind++ & ring_mask] = cookie;
    pthread_mutex_unlock(&ring_lock);
    /* Whether a callback follows a refusal depends on its reason. */
    if (api.SendMessageAsync(producer, message, on_success, on_exception) != 0)
        fail("an async send is refused: %s", api.GetLatestErrorMessage());
    /* Not in the callback: it may run while the call still reads the message. */
    api.DestroyMessage(message);
    return 0;
}

static int fence(const char *topic, const void *body, size_t len)
{
    return send_sync(topic, body, len) < 0 ? -1 : 1;
}

static int stop(void)
{
    const int status = api.ShutdownProducer(producer) | api.DestroyProducer(producer);
    free(ring);
    return status == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const struct client librocketmq = { .name = name,
                                               .start = start,
                                               .send_sync = send_sync,
                                               .send_oneway = send_oneway,
                                               .send_async = send_async,
                                               .fence = fence,
                                               .stop = stop };
    return loop_main(argc, argv, &librocketmq);
}
