/* Each fault of the mock, as a producer meets it. */
#include "mock_program.h"

#define TOPIC "Faults"
#define ANY_SEND ROCKETMQ_MOCK_ANY_SEND

/* How one send ended. */
struct ended {
    rocketmq_status status;
    int32_t outcome, broker_code, attempts, send_status;
    long long latency_us;
};

static struct ended send_within(rocketmq_producer *producer, int64_t timeout_ms)
{
    rocketmq_message *message = new_message(TOPIC, "body");
    rocketmq_send_options *options = rocketmq_send_options_create();
    rocketmq_send_result *result = NULL;
    rocketmq_error *error = NULL;
    struct ended end;
    must("timeout", rocketmq_send_options_set_timeout_ms(options, timeout_ms), NULL);
    end.status = rocketmq_producer_send(producer, message, options, &result, &error);
    end.outcome = rocketmq_error_outcome(error);
    end.broker_code = rocketmq_error_broker_code(error);
    end.attempts = result ? rocketmq_send_result_attempts(result) : rocketmq_error_attempts(error);
    end.send_status = rocketmq_send_result_status(result);
    end.latency_us = rocketmq_send_result_latency_us(result);
    rocketmq_error_destroy(error);
    rocketmq_send_result_destroy(result);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return end;
}

static struct ended send_one(rocketmq_producer *producer)
{
    return send_within(producer, 20000);
}

static size_t stored(const rocketmq_mock *mock)
{
    return rocketmq_mock_message_count(mock, TOPIC);
}

static void end_of(rocketmq_producer *producer, rocketmq_mock *mock)
{
    end(producer);
    rocketmq_mock_destroy(mock);
}

static void late_and_never(void)
{
    rocketmq_mock *mock = new_mock(1);
    rocketmq_producer *producer = started_with(mock, "send.retries", "0");
    struct ended end;
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_SUCCESS, 200, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.latency_us >= 200000 && stored(mock) == 1);
    /* Silent, with the message and without it. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_SUCCESS, -1, 1) == 0);
    end = send_within(producer, 200);
    CHECK(end.status == ROCKETMQ_ERR_TIMEOUT && end.outcome == ROCKETMQ_OUTCOME_UNKNOWN && stored(mock) == 2);
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_SYSTEM_ERROR, -1, 1) == 0);
    end = send_within(producer, 200);
    CHECK(end.status == ROCKETMQ_ERR_TIMEOUT && end.outcome == ROCKETMQ_OUTCOME_UNKNOWN && stored(mock) == 2);
    /* A refusal that comes late. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_MESSAGE_ILLEGAL, 200, 1) == 0);
    {
        long long began = now_us();
        end = send_one(producer);
        CHECK(end.broker_code == ROCKETMQ_MOCK_MESSAGE_ILLEGAL && now_us() - began >= 200000);
    }
    HOLDS(mock, rocketmq_mock_set_latency_ms(mock, ROCKETMQ_MOCK_ANY_BROKER, 200) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.latency_us >= 200000);
    HOLDS(mock, rocketmq_mock_set_latency_ms(mock, 0, 0) == 0);
    CHECK(send_one(producer).status == ROCKETMQ_OK && stored(mock) == 4);
    end_of(producer, mock);
}

static void codes(void)
{
    rocketmq_mock *mock = new_mock(1);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    struct ended end;
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_MESSAGE_ILLEGAL, 0, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_ERR_BROKER && end.broker_code == 13 && end.attempts == 1);
    CHECK(end.outcome == ROCKETMQ_OUTCOME_REJECTED && stored(mock) == 0);
    /* Busy once: the producer asks again. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ROCKETMQ_MOCK_SEND, ROCKETMQ_MOCK_SYSTEM_BUSY, 0, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.attempts == 2 && stored(mock) == 1);
    /* Busy until further notice. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ROCKETMQ_MOCK_ANY_REQUEST, ROCKETMQ_MOCK_SYSTEM_BUSY, 0, -1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_ERR_BROKER_BUSY && end.broker_code == 2 && end.attempts == 3);
    CHECK(end.outcome == ROCKETMQ_OUTCOME_REJECTED);
    HOLDS(mock, rocketmq_mock_clear_faults(mock) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.attempts == 1 && stored(mock) == 2);
    /* Stored, in a way. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ANY_SEND, ROCKETMQ_MOCK_FLUSH_DISK_TIMEOUT, 0, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.send_status == ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT && stored(mock) == 3);
    /* Only batches. */
    HOLDS(mock, rocketmq_mock_push_response(mock, 0, ROCKETMQ_MOCK_SEND_BATCH, ROCKETMQ_MOCK_SYSTEM_ERROR, 0, 1) == 0);
    CHECK(send_one(producer).attempts == 1);
    end_of(producer, mock);
}

/* Of two brokers, whichever is asked first. */
static void any_broker(void)
{
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    struct ended end;
    HOLDS(mock, rocketmq_mock_push_response(mock, ROCKETMQ_MOCK_ANY_BROKER, ANY_SEND,
                                            ROCKETMQ_MOCK_SERVICE_NOT_AVAILABLE, 0, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.attempts == 2 && stored(mock) == 1);
    end_of(producer, mock);
}

static void disconnects(void)
{
    rocketmq_mock *mock = new_mock(1);
    rocketmq_producer *producer = started_with(mock, "send.retry.unknown", "false");
    struct ended end;
    CHECK(send_one(producer).status == ROCKETMQ_OK);
    HOLDS(mock, rocketmq_mock_push_disconnect(mock, 0, ANY_SEND, 0, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_ERR_CONNECTION_LOST && end.outcome == ROCKETMQ_OUTCOME_UNKNOWN && stored(mock) == 1);
    HOLDS(mock, rocketmq_mock_push_disconnect(mock, 0, ANY_SEND, 1, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_ERR_CONNECTION_LOST && end.outcome == ROCKETMQ_OUTCOME_UNKNOWN && stored(mock) == 2);
    end_of(producer, mock);

    /* At least once, by the same id. */
    mock = new_mock(1);
    producer = started_with(mock, NULL, NULL);
    HOLDS(mock, rocketmq_mock_push_disconnect(mock, ROCKETMQ_MOCK_ANY_BROKER, ANY_SEND, 1, 1) == 0);
    end = send_one(producer);
    CHECK(end.status == ROCKETMQ_OK && end.attempts == 2 && stored(mock) == 2);
    CHECK(strcmp(rocketmq_mock_message_id(mock, TOPIC, 0), rocketmq_mock_message_id(mock, TOPIC, 1)) == 0);
    end_of(producer, mock);
}

static void brokers_down_and_up(void)
{
    rocketmq_mock *mock = new_mock(2);
    rocketmq_producer *producer = started_with(mock, NULL, NULL);
    size_t index, before;
    CHECK(send_one(producer).status == ROCKETMQ_OK);
    HOLDS(mock, rocketmq_mock_set_broker(mock, 0, 0) == 0);
    before = stored(mock);
    for (index = 0; index < 8; index++) {
        CHECK(send_one(producer).status == ROCKETMQ_OK);
        CHECK(rocketmq_mock_message_broker(mock, TOPIC, before + index) == 1);
    }
    HOLDS(mock, rocketmq_mock_set_broker(mock, 0, 1) == 0);
    end_of(producer, mock);

    mock = new_mock(1);
    producer = started_with(mock, NULL, NULL);
    CHECK(send_one(producer).status == ROCKETMQ_OK);
    HOLDS(mock, rocketmq_mock_set_broker(mock, ROCKETMQ_MOCK_ANY_BROKER, 0) == 0);
    CHECK(send_within(producer, 300).status != ROCKETMQ_OK && stored(mock) == 1);
    HOLDS(mock, rocketmq_mock_set_broker(mock, ROCKETMQ_MOCK_ANY_BROKER, 1) == 0);
    CHECK(send_one(producer).status == ROCKETMQ_OK && stored(mock) == 2);
    end_of(producer, mock);
}

static void name_server_down_and_up(void)
{
    rocketmq_mock *mock = new_mock(1);
    rocketmq_producer *producer = configured(mock, NULL, NULL);
    rocketmq_error *error = NULL;
    HOLDS(mock, rocketmq_mock_set_broker(mock, ROCKETMQ_MOCK_NAMESRV, 0) == 0);
    CHECK(rocketmq_producer_start(producer, 1000, NULL) == ROCKETMQ_ERR_NO_NAMESRV);
    HOLDS(mock, rocketmq_mock_set_broker(mock, ROCKETMQ_MOCK_NAMESRV, 1) == 0);
    must("start", rocketmq_producer_start(producer, 20000, &error), error);
    HOLDS(mock, rocketmq_mock_push_response(mock, ROCKETMQ_MOCK_NAMESRV, ROCKETMQ_MOCK_ROUTE,
                                            ROCKETMQ_MOCK_TOPIC_NOT_EXIST, 0, -1) == 0);
    CHECK(send_within(producer, 5000).status == ROCKETMQ_ERR_TOPIC_NOT_FOUND);
    end_of(producer, mock);
}

int main(void)
{
    int threads = thread_count(), descriptors = descriptor_count();
    late_and_never();
    codes();
    any_broker();
    disconnects();
    brokers_down_and_up();
    name_server_down_and_up();
    shut_down_all();
    CHECK(threads_left(threads) == threads);
    CHECK(descriptor_count() == descriptors);
    return 0;
}
