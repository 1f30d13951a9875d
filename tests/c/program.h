/* What the test programs share. A program prints lines `name value`, which tests/c_api reads; a promise that does not
 * hold ends it with 1 and a line on stderr. The first argument is the name server's address. */
#ifndef PROGRAM_H
#define PROGRAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <rocketmq_producer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHECK(promise) ((promise) ? (void)0 : broken(__FILE__, __LINE__, #promise))

static inline void broken(const char *file, int line, const char *promise)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
    _exit(1);
}

/* Ends the program with the sentence unless the call went well. Arguments have no order, hence the variable. */
#define must(what, call, error)             \
    do {                                    \
        rocketmq_status must_be_ok = (call); \
        went_well(what, must_be_ok, error); \
    } while (0)

static inline void went_well(const char *what, rocketmq_status status, rocketmq_error *error)
{
    if (status == ROCKETMQ_OK) {
        CHECK(error == NULL);
        return;
    }
    fprintf(stderr, "%s: %s: %s\n", what, rocketmq_status_name(status), rocketmq_error_message(error));
    _exit(1);
}

static inline void say(const char *name, long long value)
{
    printf("%s %lld\n", name, value);
    fflush(stdout);
}

/* Tells the test where the program is, and goes on when the test says so. */
static inline void pause_here(const char *where)
{
    printf("%s\n", where);
    fflush(stdout);
    CHECK(getchar() != EOF);
}

static inline long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static inline void sleep_ms(int ms)
{
    struct timespec pause;
    pause.tv_sec = ms / 1000;
    pause.tv_nsec = ms % 1000 * 1000000L;
    nanosleep(&pause, NULL);
}

/* Entries of a folder of /proc: threads, descriptors. */
static inline int entries(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int count = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static inline int thread_count(void)
{
    return entries("/proc/self/task");
}

/* How many threads there are when others were just joined: `expected`, or what is left after two seconds. The kernel
 * wakes who joins a thread before it takes that thread off its list: one look in ten thousand still finds it there. */
static inline int threads_left(int expected)
{
    long long until = now_us() + 2000000;
    while (thread_count() > expected && now_us() < until) sleep_ms(1);
    return thread_count();
}

static inline int descriptor_count(void)
{
    return entries("/proc/self/fd") - 1; /* without the one that reads the folder */
}

/* What the program has in memory. It counts in pages, with the holes between allocations and whatever page is touched
 * for the first time, so that it says little about a few KiB. */
static inline long long resident_kib(void)
{
    long long all = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL && fscanf(statm, "%lld %lld", &all, &resident) == 2);
    fclose(statm);
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

/* What it holds, of all arenas, to the byte. */
static inline long long bytes_held(void)
{
    struct mallinfo2 info = mallinfo2();
    return (long long)info.uordblks + (long long)info.hblkhd;
}

/* Counters that threads share. */
static inline int add(int *counter, int more)
{
    return __atomic_add_fetch(counter, more, __ATOMIC_SEQ_CST);
}

static inline int get(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

/* Whether a counter reaches a number in ten seconds. */
static inline int reaches(int *counter, int number)
{
    long long until = now_us() + 10000000;
    while (get(counter) < number && now_us() < until) sleep_ms(1);
    return get(counter) >= number;
}

static inline rocketmq_config *new_config(const char *name_server)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_error *error = NULL;
    must("namesrv.addr", rocketmq_config_set(config, "namesrv.addr", name_server, &error), error);
    must("producer.group", rocketmq_config_set(config, "producer.group", "c_programs", &error), error);
    return config;
}

static inline rocketmq_producer *new_producer(const char *name_server)
{
    rocketmq_config *config = new_config(name_server);
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    return producer;
}

static inline rocketmq_producer *started(const char *name_server)
{
    rocketmq_producer *producer = new_producer(name_server);
    rocketmq_error *error = NULL;
    must("start", rocketmq_producer_start(producer, 10000, &error), error);
    return producer;
}

static inline rocketmq_message *new_message(const char *topic, const char *body)
{
    rocketmq_message *message = NULL;
    must("message", rocketmq_message_create(topic, &message), NULL);
    must("body", rocketmq_message_set_body(message, body, strlen(body)), NULL);
    return message;
}

/* Settings of a send that may take a while, for machines that are busy. */
static inline rocketmq_send_options *patient(void)
{
    rocketmq_send_options *options = rocketmq_send_options_create();
    must("timeout", rocketmq_send_options_set_timeout_ms(options, 20000), NULL);
    return options;
}

static inline rocketmq_status send_sync(rocketmq_producer *producer, const char *topic, const char *body)
{
    rocketmq_message *message = new_message(topic, body);
    rocketmq_send_options *options = patient();
    rocketmq_status status = rocketmq_producer_send(producer, message, options, NULL, NULL);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return status;
}

static inline rocketmq_status send_async(rocketmq_producer *producer, const char *topic, const char *body,
                                         rocketmq_send_fn callback, void *user_data)
{
    rocketmq_message *message = new_message(topic, body);
    rocketmq_send_options *options = patient();
    rocketmq_status status = rocketmq_producer_send_async(producer, message, options, callback, user_data, NULL);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return status;
}

static inline void shut_down(rocketmq_producer *producer)
{
    rocketmq_error *error = NULL;
    must("shutdown", rocketmq_producer_shutdown(producer, 20000, &error), error);
    CHECK(rocketmq_producer_state(producer) == ROCKETMQ_STATE_CLOSED);
}

static inline void shut_down_all(void)
{
    rocketmq_error *error = NULL;
    must("global shutdown", rocketmq_global_shutdown(20000, &error), error);
}

/* Whether this thread is one of the library's, by its name. */
static inline int on_library_thread(void)
{
    char name[16] = "";
    CHECK(pthread_getname_np(pthread_self(), name, sizeof name) == 0);
    return strncmp(name, "rmq-", 4) == 0;
}

#endif
