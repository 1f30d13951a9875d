/* The loop that every client in C runs in: arguments, phases, windows, clocks and figures are the same for all of them.
 *
 *   CLIENT NAMESRV PHASE key=value ...
 *
 * Phases: async, sync, oneway, open. Keys and defaults: messages=100000 warmup=10000 warmup_seconds=0 body=1024
 * window=256 threads=1 topics=1 format=json rate=20000 batch=no (or auto, or so many at once) ends=callback (or queue).
 * One `name<TAB>value` line per figure, `end<TAB>ok` last.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

enum phase { PHASE_ASYNC, PHASE_SYNC, PHASE_ONEWAY, PHASE_OPEN };

struct settings {
    const char *namesrv;
    enum phase phase;
    long messages;
    long warmup;
    long warmup_seconds;
    long body;
    long window;
    long threads;
    long topics;
    long rate;
    int binary; /* request headers in RocketMQ's own form instead of JSON */
    int queue; /* the loop polls for the ends of asynchronous sends, of one thread */
    int auto_batch; /* the client waits for more messages and sends them together */
    long batch; /* messages that the loop sends together, 1 for none; with asynchronous sends of one thread to one topic */
};

/* What a client library must do. Calls return a negative number on failure; why goes to fail() or, from a send,
 * to note_failure(). */
struct client {
    const char *(*name)(void); /* with its version; asked after start */
    int (*start)(const struct settings *settings); /* returns how many messages it sent for a start */
    /* Creates a message, sets its body, sends it, destroys it. */
    int (*send_sync)(const char *topic, const void *body, size_t len);
    int (*send_oneway)(const char *topic, const void *body, size_t len);
    /* The same; after a success, loop_ended(cookie, ...) is called once, on any thread. */
    int (*send_async)(const char *topic, const void *body, size_t len, uint64_t cookie);
    /* NULL where send_async() keeps nothing back. Else sends what it has kept for a batch. */
    int (*send_rest)(void);
    /* Sends and waits, behind all one-way messages. Returns how many messages it sent. */
    int (*fence)(const char *topic, const void *body, size_t len);
    /* NULL where answers come on threads of the library. Else sends what is queued and takes answers in, waiting
     * for some up to `wait_ns`; 0 if nothing came. */
    int (*pump)(int64_t wait_ns);
    int (*stop)(void);
};

/* An answer without progress for so long ends the run. */
#define PATIENCE_SECONDS 20
/* Fits beside a cookie, and below half of the smallest window that batches are sent with. */
#define BATCH_MAX 64
#define NS_PER_SECOND 1000000000LL

int loop_main(int argc, char **argv, const struct client *client);

/* A send ended. */
void loop_ended(uint64_t cookie, int failed);

/* Says why a send failed; only the first time, since what made one fail makes thousands fail. */
void note_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the process. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same pseudo-random bytes each time. */
void fill_body(unsigned char *body, size_t len);

/* `bench-0` and so on; `name` has room for 32 bytes. */
void topic_name(char *name, long topic);

int64_t now_ns(void);

#endif
