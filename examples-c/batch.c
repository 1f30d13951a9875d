/* Sends ten messages in one request: the broker stores all of them, one behind the other, or none.
 *
 *   cc -Iinclude examples-c/batch.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o batch
 *   ./batch 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>

#define COUNT 10

static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    const char *why = error ? rocketmq_error_message(error) : rocketmq_status_str(status);
    fprintf(stderr, "%s: %s (%s)\n", what, why, rocketmq_status_name(status));
    rocketmq_error_destroy(error);
    return 1;
}

static int send_all(rocketmq_producer *producer, const char *topic)
{
    rocketmq_message *messages[COUNT] = { NULL };
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status = ROCKETMQ_OK;
    size_t i;

    for (i = 0; i < COUNT && status == ROCKETMQ_OK; i++) {
        char body[64];
        snprintf(body, sizeof body, "Hello batch %d", (int)i + 1);
        status = rocketmq_message_build(topic, ROCKETMQ_NTS, "TagD", ROCKETMQ_NTS, NULL, 0, body, strlen(body),
                                        &messages[i], &error);
    }
    if (status == ROCKETMQ_OK)
        status = rocketmq_producer_send_batch(producer, messages, COUNT, NULL, &result, &error);
    for (i = 0; i < COUNT; i++) rocketmq_message_destroy(messages[i]); /* they were only read */
    if (status != ROCKETMQ_OK) return failed("sending", status, error);
    printf("stored in queue %d of %s from offset %lld on:\n", (int)rocketmq_send_result_queue_id(result),
           rocketmq_send_result_broker(result), (long long)rocketmq_send_result_queue_offset(result));
    for (i = 0; i < rocketmq_send_result_count(result); i++) {
        printf("%s\n", rocketmq_send_result_message_id_at(result, i));
    }
    rocketmq_send_result_destroy(result);
    return 0;
}

int main(int argc, char **argv)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int bad;

    if (argc != 4) {
        fprintf(stderr, "usage: %s name-server group topic\n", argv[0]);
        return 2;
    }
    status = rocketmq_config_set(config, "namesrv.addr", argv[1], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "producer.group", argv[2], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_start(producer, ROCKETMQ_WAIT_DEFAULT, &error);
    bad = status == ROCKETMQ_OK ? send_all(producer, argv[3]) : failed("starting", status, error);
    if (!bad) {
        status = rocketmq_producer_shutdown(producer, 3000, &error);
        if (status != ROCKETMQ_OK) bad = failed("shutting down", status, error);
    }
    rocketmq_producer_destroy(producer);
    rocketmq_config_destroy(config);
    return bad;
}
