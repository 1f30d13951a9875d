/* One producer and one message's settings, used by sixteen threads at once. */
#include "program.h"

#define THREADS 16
#define EACH 100

static rocketmq_producer *producer;
static rocketmq_send_options *options;

static void *run(void *argument)
{
    int thread = *(int *)argument, number;
    char body[32];
    for (number = 0; number < EACH; number++) {
        rocketmq_message *message;
        rocketmq_send_result *result = NULL;
        rocketmq_error *error = NULL;
        snprintf(body, sizeof body, "%d/%d", thread, number);
        message = new_message("Threads", body);
        must("send", rocketmq_producer_send(producer, message, options, &result, &error), error);
        /* One call, so that lines do not mix. */
        printf("sent %s %s %d %lld\n", rocketmq_send_result_message_id(result), body,
               (int)rocketmq_send_result_queue_id(result), (long long)rocketmq_send_result_queue_offset(result));
        rocketmq_send_result_destroy(result);
        rocketmq_message_destroy(message);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], index;
    CHECK(argc == 2);
    producer = started(argv[1]);
    options = patient();
    for (index = 0; index < THREADS; index++) {
        numbers[index] = index;
        CHECK(pthread_create(&threads[index], NULL, run, &numbers[index]) == 0);
    }
    for (index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    rocketmq_send_options_destroy(options);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    return 0;
}
