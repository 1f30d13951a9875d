/* Sends the steps of five orders, so that each order's steps stay in their order: they have a sharding key.
 *
 *   cc -Iinclude examples-c/ordered.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o ordered
 *   ./ordered 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    const char *why = error ? rocketmq_error_message(error) : rocketmq_status_str(status);
    fprintf(stderr, "%s: %s (%s)\n", what, why, rocketmq_status_name(status));
    rocketmq_error_destroy(error);
    return 1;
}

/* The next step of an order is sent when the broker has the one before: then even a retry keeps their order. */
static int send_step(rocketmq_producer *producer, rocketmq_message *message, int order, const char *step)
{
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    char key[32], body[64];

    snprintf(key, sizeof key, "order-%d", order);
    snprintf(body, sizeof body, "%s %s", key, step);
    status = rocketmq_message_set_sharding_key(message, key);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_body(message, body, strlen(body));
    if (status != ROCKETMQ_OK) return failed("filling the message", status, NULL);
    status = rocketmq_producer_send(producer, message, NULL, &result, &error);
    if (status != ROCKETMQ_OK) return failed("sending", status, error);
    printf("%-16s is in queue %d of %s at offset %lld\n", body, (int)rocketmq_send_result_queue_id(result),
           rocketmq_send_result_broker(result), (long long)rocketmq_send_result_queue_offset(result));
    rocketmq_send_result_destroy(result);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const steps[] = { "created", "paid" };
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_producer *producer = NULL;
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int order, step, bad = 0;

    if (argc != 4) {
        fprintf(stderr, "usage: %s name-server group topic\n", argv[0]);
        return 2;
    }
    status = rocketmq_config_set(config, "namesrv.addr", argv[1], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "producer.group", argv[2], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_start(producer, ROCKETMQ_WAIT_DEFAULT, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_message_create(argv[3], &message);
    if (status != ROCKETMQ_OK) bad = failed("starting", status, error);
    for (step = 0; step < 2 && !bad; step++)
        for (order = 1; order <= 5 && !bad; order++) bad = send_step(producer, message, order, steps[step]);
    if (!bad) {
        status = rocketmq_producer_shutdown(producer, 3000, &error);
        if (status != ROCKETMQ_OK) bad = failed("shutting down", status, error);
    }
    rocketmq_message_destroy(message);
    rocketmq_producer_destroy(producer);
    rocketmq_config_destroy(config);
    return bad;
}
