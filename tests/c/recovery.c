/* Sends at a steady rate, each timed from when it was due, while the test does things to the brokers and marks when.
 * Arguments: name server, sends a second. A line on the standard input is a mark, its end the end. */
#include "program.h"

#define SENDS_MAX 400000
#define MARKS_MAX 16

static struct send {
    long long begun_us;
    int took_us; /* 0 while it is open */
    int failed;
} sends[SENDS_MAX];

static long long marks[MARKS_MAX];
static int mark_count, over, ended;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    struct send *sent = (struct send *)user_data;
    CHECK((result == NULL) != (error == NULL));
    CHECK(sent->took_us == 0);
    sent->failed = error != NULL;
    sent->took_us = (int)(now_us() - sent->begun_us) + 1;
    add(&ended, 1);
}

static void *read_marks(void *argument)
{
    (void)argument;
    while (getchar() != EOF) {
        CHECK(mark_count < MARKS_MAX);
        marks[mark_count] = now_us();
        add(&mark_count, 1);
    }
    add(&over, 1);
    return NULL;
}

static int ascending(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

/* Of the sends begun in this span. */
static void tell(int mark, const char *when, long long from, long long to, int count)
{
    static int took[SENDS_MAX];
    int index, begun = 0, failed = 0;
    for (index = 0; index < count; index++) {
        if (sends[index].begun_us < from || sends[index].begun_us >= to) continue;
        took[begun++] = sends[index].took_us;
        failed += sends[index].failed;
    }
    if (begun == 0) return;
    qsort(took, (size_t)begun, sizeof *took, ascending);
    printf("span %d %s %d %d %d %d %d\n", mark, when, begun, failed, took[begun / 2], took[begun - 1 - begun / 100],
           took[begun - 1]);
}

/* From the mark to the first end of a send that went well and was begun after it. */
static void tell_first(int mark, int count)
{
    long long first = -1;
    int index;
    for (index = 0; index < count; index++) {
        long long end = sends[index].begun_us + sends[index].took_us;
        if (sends[index].begun_us < marks[mark] || sends[index].failed) continue;
        if (first < 0 || end < first) first = end;
    }
    printf("first_us_%d %lld\n", mark, first < 0 ? -1 : first - marks[mark]);
}

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    rocketmq_message *message = new_message("Recovery", "a message of some bytes");
    pthread_t reader;
    long long began, due;
    int rate, count = 0, mark, refused = 0;
    CHECK(argc == 3);
    rate = atoi(argv[2]);
    producer = started(argv[1]);
    must("prepare", rocketmq_producer_prepare_topic(producer, "Recovery", 10000, NULL), NULL);
    CHECK(pthread_create(&reader, NULL, read_marks, NULL) == 0);
    say("ready", 1);
    for (began = now_us(); !get(&over) && count < SENDS_MAX; count++) {
        due = began + count * 1000000LL / rate;
        while (now_us() < due) sleep_ms(1);
        sends[count].begun_us = due;
        if (rocketmq_producer_send_async(producer, message, NULL, on_sent, &sends[count], NULL) != ROCKETMQ_OK)
            refused++, sends[count].failed = 1, sends[count].took_us = 1, add(&ended, 1);
    }
    must("flush", rocketmq_producer_flush(producer, 20000, NULL), NULL);
    CHECK(get(&ended) == count);
    say("sends", count);
    say("refused", refused);
    for (mark = 0; mark < get(&mark_count); mark++) {
        long long from = marks[mark], to = mark + 1 < mark_count ? marks[mark + 1] : now_us();
        tell(mark, "first_second", from, from + 1000000, count);
        /* Without the last second: what comes next meets sends that are open. */
        tell(mark, "then", from + 1000000, to - 1000000, count);
        tell_first(mark, count);
    }
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    rocketmq_message_destroy(message);
    pthread_join(reader, NULL);
    shut_down_all();
    return 0;
}
