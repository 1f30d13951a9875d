/* Every function of the mock: what it does, and how it answers what makes no sense. tests/c_api compares what this
 * program links with the header: none is left out. */
#include "mock_program.h"

#define NO_UTF8 "\xff"
#define TOPIC "Calls"

/* The mock says so in a sentence. */
static int says(const rocketmq_mock *mock, const char *part)
{
    return strstr(rocketmq_mock_error(mock), part) != NULL;
}

static void creates(void)
{
    rocketmq_mock *mock;
    CHECK(rocketmq_mock_error(NULL)[0] == 0);
    CHECK(rocketmq_mock_create(0, 1) == NULL && says(NULL, "`broker_count` is 0"));
    CHECK(rocketmq_mock_create(-1, 1) == NULL && says(NULL, "`broker_count` is -1"));
    CHECK(rocketmq_mock_create(65, 0) == NULL && says(NULL, "`broker_count` is 65: it must be from 1 to 64"));
    mock = new_mock(64);
    CHECK(rocketmq_mock_error(mock)[0] == 0);
    CHECK(strncmp(rocketmq_mock_namesrv(mock), "127.0.0.1:", 10) == 0);
    CHECK(rocketmq_mock_namesrv(mock) == rocketmq_mock_namesrv(mock));
    rocketmq_mock_destroy(mock);
}

static void topics(void)
{
    static char long_name[129];
    rocketmq_mock *mock = rocketmq_mock_create(2, 0);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    rocketmq_queue_list *list = NULL;
    CHECK(send_sync(producer, TOPIC, "x") == ROCKETMQ_ERR_TOPIC_NOT_FOUND);
    HOLDS(mock, rocketmq_mock_add_topic(mock, TOPIC, 1) == 0);
    HOLDS(mock, rocketmq_mock_add_topic(mock, TOPIC, 3) == 0);
    end(producer);
    producer = started_with(mock, NULL, NULL);
    must("queues", rocketmq_producer_fetch_queues(producer, TOPIC, 10000, &list, NULL), NULL);
    CHECK(rocketmq_queue_list_size(list) == 6);
    rocketmq_queue_list_destroy(list);
    CHECK(send_sync(producer, TOPIC, "x") == ROCKETMQ_OK && rocketmq_mock_message_count(mock, TOPIC) == 1);
    end(producer);

    memset(long_name, 't', 128);
    CHECK(rocketmq_mock_add_topic(mock, NULL, 1) == -1 && says(mock, "`topic` is NULL"));
    CHECK(rocketmq_mock_add_topic(mock, "a" NO_UTF8, 1) == -1 && says(mock, "`topic` is not UTF-8: the byte at index"));
    CHECK(rocketmq_mock_add_topic(mock, "no blanks", 1) == -1 && says(mock, "\"no blanks\""));
    CHECK(rocketmq_mock_add_topic(mock, "", 1) == -1 && says(mock, "blank"));
    CHECK(rocketmq_mock_add_topic(mock, long_name, 1) == -1 && says(mock, "longer"));
    CHECK(rocketmq_mock_add_topic(mock, TOPIC, 0) == -1 && says(mock, "`queues_per_broker` is 0"));
    CHECK(rocketmq_mock_add_topic(mock, TOPIC, 1025) == -1 && says(mock, "from 1 to 1024"));
    rocketmq_mock_destroy(mock);
}

/* Sends a message with everything; the mock tells of it what the producer's result tells. */
static void one_message(rocketmq_mock *mock, rocketmq_producer *producer)
{
    static char big[10000];
    rocketmq_message *message = new_message(TOPIC, "x");
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    size_t len = 1;
    const char *broker, *body;

    memset(big, 'a', sizeof big); /* so large that it is compressed */
    must("body", rocketmq_message_set_body(message, big, sizeof big), NULL);
    must("tags", rocketmq_message_set_tags(message, "TagA"), NULL);
    must("keys", rocketmq_message_set_keys(message, "k1 k2"), NULL);
    must("property", rocketmq_message_set_property(message, "city", "杭州"), NULL);
    must("send", rocketmq_producer_send(producer, message, NULL, &result, &error), error);
    HOLDS(mock, rocketmq_mock_wait_messages(mock, TOPIC, 1, 0) == 0 && rocketmq_mock_message_count(mock, TOPIC) == 1);
    CHECK(strcmp(rocketmq_mock_message_id(mock, TOPIC, 0), rocketmq_send_result_message_id(result)) == 0);
    body = (const char *)rocketmq_mock_message_body(mock, TOPIC, 0, &len);
    CHECK(body && len == sizeof big && memcmp(body, big, len) == 0);
    CHECK(rocketmq_mock_message_body(mock, TOPIC, 0, NULL) == body);
    CHECK(strcmp(rocketmq_mock_message_tags(mock, TOPIC, 0), "TagA") == 0);
    CHECK(strcmp(rocketmq_mock_message_keys(mock, TOPIC, 0), "k1 k2") == 0);
    CHECK(strcmp(rocketmq_mock_message_property(mock, TOPIC, 0, "city"), "杭州") == 0);
    CHECK(strcmp(rocketmq_mock_message_property(mock, TOPIC, 0, "TAGS"), "TagA") == 0);
    CHECK(rocketmq_mock_message_property(mock, TOPIC, 0, "town") == NULL);
    broker = rocketmq_mock_message_broker(mock, TOPIC, 0) == 0 ? "broker-a" : "broker-b";
    CHECK(strcmp(broker, rocketmq_send_result_broker(result)) == 0);
    CHECK(rocketmq_mock_message_queue_id(mock, TOPIC, 0) == rocketmq_send_result_queue_id(result));
    CHECK(rocketmq_mock_message_queue_offset(mock, TOPIC, 0) == rocketmq_send_result_queue_offset(result));
    CHECK(rocketmq_mock_error(mock)[0] == 0);
    rocketmq_send_result_destroy(result);
    rocketmq_message_destroy(message);
}

static void three_in_a_batch(rocketmq_mock *mock, rocketmq_producer *producer)
{
    rocketmq_message *batch[3];
    rocketmq_error *error = NULL;
    size_t index, len;
    batch[0] = new_message(TOPIC, "one"), batch[1] = new_message(TOPIC, "two"), batch[2] = new_message(TOPIC, "three");
    must("batch", rocketmq_producer_send_batch(producer, batch, 3, NULL, NULL, &error), error);
    CHECK(rocketmq_mock_message_count(mock, TOPIC) == 4);
    CHECK(memcmp(rocketmq_mock_message_body(mock, TOPIC, 3, &len), "three", 5) == 0 && len == 5);
    CHECK(rocketmq_mock_message_tags(mock, TOPIC, 3)[0] == 0 && rocketmq_mock_message_keys(mock, TOPIC, 3)[0] == 0);
    CHECK(rocketmq_mock_message_queue_offset(mock, TOPIC, 3) == rocketmq_mock_message_queue_offset(mock, TOPIC, 1) + 2);
    for (index = 0; index < 3; index++) rocketmq_message_destroy(batch[index]);
}

/* Each accessor by itself with a topic and an index that lead nowhere. */
static void nothing_there(const rocketmq_mock *mock, const char *topic, size_t index, const char *sentence)
{
    size_t len = 7;
    CHECK(rocketmq_mock_message_id(mock, topic, index)[0] == 0 && says(mock, sentence));
    CHECK(rocketmq_mock_message_body(mock, topic, index, &len) == NULL && len == 0 && says(mock, sentence));
    CHECK(rocketmq_mock_message_body(mock, topic, index, NULL) == NULL);
    CHECK(rocketmq_mock_message_tags(mock, topic, index)[0] == 0 && says(mock, sentence));
    CHECK(rocketmq_mock_message_keys(mock, topic, index)[0] == 0 && says(mock, sentence));
    CHECK(rocketmq_mock_message_property(mock, topic, index, "city") == NULL && says(mock, sentence));
    CHECK(rocketmq_mock_message_broker(mock, topic, index) == -1 && says(mock, sentence));
    CHECK(rocketmq_mock_message_queue_id(mock, topic, index) == -1 && says(mock, sentence));
    CHECK(rocketmq_mock_message_queue_offset(mock, topic, index) == -1 && says(mock, sentence));
}

static void messages(void)
{
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    CHECK(rocketmq_mock_message_count(mock, TOPIC) == 0);
    one_message(mock, producer);
    three_in_a_batch(mock, producer);
    end(producer);

    nothing_there(mock, TOPIC, 4, "there is no message 4 of topic \"Calls\", which has 4");
    nothing_there(mock, TOPIC, (size_t)-1, "which has 4");
    nothing_there(mock, "Unknown", 0, "there is no message 0 of topic \"Unknown\", which has 0");
    nothing_there(mock, NULL, 0, "`topic` is NULL");
    nothing_there(mock, NO_UTF8, 0, "`topic` is not UTF-8: the byte at index 0 is wrong");
    CHECK(rocketmq_mock_message_property(mock, TOPIC, 0, NULL) == NULL && says(mock, "`name` is NULL"));
    CHECK(rocketmq_mock_message_property(mock, TOPIC, 0, NO_UTF8) == NULL && says(mock, "`name` is not UTF-8"));
    CHECK(rocketmq_mock_message_count(mock, "Unknown") == 0);
    CHECK(rocketmq_mock_message_count(mock, NULL) == 0 && says(mock, "`topic` is NULL"));
    CHECK(rocketmq_mock_message_count(mock, NO_UTF8) == 0 && says(mock, "`topic` is not UTF-8"));
    CHECK(rocketmq_mock_wait_messages(mock, TOPIC, 5, 20) == -1 && says(mock, "has 4 messages after 20 ms, not 5"));
    CHECK(rocketmq_mock_wait_messages(mock, TOPIC, 4, -1) == -1 && says(mock, "`timeout_ms` is -1"));
    CHECK(rocketmq_mock_wait_messages(mock, NULL, 0, 0) == -1 && says(mock, "`topic` is NULL"));
    HOLDS(mock, rocketmq_mock_wait_messages(mock, "Unknown", 0, 0) == 0);
    rocketmq_mock_destroy(mock);
}

static void wrong_faults(void)
{
    rocketmq_mock *mock = new_mock(2);
    CHECK(rocketmq_mock_push_response(mock, 2, 310, 1, 0, 1) == -1 && says(mock, "there is no broker 2: there are 2"));
    CHECK(rocketmq_mock_push_response(mock, -3, 310, 1, 0, 1) == -1 && says(mock, "there is no broker -3"));
    CHECK(rocketmq_mock_push_response(mock, 0, -3, 1, 0, 1) == -1 && says(mock, "`request_code` is -3"));
    CHECK(rocketmq_mock_push_response(mock, 0, 310, 1, -2, 1) == -1 && says(mock, "`delay_ms` is -2"));
    CHECK(rocketmq_mock_push_response(mock, 0, 310, 1, 0, 0) == -1 && says(mock, "`count` is 0"));
    CHECK(rocketmq_mock_push_response(mock, 0, 310, 1, 0, -2) == -1 && says(mock, "`count` is -2"));
    CHECK(rocketmq_mock_push_disconnect(mock, 2, 310, 1, 1) == -1 && says(mock, "there is no broker 2"));
    CHECK(rocketmq_mock_push_disconnect(mock, 0, -3, 1, 1) == -1 && says(mock, "`request_code` is -3"));
    CHECK(rocketmq_mock_push_disconnect(mock, 0, 310, 2, 1) == -1 && says(mock, "`store` is 2: it must be 0 or 1"));
    CHECK(rocketmq_mock_push_disconnect(mock, 0, 310, 0, 0) == -1 && says(mock, "`count` is 0"));
    CHECK(rocketmq_mock_set_broker(mock, 2, 1) == -1 && says(mock, "there is no broker 2"));
    CHECK(rocketmq_mock_set_broker(mock, 0, 2) == -1 && says(mock, "`up` is 2"));
    CHECK(rocketmq_mock_set_latency_ms(mock, 2, 1) == -1 && says(mock, "there is no broker 2"));
    CHECK(rocketmq_mock_set_latency_ms(mock, 0, -1) == -1 && says(mock, "`ms` is -1"));
    CHECK(rocketmq_mock_ask_tx(mock, "none") == -1 && says(mock, "message \"none\": there is no such message"));
    CHECK(rocketmq_mock_ask_tx(mock, NULL) == -1 && says(mock, "`message_id` is NULL"));
    CHECK(rocketmq_mock_ask_tx(mock, NO_UTF8) == -1 && says(mock, "`message_id` is not UTF-8"));
    CHECK(rocketmq_mock_reply(mock, "none", "x", 1) == -1 && says(mock, "there is no such message"));
    CHECK(rocketmq_mock_reply(mock, NULL, "x", 1) == -1 && says(mock, "`message_id` is NULL"));
    CHECK(rocketmq_mock_reply(mock, NO_UTF8, "x", 1) == -1 && says(mock, "`message_id` is not UTF-8"));
    CHECK(rocketmq_mock_reply(mock, "none", NULL, 1) == -1 && says(mock, "`body` is NULL"));
    CHECK(rocketmq_mock_reply(mock, "none", "x", (size_t)-1) == -1 && says(mock, "`body` cannot have"));
    HOLDS(mock, rocketmq_mock_clear_faults(mock) == 0);
    rocketmq_mock_destroy(mock);
}

static void null_mock(void)
{
    size_t len = 7;
    CHECK(rocketmq_mock_namesrv(NULL)[0] == 0);
    CHECK(rocketmq_mock_add_topic(NULL, TOPIC, 1) == -1);
    CHECK(rocketmq_mock_push_response(NULL, 0, 310, 1, 0, 1) == -1);
    CHECK(rocketmq_mock_push_disconnect(NULL, 0, 310, 0, 1) == -1);
    CHECK(rocketmq_mock_clear_faults(NULL) == -1);
    CHECK(rocketmq_mock_set_broker(NULL, 0, 1) == -1);
    CHECK(rocketmq_mock_set_latency_ms(NULL, 0, 0) == -1);
    CHECK(rocketmq_mock_ask_tx(NULL, "id") == -1);
    CHECK(rocketmq_mock_reply(NULL, "id", "x", 1) == -1);
    CHECK(rocketmq_mock_message_count(NULL, TOPIC) == 0);
    CHECK(rocketmq_mock_wait_messages(NULL, TOPIC, 0, 0) == -1);
    CHECK(rocketmq_mock_message_id(NULL, TOPIC, 0)[0] == 0);
    CHECK(rocketmq_mock_message_body(NULL, TOPIC, 0, &len) == NULL && len == 0);
    CHECK(rocketmq_mock_message_tags(NULL, TOPIC, 0)[0] == 0);
    CHECK(rocketmq_mock_message_keys(NULL, TOPIC, 0)[0] == 0);
    CHECK(rocketmq_mock_message_property(NULL, TOPIC, 0, "city") == NULL);
    CHECK(rocketmq_mock_message_broker(NULL, TOPIC, 0) == -1);
    CHECK(rocketmq_mock_message_queue_id(NULL, TOPIC, 0) == -1);
    CHECK(rocketmq_mock_message_queue_offset(NULL, TOPIC, 0) == -1);
    rocketmq_mock_destroy(NULL);
}

int main(void)
{
    creates();
    topics();
    messages();
    wrong_faults();
    null_mock();
    shut_down_all();
    return 0;
}
