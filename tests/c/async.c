/* Many asynchronous sends with so many open at once, from several threads, and a shutdown while the last are open. */
#include "program.h"
#include <semaphore.h>

#define TOTAL_MAX 20000

struct slot {
    int calls;
    int failed;
};

static struct slot slots[TOTAL_MAX];
static sem_t room;
static int closing, closed, late, foreign, total, per_thread;
static rocketmq_producer *producer;
static __thread int submits;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    struct slot *slot = (struct slot *)user_data;
    CHECK((result == NULL) != (error == NULL));
    if (submits || !on_library_thread()) add(&foreign, 1);
    if (get(&closed)) add(&late, 1);
    if (error) add(&slot->failed, 1);
    if (get(&closing)) sleep_ms(1); /* so that the shutdown has something to wait for */
    add(&slot->calls, 1);
    sem_post(&room);
}

static void *submit(void *first)
{
    int number = *(int *)first, end = number + per_thread;
    rocketmq_send_options *options = patient();
    char body[32];
    submits = 1;
    for (; number < end; number++) {
        rocketmq_message *message;
        rocketmq_error *error = NULL;
        snprintf(body, sizeof body, "%d", number);
        message = new_message("Async", body);
        while (sem_wait(&room) != 0) {
        }
        must("send", rocketmq_producer_send_async(producer, message, options, on_sent, &slots[number], &error), error);
        rocketmq_message_destroy(message);
    }
    rocketmq_send_options_destroy(options);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[16];
    int firsts[16], thread_max, index, once = 0, failed = 0, open;
    long long began, took;

    CHECK(argc == 4);
    thread_max = atoi(argv[2]), total = atoi(argv[3]), per_thread = total / thread_max;
    CHECK(thread_max <= 16 && total <= TOTAL_MAX && per_thread * thread_max == total);
    CHECK(sem_init(&room, 0, 1000) == 0);
    producer = started(argv[1]);
    must("prepare", rocketmq_producer_prepare_topic(producer, "Async", 10000, NULL), NULL);
    began = now_us();
    for (index = 0; index < thread_max; index++) {
        firsts[index] = index * per_thread;
        CHECK(pthread_create(&threads[index], NULL, submit, &firsts[index]) == 0);
    }
    for (index = 0; index < thread_max; index++) pthread_join(threads[index], NULL);
    CHECK(sem_getvalue(&room, &open) == 0);
    add(&closing, 1);
    shut_down(producer);
    add(&closed, 1);
    took = now_us() - began;
    for (index = 0; index < total; index++) once += get(&slots[index].calls) == 1, failed += slots[index].failed;
    say("once_when_shutdown_returned", once);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    for (index = 0, once = 0; index < total; index++) once += get(&slots[index].calls) == 1;
    say("once_at_the_end", once);
    say("open_at_shutdown", 1000 - open);
    say("failed", failed);
    say("late", late);
    say("on_foreign_threads", foreign);
    say("ms", took / 1000);
    return 0;
}
