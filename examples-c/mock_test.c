/* Tests a function without a cluster: an order is sent, a busy broker is survived, and after a lost connection nobody
 * claims to know.
 *
 *   cc -Iinclude examples-c/mock_test.c -Ltarget/release -lrocketmq_mock -lrocketmq_producer -Wl,-rpath,target/release -o mock_test
 *   ./mock_test
 */
#include <rocketmq_mock.h>
#include <rocketmq_producer.h>
#include <stdio.h>
#include <string.h>

/* What is tested. An order must not be sent twice: the producer has "send.retry.unknown" off. */
enum order_end { ORDER_SENT, ORDER_NOT_SENT, ORDER_UNKNOWN };

static enum order_end send_order(rocketmq_producer *producer, const char *number, const char *city)
{
    rocketmq_message *message = NULL;
    rocketmq_error *error = NULL;
    rocketmq_status status;
    enum order_end end = ORDER_SENT;

    status = rocketmq_message_build("orders", ROCKETMQ_NTS, "paid", ROCKETMQ_NTS, number, ROCKETMQ_NTS, "3 apples", 8,
                                    &message, NULL);
    if (status == ROCKETMQ_OK) status = rocketmq_message_set_property(message, "city", city);
    if (status != ROCKETMQ_OK) end = ORDER_NOT_SENT;
    else if (rocketmq_producer_send(producer, message, NULL, NULL, &error) != ROCKETMQ_OK)
        end = rocketmq_error_outcome(error) == ROCKETMQ_OUTCOME_UNKNOWN ? ORDER_UNKNOWN : ORDER_NOT_SENT;
    rocketmq_error_destroy(error);
    rocketmq_message_destroy(message);
    return end;
}

static int broken;

static void expect(const char *what, int holds)
{
    printf("%-6s %s\n", holds ? "ok" : "BROKEN", what);
    if (!holds) broken = 1;
}

static rocketmq_producer *started(const char *namesrv)
{
    rocketmq_config *config = rocketmq_config_create();
    rocketmq_producer *producer = NULL;
    rocketmq_status status = rocketmq_config_set(config, "namesrv.addr", namesrv, NULL);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "producer.group", "shop", NULL);
    if (status == ROCKETMQ_OK) status = rocketmq_config_set(config, "send.retry.unknown", "false", NULL);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_create(config, &producer, NULL);
    if (status == ROCKETMQ_OK) status = rocketmq_producer_start(producer, 3000, NULL);
    expect("a producer starts", status == ROCKETMQ_OK);
    rocketmq_config_destroy(config);
    return producer;
}

int main(void)
{
    rocketmq_mock *mock = rocketmq_mock_create(1, 1); /* one broker; topics appear when they are sent to */
    rocketmq_producer *producer = started(rocketmq_mock_namesrv(mock));
    size_t len = 0;
    const void *body;

    expect("an order is sent", send_order(producer, "A-1", "杭州") == ORDER_SENT);
    expect("once", rocketmq_mock_message_count(mock, "orders") == 1);
    body = rocketmq_mock_message_body(mock, "orders", 0, &len);
    expect("with its body", body && len == 8 && memcmp(body, "3 apples", len) == 0);
    expect("its tag", strcmp(rocketmq_mock_message_tags(mock, "orders", 0), "paid") == 0);
    expect("its number as key", strcmp(rocketmq_mock_message_keys(mock, "orders", 0), "A-1") == 0);
    expect("and its city", strcmp(rocketmq_mock_message_property(mock, "orders", 0, "city"), "杭州") == 0);

    rocketmq_mock_push_response(mock, 0, ROCKETMQ_MOCK_ANY_SEND, ROCKETMQ_MOCK_SYSTEM_BUSY, 0, 1);
    expect("a busy broker is asked again", send_order(producer, "A-2", "杭州") == ORDER_SENT);
    rocketmq_mock_push_disconnect(mock, 0, ROCKETMQ_MOCK_ANY_SEND, 1, 1);
    expect("a connection lost too early is not success", send_order(producer, "A-3", "杭州") == ORDER_UNKNOWN);
    expect("and nothing is sent twice", rocketmq_mock_message_count(mock, "orders") == 3);

    rocketmq_producer_destroy(producer);
    rocketmq_mock_destroy(mock);
    return broken;
}
