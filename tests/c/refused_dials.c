/* Sends to peers that refuse every connection, by many producers, as long as the test says: what memory grows by. */
#include "program.h"
#include <sys/syscall.h>

#define PRODUCERS_MAX 100

static int dials, accepted, ended;

/* Stands before the system's for the library too, so that each dial is counted. Declared here, since the header's type
 * of an address is one that ISO C has no name for. */
int connect(int socket, const void *address, unsigned length);

int connect(int socket, const void *address, unsigned length)
{
    add(&dials, 1);
    return (int)syscall(SYS_connect, socket, address, length);
}

static void no_line(int32_t level, const char *target, const char *text, void *user_data)
{
    (void)level, (void)target, (void)text, (void)user_data;
}

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)user_data;
    CHECK((result == NULL) != (error == NULL));
    add(&ended, 1);
}

int main(int argc, char **argv)
{
    static rocketmq_producer *producers[PRODUCERS_MAX];
    rocketmq_send_options *options = rocketmq_send_options_create();
    int count, seconds, index, tenth, descriptors = 0;
    long long held = 0, resident = 0;
    CHECK(argc == 4);
    count = atoi(argv[2]), seconds = atoi(argv[3]);
    CHECK(count <= PRODUCERS_MAX);
    must("timeout", rocketmq_send_options_set_timeout_ms(options, 500), NULL);
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_INFO, no_line, NULL, NULL), NULL);
    for (index = 0; index < count; index++) {
        producers[index] = started(argv[1]);
        CHECK(send_sync(producers[index], "Refused", "while all is well") == ROCKETMQ_OK);
    }
    pause_here("ready");
    dials = 0;
    for (tenth = 0; tenth < 10; tenth++) {
        long long until = now_us() + seconds * 100000LL;
        while (now_us() < until) {
            for (index = 0; index < count; index++) {
                rocketmq_message *known = new_message("Refused", "x"), *unknown = new_message("Unknown", "x");
                add(&accepted, rocketmq_producer_send_async(producers[index], known, options, on_sent, NULL, NULL) == 0);
                add(&accepted, rocketmq_producer_send_async(producers[index], unknown, options, on_sent, NULL, NULL) == 0);
                rocketmq_message_destroy(known);
                rocketmq_message_destroy(unknown);
            }
            sleep_ms(100);
        }
        /* As many are open at each of these times. */
        if (tenth == 1) held = bytes_held(), resident = resident_kib(), descriptors = descriptor_count();
    }
    say("dials", get(&dials));
    say("held_more", bytes_held() - held);
    say("resident_more_kib", resident_kib() - resident);
    say("descriptors_more", descriptor_count() - descriptors);
    for (index = 0; index < count; index++)
        must("flush", rocketmq_producer_flush(producers[index], 10000, NULL), NULL);
    say("accepted", get(&accepted));
    say("ended", get(&ended));
    for (index = 0; index < count; index++) rocketmq_producer_destroy(producers[index]);
    rocketmq_send_options_destroy(options);
    shut_down_all();
    return 0;
}
