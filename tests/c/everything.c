/* Every object, every setter and every way to send, then a global shutdown: for leak checkers, and linked statically. */
#include "program.h"

static int ended, lines, released;
static rocketmq_send_result *kept_result;
static rocketmq_error *kept_error;

static void on_sent(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    char name[16] = "";
    (void)user_data;
    CHECK(pthread_getname_np(pthread_self(), name, sizeof name) == 0 && strncmp(name, "every-", 6) == 0);
    if (result && !kept_result) kept_result = rocketmq_send_result_clone(result);
    if (error && !kept_error) kept_error = rocketmq_error_clone(error);
    add(&ended, 1);
}

static void on_line(int32_t level, const char *target, const char *text, void *user_data)
{
    (void)level, (void)target, (void)text, (void)user_data;
    add(&lines, 1);
}

static void release(void *user_data)
{
    (void)user_data;
    add(&released, 1);
}

static rocketmq_config *configure(const char *name_server)
{
    rocketmq_config *first = new_config(name_server), *config = rocketmq_config_clone(first);
    rocketmq_error *error = NULL;
    const char *key;
    size_t index;
    rocketmq_config_destroy(first);
    must("retries", rocketmq_config_set(config, "send.retries", "1", &error), error);
    CHECK(rocketmq_config_set(config, "no.such.key", "1", &error) == ROCKETMQ_ERR_UNKNOWN_KEY);
    rocketmq_error_destroy(error);
    CHECK(rocketmq_config_set(config, "send.retries", "many", NULL) == ROCKETMQ_ERR_INVALID_VALUE);
    for (index = 0; (key = rocketmq_config_key_name(index)) != NULL; index++) {
        char *value = NULL;
        must(key, rocketmq_config_get(config, key, &value, &error), error);
        CHECK(value && rocketmq_config_key_type(index) && rocketmq_config_key_default(index));
        CHECK(rocketmq_config_key_doc(index) && rocketmq_config_key_is_live(index) >= 0);
        rocketmq_string_free(value);
    }
    return config;
}

static rocketmq_message *compose(void)
{
    rocketmq_message *first = NULL, *message;
    rocketmq_error *error = NULL;
    const char *name, *value;
    size_t index, length;
    must("build",
         rocketmq_message_build("Everything!", 10, "TagA!", 4, "key-1", ROCKETMQ_NTS, "body", 4, &first, &error),
         error);
    message = rocketmq_message_clone(first);
    rocketmq_message_destroy(first);
    must("topic", rocketmq_message_set_topic(message, "Everything"), NULL);
    must("tags", rocketmq_message_set_tags(message, "TagB"), NULL);
    must("keys", rocketmq_message_set_keys(message, "key-2 key-3"), NULL);
    must("key", rocketmq_message_add_key(message, "key-4"), NULL);
    must("body", rocketmq_message_set_body(message, "first, ", 7), NULL);
    must("body", rocketmq_message_append_body(message, "second", 6), NULL);
    must("property", rocketmq_message_set_property(message, "colour", "green"), NULL);
    must("property", rocketmq_message_set_property(message, "gone", "soon"), NULL);
    must("property", rocketmq_message_set_property(message, "gone", NULL), NULL);
    CHECK(rocketmq_message_set_property(message, "KEYS", "x") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(strcmp(rocketmq_message_topic(message), "Everything") == 0);
    CHECK(strcmp(rocketmq_message_tags(message), "TagB") == 0);
    CHECK(strcmp(rocketmq_message_keys(message), "key-2 key-3 key-4") == 0);
    CHECK(strcmp(rocketmq_message_property(message, "colour"), "green") == 0);
    CHECK(rocketmq_message_property(message, "gone") == NULL);
    CHECK(memcmp(rocketmq_message_body(message, &length), "first, second", 13) == 0 && length == 13);
    for (index = 0; rocketmq_message_property_at(message, index, &name, &value) == ROCKETMQ_OK; index++)
        CHECK(name[0] && value[0]);
    CHECK(index == 3);
    return message;
}

static void look_at(const rocketmq_send_result *result)
{
    CHECK(rocketmq_send_result_status(result) == ROCKETMQ_SEND_OK && rocketmq_send_result_count(result) == 1);
    CHECK(strcmp(rocketmq_send_result_message_id(result), rocketmq_send_result_message_id_at(result, 0)) == 0);
    CHECK(rocketmq_send_result_message_id_at(result, 1)[0] == 0);
    CHECK(rocketmq_send_result_offset_id(result)[0] && rocketmq_send_result_broker(result)[0]);
    CHECK(strcmp(rocketmq_send_result_topic(result), "Everything") == 0);
    CHECK(rocketmq_send_result_queue_id(result) >= 0 && rocketmq_send_result_queue_offset(result) >= 0);
    CHECK(rocketmq_send_result_transaction_id(result) != NULL && rocketmq_send_result_attempts(result) >= 1);
    CHECK(rocketmq_send_result_latency_us(result) > 0);
}

static void look_at_error(const rocketmq_error *error, rocketmq_status status)
{
    rocketmq_error *copy = rocketmq_error_clone(error);
    CHECK(rocketmq_error_status(copy) == status && rocketmq_error_message(copy)[0]);
    CHECK(rocketmq_error_outcome(copy) >= 0 && rocketmq_error_is_retriable(copy) >= 0);
    CHECK(rocketmq_error_broker_code(copy) >= -1 && rocketmq_error_broker_remark(copy) != NULL);
    CHECK(rocketmq_error_broker(copy) && rocketmq_error_message_id(copy) && rocketmq_error_attempts(copy) >= 0);
    rocketmq_error_destroy(copy);
}

/* Topic "Refused" is refused by the broker of the test. */
static void send_all_ways(rocketmq_producer *producer, rocketmq_message *message)
{
    rocketmq_send_options *options = patient();
    rocketmq_send_result *result = NULL;
    rocketmq_queue_list *list = NULL;
    rocketmq_error *error = NULL;
    int number;
    must("prepare", rocketmq_producer_prepare_topic(producer, "Everything", 20000, &error), error);
    must("queues", rocketmq_producer_fetch_queues(producer, "Everything", 20000, &list, &error), error);
    must("queue",
         rocketmq_send_options_set_queue(options, rocketmq_queue_list_broker(list, 0),
                                         rocketmq_queue_list_queue_id(list, 0)),
         NULL);
    rocketmq_queue_list_destroy(list);
    must("flags", rocketmq_send_options_set_flags(options, ROCKETMQ_SEND_BLOCK | ROCKETMQ_SEND_NO_RETRY), NULL);
    must("send", rocketmq_producer_send(producer, message, options, &result, &error), error);
    look_at(result);
    rocketmq_send_result_destroy(result);
    must("remove queue", rocketmq_send_options_set_queue(options, NULL, 0), NULL);
    for (number = 0; number < 50; number++) {
        must("async", rocketmq_producer_send_async(producer, message, options, on_sent, NULL, &error), error);
        must("oneway", rocketmq_producer_send_oneway(producer, message, options, &error), error);
    }
    must("topic", rocketmq_message_set_topic(message, "Refused"), NULL);
    CHECK(rocketmq_producer_send(producer, message, options, &result, &error) == ROCKETMQ_ERR_NO_PERMISSION);
    CHECK(result == NULL);
    look_at_error(error, ROCKETMQ_ERR_NO_PERMISSION);
    rocketmq_error_destroy(error);
    must("async", rocketmq_producer_send_async(producer, message, options, on_sent, NULL, &error), error);
    CHECK(rocketmq_message_set_topic(message, "not a topic") == ROCKETMQ_ERR_INVALID_TOPIC);
    must("body", rocketmq_message_set_body(message, NULL, 0), NULL);
    CHECK(rocketmq_producer_send_async(producer, message, options, on_sent, NULL, &error) == ROCKETMQ_ERR_EMPTY_BODY);
    rocketmq_error_destroy(error);
    rocketmq_send_options_destroy(options);
}

static void take_back(rocketmq_producer *producer)
{
    rocketmq_message *message = NULL;
    rocketmq_send_result *result = NULL, *clone;
    rocketmq_error *error = NULL;
    const char *handle;
    char *id = NULL;
    must("create", rocketmq_message_create("Everything", &message), NULL);
    must("body", rocketmq_message_set_body(message, "later", 5), NULL);
    must("delay", rocketmq_message_set_delay_ms(message, 60000), NULL);
    must("send", rocketmq_producer_send(producer, message, NULL, &result, &error), error);
    rocketmq_message_destroy(message);
    clone = rocketmq_send_result_clone(result);
    rocketmq_send_result_destroy(result);
    handle = rocketmq_send_result_recall_handle(clone);
    must("recall", rocketmq_producer_recall(producer, "Everything", handle, 20000, &id, &error), error);
    CHECK(strcmp(id, rocketmq_send_result_message_id(clone)) == 0);
    rocketmq_string_free(id);
    must("recall", rocketmq_producer_recall(producer, "Everything", handle, 20000, NULL, &error), error);
    CHECK(rocketmq_producer_recall(producer, "Other", handle, 0, &id, &error) == ROCKETMQ_ERR_INVALID_ARGUMENT);
    CHECK(id == NULL);
    look_at_error(error, ROCKETMQ_ERR_INVALID_ARGUMENT);
    rocketmq_error_destroy(error);
    rocketmq_send_result_destroy(clone);
}

int main(int argc, char **argv)
{
    rocketmq_config *config;
    rocketmq_producer *producer = NULL, *left_open;
    rocketmq_message *message;
    rocketmq_error *error = NULL;
    size_t index;
    rocketmq_status status;

    CHECK(argc >= 2 && rocketmq_version_string()[0] && rocketmq_build_info()[0]);
    for (index = 0; (status = rocketmq_status_at(index)) <= 0; index++)
        CHECK(rocketmq_status_name(status)[0] && rocketmq_status_str(status)[0]);
    must("prefix", rocketmq_global_set("runtime.thread.prefix", "every", &error), error);
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_TRACE, on_line, NULL, release), NULL);
    config = configure(argv[1]);
    message = compose();
    must("create", rocketmq_producer_create(config, &producer, &error), error);
    rocketmq_config_destroy(config);
    CHECK(rocketmq_producer_send(producer, message, NULL, NULL, &error) == ROCKETMQ_ERR_INVALID_STATE);
    rocketmq_error_destroy(error);
    must("start", rocketmq_producer_start(producer, 20000, &error), error);
    CHECK(rocketmq_producer_client_id(producer)[0] != 0);
    must("update", rocketmq_producer_update(producer, "namesrv.addr", argv[1], &error), error);
    send_all_ways(producer, message);
    take_back(producer);
    shut_down(producer);
    CHECK(get(&ended) == 51 && kept_result && kept_error);
    look_at(kept_result);
    look_at_error(kept_error, ROCKETMQ_ERR_NO_PERMISSION);
    CHECK(rocketmq_producer_send(producer, message, NULL, NULL, NULL) == ROCKETMQ_ERR_CLOSED);
    rocketmq_producer_destroy(producer);

    left_open = started(argv[1]);
    must("body", rocketmq_message_set_body(message, "again", 5), NULL);
    must("topic", rocketmq_message_set_topic(message, "Everything"), NULL);
    must("async", rocketmq_producer_send_async(left_open, message, NULL, on_sent, NULL, &error), error);
    shut_down_all();
    rocketmq_producer_destroy(left_open);
    CHECK(get(&ended) == 52 && get(&lines) > 0 && threads_left(1) == 1);
    must("log", rocketmq_log_set_callback(ROCKETMQ_LOG_WARN, NULL, NULL, NULL), NULL);
    CHECK(get(&released) == 1);
    rocketmq_send_result_destroy(kept_result);
    rocketmq_error_destroy(kept_error);
    if (argc == 2) rocketmq_message_destroy(message);
    message = NULL; /* With another argument it is lost, so that a leak checker can be seen to find it. */
    say("callbacks", get(&ended));
    return 0;
}
