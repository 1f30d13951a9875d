/* Sends ten messages and prints what the producer has counted, as JSON: docs/STATISTICS.md says what it means.
 *
 *   cc -Iinclude examples-c/stats.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o stats
 *   ./stats 127.0.0.1:9876 my_group my_topic
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

static int send_one(rocketmq_producer *producer, const char *topic, int number)
{
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    char body[32];

    snprintf(body, sizeof body, "Hello statistics %d", number);
    status = rocketmq_message_build(topic, ROCKETMQ_NTS, "TagG", ROCKETMQ_NTS, NULL, 0, body, strlen(body),
                                    &message, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_send(producer, message, NULL, NULL, &error);
    rocketmq_message_destroy(message);
    return status == ROCKETMQ_OK ? 0 : failed("sending", status, error);
}

/* From any thread, as often as wanted: it does not wait, and senders hardly notice. */
static int print_stats(const rocketmq_producer *producer)
{
    char *json = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status = rocketmq_producer_stats_json(producer, &json, &error);

    if (status != ROCKETMQ_OK) return failed("reading the statistics", status, error);
    printf("%s\n", json);
    rocketmq_string_free(json);
    return 0;
}

int main(int argc, char **argv)
{
    rocketmq_config *config;
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int number, bad = 0;

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
    if (status != ROCKETMQ_OK) {
        bad = failed("starting", status, error);
    } else {
        for (number = 1; number <= 10 && !bad; number++) bad = send_one(producer, argv[3], number);
        bad |= print_stats(producer);
        status = rocketmq_producer_shutdown(producer, 3000, &error);
        if (status != ROCKETMQ_OK) bad = failed("shutting down", status, error);
    }
    rocketmq_producer_destroy(producer);
    return bad;
}
