/* Every mistake has a status and a sentence of its own. Prints, with tabs between: name, status, outcome, milliseconds
 * that the call took, sentence. */
#include "program.h"

static long long began;

static void report(const char *name, rocketmq_status status, rocketmq_error *error)
{
    long long took = (now_us() - began) / 1000;
    CHECK(status == rocketmq_error_status(error));
    printf("%s\t%s\t%d\t%lld\t%s\n", name, rocketmq_status_name(status), (int)rocketmq_error_outcome(error), took,
           error ? rocketmq_error_message(error) : "");
    rocketmq_error_destroy(error);
    fflush(stdout);
}

static void set(const char *name, const char *key, const char *value)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_error *error = NULL;
    rocketmq_status status;
    began = now_us();
    status = rocketmq_config_set(config, key, value, &error);
    report(name, status, error);
    rocketmq_config_destroy(config);
}

static void create(const char *name, rocketmq_config *config)
{
    rocketmq_producer *producer = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    began = now_us();
    status = rocketmq_producer_create(config, &producer, &error);
    CHECK(producer == NULL);
    report(name, status, error);
    rocketmq_config_destroy(config);
}

static void bad_settings(void)
{
    rocketmq_config *config = rocketmq_config_create();
    set("unknown key", "producer.gruop", "g");
    set("name server", "namesrv.addr", "127.0.0.1:port");
    set("name server without port", "namesrv.addr", "127.0.0.1");
    set("second name server", "namesrv.addr", "127.0.0.1:9876;mq-2:99999");
    set("group", "producer.group", "my group");
    set("empty group", "producer.group", "");
    set("number", "send.timeout.ms", "3s");
    CHECK(rocketmq_config_set(config, "namesrv.addr", "127.0.0.1:9876", NULL) == ROCKETMQ_OK);
    create("no group", config);
    config = rocketmq_config_create();
    CHECK(rocketmq_config_set(config, "producer.group", "g", NULL) == ROCKETMQ_OK);
    create("no name server", config);
}

static void never(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    (void)result, (void)error, (void)user_data;
    CHECK(!"a callback of a refused send");
}

/* A message that cannot be built. */
static void build(const char *name, const char *topic, const char *tags)
{
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    began = now_us();
    status = rocketmq_message_build(topic, ROCKETMQ_NTS, tags, ROCKETMQ_NTS, NULL, 0, "x", 1, &message, &error);
    CHECK(message == NULL);
    report(name, status, error);
}

/* All three ways to send must say the same. Destroys the message. */
static void send_it(rocketmq_producer *producer, const char *name, rocketmq_message *message)
{
    rocketmq_error *error = NULL;
    rocketmq_status status;
    began = now_us();
    status = rocketmq_producer_send(producer, message, NULL, NULL, &error);
    report(name, status, error);
    CHECK(rocketmq_producer_send_async(producer, message, NULL, never, NULL, NULL) == status);
    CHECK(rocketmq_producer_send_oneway(producer, message, NULL, NULL) == status);
    rocketmq_message_destroy(message);
}

static void bad_messages(rocketmq_producer *producer)
{
    static const char big[5 << 20] = {0};
    rocketmq_message *message = NULL;
    char topic[129] = "";

    build("topic", "no spaces", NULL);
    build("empty topic", "", NULL);
    build("separator", "Refused", "a\001b");
    build("separator in the topic", "Ref\002used", NULL);
    memset(topic, 't', 128);
    send_it(producer, "long topic", new_message(topic, "x"));
    send_it(producer, "reserved topic", new_message("SCHEDULE_TOPIC_XXXX", "x"));
    send_it(producer, "no body", new_message("Refused", ""));
    message = new_message("Refused", "x");
    must("body", rocketmq_message_set_body(message, big, sizeof big), NULL);
    send_it(producer, "body", message);

    message = new_message("Refused", "x");
    CHECK(rocketmq_message_set_property(message, "name", "a\002b") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(rocketmq_message_set_property(message, "na\001me", "b") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(rocketmq_message_set_property(message, "UNIQ_KEY", "b") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(rocketmq_message_set_property(message, "", "b") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(rocketmq_message_set_tags(message, "a\001b") == ROCKETMQ_ERR_INVALID_PROPERTY);
    CHECK(rocketmq_message_set_topic(message, "a\002b") == ROCKETMQ_ERR_INVALID_TOPIC);
    /* More than there is, and more than there can be; the body is as before. */
    CHECK(rocketmq_message_set_body(message, big, SIZE_MAX / 2) == ROCKETMQ_ERR_SYSTEM);
    CHECK(rocketmq_message_append_body(message, big, SIZE_MAX / 2 - 1) == ROCKETMQ_ERR_SYSTEM);
    CHECK(rocketmq_message_set_body(message, big, SIZE_MAX) < 0);
    {
        size_t length = 0;
        const void *body = rocketmq_message_body(message, &length);
        CHECK(length == 1 && memcmp(body, "x", 1) == 0);
    }
    rocketmq_message_destroy(message);
}

static void on_failed(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data)
{
    CHECK(result == NULL);
    report("async without a name server", rocketmq_error_status(error), rocketmq_error_clone(error));
    add((int *)user_data, 1);
}

/* Nobody listens at the address. */
static void nobody(const char *address)
{
    rocketmq_producer *producer = new_producer(address);
    rocketmq_message *message = new_message("Refused", "x");
    rocketmq_send_options *options = rocketmq_send_options_create();
    rocketmq_error *error = NULL;
    rocketmq_status status;
    int ended = 0;

    must("timeout", rocketmq_send_options_set_timeout_ms(options, 500), NULL);
    began = now_us();
    status = rocketmq_producer_start(producer, 500, &error);
    report("start", status, error);
    CHECK(rocketmq_producer_state(producer) == ROCKETMQ_STATE_CREATED);
    began = now_us();
    must("start without waiting", rocketmq_producer_start(producer, 0, &error), error);
    say("start_0_ms", (now_us() - began) / 1000);
    began = now_us();
    status = rocketmq_producer_send(producer, message, options, NULL, &error);
    report("send without a name server", status, error);
    began = now_us();
    must("async", rocketmq_producer_send_async(producer, message, options, on_failed, &ended, &error), error);
    CHECK(reaches(&ended, 1));
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}

/* The name server does not know the topic. */
static void unknown_topic(const char *name_server)
{
    rocketmq_producer *producer = started(name_server);
    rocketmq_message *message = new_message("Unknown", "x");
    rocketmq_error *error = NULL;
    rocketmq_status status;
    began = now_us();
    status = rocketmq_producer_send(producer, message, NULL, NULL, &error);
    report("unknown topic", status, error);
    rocketmq_message_destroy(message);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    if (strcmp(argv[2], "settings") == 0) bad_settings();
    if (strcmp(argv[2], "nobody") == 0) nobody(argv[1]);
    if (strcmp(argv[2], "unknown") == 0) unknown_topic(argv[1]);
    if (strcmp(argv[2], "messages") == 0) {
        rocketmq_producer *producer = started(argv[1]);
        bad_messages(producer);
        shut_down(producer);
        rocketmq_producer_destroy(producer);
    }
    shut_down_all();
    return 0;
}
