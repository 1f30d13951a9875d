/* A thousand one-way sends, and a shutdown at once. */
#include "program.h"

int main(int argc, char **argv)
{
    static char body[1 << 20];
    unsigned noise = 1;
    size_t length, index;
    int number, warm;
    rocketmq_producer *producer;

    CHECK(argc == 4);
    length = (size_t)atoi(argv[2]);
    warm = strcmp(argv[3], "warm") == 0;
    CHECK(length >= 16 && length <= sizeof body);
    /* Such that nothing can be made smaller. */
    for (index = 0; index < length; index++) body[index] = (char)((noise = noise * 1103515245u + 12345u) >> 16);
    producer = started(argv[1]);
    if (warm) must("prepare", rocketmq_producer_prepare_topic(producer, "OneWay", 10000, NULL), NULL);
    for (number = 0; number < 1000; number++) {
        rocketmq_message *message = NULL;
        snprintf(body, sizeof body, "%-15d", number);
        must("message", rocketmq_message_create("OneWay", &message), NULL);
        must("body", rocketmq_message_set_body(message, body, length), NULL);
        must("send", rocketmq_producer_send_oneway(producer, message, NULL, NULL), NULL);
        rocketmq_message_destroy(message);
    }
    say("in_flight_at_shutdown", (long long)rocketmq_producer_in_flight(producer));
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    return 0;
}
