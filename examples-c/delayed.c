/* Sends a message that is due after 5 s and one that is due after 30 s, and takes the second back.
 *
 *   cc -Iinclude examples-c/delayed.c -Ltarget/release -lrocketmq_producer -Wl,-rpath,target/release -o delayed
 *   ./delayed 127.0.0.1:9876 my_group my_topic
 *
 * Every broker knows delay levels. Timers need 5.0.0, recalls 5.3.2 and a broker with recallMessageEnable=true.
 */
#include <rocketmq_producer.h>
#include <stdio.h>

/* What is too new for the broker, or not allowed there, is said and no failure. */
static int failed(const char *what, rocketmq_status status, rocketmq_error *error)
{
    const char *why = error ? rocketmq_error_message(error) : rocketmq_status_str(status);
    int is_lack = status == ROCKETMQ_ERR_NOT_SUPPORTED || status == ROCKETMQ_ERR_NO_PERMISSION;
    fprintf(is_lack ? stdout : stderr, "%s: %s (%s)\n", what, why, rocketmq_status_name(status));
    rocketmq_error_destroy(error);
    return !is_lack;
}

static int send_by_level(rocketmq_producer *producer, rocketmq_message *message)
{
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status = rocketmq_message_set_delay_level(message, 2);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_send(producer, message, NULL, &result, &error);
    if (status != ROCKETMQ_OK) return failed("sending with a delay level", status, error);
    printf("%s is due in 5 s\n", rocketmq_send_result_message_id(result));
    rocketmq_send_result_destroy(result);
    return 0;
}

static int send_by_timer_and_take_back(rocketmq_producer *producer, rocketmq_message *message)
{
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    char *id = NULL;
    rocketmq_status status = rocketmq_message_set_delay_ms(message, 30000);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_send(producer, message, NULL, &result, &error);
    if (status != ROCKETMQ_OK) return failed("sending with a timer", status, error);
    printf("%s is due in 30 s\n", rocketmq_send_result_message_id(result));
    /* The handle is text: it may be kept, and used by another process. */
    status = rocketmq_producer_recall(producer, rocketmq_send_result_topic(result),
                                      rocketmq_send_result_recall_handle(result), ROCKETMQ_WAIT_DEFAULT, &id, &error);
    rocketmq_send_result_destroy(result);
    if (status != ROCKETMQ_OK) return failed("taking it back", status, error);
    printf("%s was taken back\n", id);
    rocketmq_string_free(id);
    return 0;
}

int main(int argc, char **argv)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_producer *producer = NULL;
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int bad = 0;

    if (argc != 4) return 2; /* name-server group topic */
    status = rocketmq_config_set(config, "namesrv.addr", argv[1], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "producer.group", argv[2], &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_start(producer, ROCKETMQ_WAIT_DEFAULT, &error);
    if (status == ROCKETMQ_OK) status = rocketmq_message_create(argv[3], &message);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_body(message, "Hello later", 11);
    if (status != ROCKETMQ_OK) bad = failed("starting", status, error);
    bad = bad || send_by_level(producer, message) || send_by_timer_and_take_back(producer, message);
    if (!bad) bad = rocketmq_producer_shutdown(producer, 3000, NULL) != ROCKETMQ_OK;
    rocketmq_message_destroy(message);
    rocketmq_producer_destroy(producer);
    rocketmq_config_destroy(config);
    return bad;
}
