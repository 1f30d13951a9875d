/* Text that printf would take for a format, everywhere, and every line that is logged of it. The second argument is
 * `callback` or `stderr`: where lines go. */
#include "program.h"

static const char percent[] = "%s%n%d%%%s%1$s%";

static void on_line(int32_t level, const char *target, const char *text, void *user_data)
{
    (void)level, (void)target, (void)user_data;
    /* In one call: another thread prints too. */
    printf("line %s\n", text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    /* No dollar sign in topics. */
    static const char topic[] = "%s%n%d%%s";
    rocketmq_producer *producer;
    rocketmq_message *message = NULL;
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_error *error = NULL;
    int number;

    CHECK(argc == 3);
    if (strcmp(argv[2], "callback") == 0)
        must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, on_line, NULL, NULL), NULL);
    else
        must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, NULL, NULL, NULL), NULL);
    producer = started(argv[1]);
    must("message", rocketmq_message_create(topic, &message), NULL);
    must("body", rocketmq_message_set_body(message, percent, strlen(percent)), NULL);
    must("tags", rocketmq_message_set_tags(message, percent), NULL);
    must("keys", rocketmq_message_set_keys(message, percent), NULL);
    must("property", rocketmq_message_set_property(message, percent, percent), NULL);
    must("send", rocketmq_producer_send(producer, message, NULL, NULL, &error), error);
    pause_here("sent");
    /* From here on the broker refuses, with such a remark. */
    CHECK(rocketmq_producer_send(producer, message, NULL, NULL, &error) == ROCKETMQ_ERR_BROKER);
    CHECK(strstr(rocketmq_error_message(error), percent) != NULL);
    CHECK(strcmp(rocketmq_error_broker_remark(error), percent) == 0);
    CHECK(strstr(rocketmq_error_message(error), topic) != NULL);
    rocketmq_error_destroy(error);
    for (number = 0; number < 3; number++)
        must("one-way", rocketmq_producer_send_oneway(producer, message, NULL, &error), error);
    rocketmq_message_destroy(message);
    CHECK(rocketmq_config_set(config, percent, percent, &error) == ROCKETMQ_ERR_UNKNOWN_KEY);
    CHECK(strstr(rocketmq_error_message(error), percent) != NULL);
    rocketmq_error_destroy(error);
    rocketmq_config_destroy(config);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    shut_down_all();
    return 0;
}
