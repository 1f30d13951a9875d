/* What a producer leaves behind: threads, descriptors, memory. */
#include "program.h"

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK(result != NULL && error == NULL);
    add((int *)user_data, 1);
}

static void on_line(int32_t level, const char *target, const char *text, void *user_data)
{
    CHECK(level >= ROCKETMQ_LOG_ERROR && target != NULL && text != NULL);
    add((int *)user_data, 1);
}

/* create, start, three kinds of sends, shutdown, destroy */
static void round_trip(const char *name_server)
{
    rocketmq_producer *producer = started(name_server);
    rocketmq_message *message = new_message("Lifecycle", "one-way");
    int ended = 0;
    CHECK(send_sync(producer, "Lifecycle", "sync") == ROCKETMQ_OK);
    CHECK(send_async(producer, "Lifecycle", "async", on_sent, &ended) == ROCKETMQ_OK);
    CHECK(rocketmq_producer_send_oneway(producer, message, NULL, NULL) == ROCKETMQ_OK);
    rocketmq_message_destroy(message);
    shut_down(producer);
    CHECK(get(&ended) == 1);
    rocketmq_producer_destroy(producer);
}

static void rounds(const char *name_server, int count, int settled)
{
    int round, threads = 0, descriptors = 0;
    long long held = 0, resident = 0;
    for (round = 1; round <= count; round++) {
        round_trip(name_server);
        if (round == 1) say("threads_after_1", thread_count()), say("descriptors_after_1", descriptor_count());
        if (round == settled) {
            threads = thread_count(), descriptors = descriptor_count();
            held = bytes_held(), resident = resident_kib() * 1024;
        }
    }
    say("rounds", count - settled);
    say("threads_more", thread_count() - threads);
    say("descriptors_more", descriptor_count() - descriptors);
    say("held_more", bytes_held() - held);
    say("resident_more", resident_kib() * 1024 - resident);
}

/* The library is used and shut down as a whole, five times. With `waiting` a running producer is there at each
 * shutdown, and destroyed afterwards. */
static void lives(const char *name_server, int waiting)
{
    int lines = 0, threads, descriptors, life;
    /* So that the log thread takes part. */
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, on_line, &lines, NULL), NULL);
    threads = thread_count(), descriptors = descriptor_count();
    say("descriptors_before", descriptors);
    CHECK(threads == 1);
    for (life = 0; life < 5; life++) {
        rocketmq_producer *producer = waiting ? started(name_server) : NULL;
        int before = get(&lines);
        round_trip(name_server);
        if (life == 0) say("threads_while", thread_count()), say("descriptors_while", descriptor_count());
        shut_down_all();
        CHECK(get(&lines) > before);
        printf("life %d threads %d more descriptors\n", threads_left(threads), descriptor_count() - descriptors);
        if (waiting) CHECK(send_sync(producer, "Lifecycle", "late") == ROCKETMQ_ERR_CLOSED);
        rocketmq_producer_destroy(producer);
        CHECK(threads_left(threads) == threads && descriptor_count() == descriptors);
    }
}

int main(int argc, char **argv)
{
    CHECK(argc == 3 || argc == 4);
    if (strcmp(argv[2], "rounds") == 0) rounds(argv[1], argc == 4 ? atoi(argv[3]) : 200, 50);
    else lives(argv[1], strcmp(argv[2], "waiting") == 0);
    return 0;
}
