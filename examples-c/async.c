/* Sends ten messages without waiting; a callback on a library thread tells how each ended.
 *
 *   cc -Iinclude examples-c/async.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o async
 *   ./async 127.0.0.1:9876 my_group my_topic
 */
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>

/* Prints why a call failed, frees the error, and says that it failed. */
static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    const char *why = error ? rocketmq_error_message(error) : rocketmq_status_str(status);
    fprintf(stderr, "%s: %s (%s)\n", what, why, rocketmq_status_name(status));
    rocketmq_error_destroy(error);
    return 1;
}

/* Runs once for each accepted send. `result` and `error` are borrowed: one of them is NULL. */
static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    int *lost = user_data; /* only this callback thread writes it, and main reads it after the shutdown */
    if (error) {
        fprintf(stderr, "not sent: %s\n", rocketmq_error_message(error));
        ++*lost;
    } else {
        printf("%s is in queue %d of %s\n", rocketmq_send_result_message_id(result),
               (int)rocketmq_send_result_queue_id(result), rocketmq_send_result_broker(result));
    }
}

static int send_one(rocketmq_producer *producer, const char *topic, int number, int *lost)
{
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    char body[32];

    snprintf(body, sizeof body, "Hello async %d", number);
    status = rocketmq_message_build(topic, ROCKETMQ_NTS, "TagB", ROCKETMQ_NTS, NULL, 0, body, strlen(body),
                                    &message, &error);
    if (status != ROCKETMQ_OK) return failed("building the message", status, error);
    status = rocketmq_producer_send_async(producer, message, NULL, on_sent, lost, &error);
    rocketmq_message_destroy(message); /* a send only reads it */
    return status == ROCKETMQ_OK ? 0 : failed("sending", status, error);
}

int main(int argc, char **argv)
{
    rocketmq_config *config;
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int number, bad = 0, lost = 0;

    if (argc != 4) {
        fprintf(stderr, "usage: %s name-server group topic\n", argv[0]);
        return 2;
    }
    config = rocketmq_config_create();
    status = rocketmq_config_set(config, "namesrv.addr", argv[1], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "producer.group", argv[2], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    rocketmq_config_destroy(config);
    if (status != ROCKETMQ_OK) return failed("configuring", status, error);
    status = rocketmq_producer_start(producer, ROCKETMQ_WAIT_DEFAULT, &error);
    if (status != ROCKETMQ_OK) bad = failed("starting", status, error);
    for (number = 1; number <= 10 && !bad; number++) bad = send_one(producer, argv[3], number, &lost);
    /* Waits for what is in flight and for the callbacks: after OK none runs any more. */
    status = rocketmq_producer_shutdown(producer, 5000, &error);
    if (status != ROCKETMQ_OK) bad = failed("shutting down", status, error);
    rocketmq_producer_destroy(producer);
    return bad || lost;
}
