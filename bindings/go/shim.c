#include "shim.h"
#include <string.h>

typedef struct {
    const char *topic, *tags, *keys, *properties, *sharding_key, *broker;
} texts;

static texts find(const rmqgo_head *head, const char *text)
{
    texts found;
    found.topic = text;
    found.tags = found.topic + head->topic_len + 1;
    found.keys = found.tags + head->tags_len + 1;
    found.properties = found.keys + head->keys_len + 1;
    found.sharding_key = found.properties + head->properties_len + 1;
    found.broker = found.sharding_key + head->sharding_key_len + 1;
    return found;
}

static rmqgo_answer set_rest(const rmqgo_head *head, const texts *texts, rocketmq_message *message)
{
    rmqgo_answer answer = {NULL, ROCKETMQ_OK};

    if (head->properties_len > 0)
        answer.status = rocketmq_message_set_properties_packed(message, texts->properties, head->properties_len, &answer.error);
    if (answer.status == ROCKETMQ_OK && head->sharding_key_len > 0)
        answer.status = rocketmq_message_set_sharding_key(message, texts->sharding_key);
    if (answer.status == ROCKETMQ_OK && head->flag != 0) answer.status = rocketmq_message_set_flag(message, head->flag);
    if (answer.status == ROCKETMQ_OK && head->no_wait_store) answer.status = rocketmq_message_set_wait_store(message, 0);
    if (answer.status == ROCKETMQ_OK && head->delay_level != 0)
        answer.status = rocketmq_message_set_delay_level(message, head->delay_level);
    if (answer.status == ROCKETMQ_OK && head->delay_ms != 0)
        answer.status = rocketmq_message_set_delay_ms(message, head->delay_ms);
    if (answer.status == ROCKETMQ_OK && head->deliver_at_ms != 0)
        answer.status = rocketmq_message_set_deliver_at_ms(message, head->deliver_at_ms);
    return answer;
}

rmqgo_answer rmqgo_build(const rmqgo_head *head, const char *text, const char *body, size_t body_len,
                         rocketmq_message **message)
{
    texts texts = find(head, text);
    rmqgo_answer answer = {NULL, ROCKETMQ_OK};

    answer.status = rocketmq_message_build(texts.topic, head->topic_len, head->tags_len ? texts.tags : NULL, head->tags_len,
                                           head->keys_len ? texts.keys : NULL, head->keys_len, body, body_len, message,
                                           &answer.error);
    if (answer.status != ROCKETMQ_OK) return answer;
    answer = set_rest(head, &texts, *message);
    if (answer.status != ROCKETMQ_OK) {
        rocketmq_message_destroy(*message);
        *message = NULL;
    }
    return answer;
}

/* NULL where the send has nothing of its own. */
static rocketmq_status options_of(const rmqgo_head *head, const char *broker, rocketmq_send_options **options)
{
    rocketmq_status status = ROCKETMQ_OK;

    *options = NULL;
    if (head->timeout_ms == ROCKETMQ_WAIT_DEFAULT && head->send_flags == 0 && head->broker_len == 0) return ROCKETMQ_OK;
    *options = rocketmq_send_options_create();
    if (head->timeout_ms != ROCKETMQ_WAIT_DEFAULT)
        status = rocketmq_send_options_set_timeout_ms(*options, head->timeout_ms);
    if (status == ROCKETMQ_OK && head->send_flags != 0)
        status = rocketmq_send_options_set_flags(*options, head->send_flags);
    if (status == ROCKETMQ_OK && head->broker_len > 0)
        status = rocketmq_send_options_set_queue(*options, broker, head->queue_id);
    return status;
}

rmqgo_answer rmqgo_send(rocketmq_producer *producer, rocketmq_cq *cq, uint64_t tag, const rmqgo_head *head, const char *text,
                        const char *body, size_t body_len)
{
    rocketmq_message *message = NULL;
    rocketmq_send_options *options = NULL;
    rmqgo_answer answer = rmqgo_build(head, text, body, body_len, &message);

    if (answer.status != ROCKETMQ_OK) return answer;
    answer.status = options_of(head, find(head, text).broker, &options);
    if (answer.status == ROCKETMQ_OK)
        answer.status = cq ? rocketmq_producer_send_cq(producer, message, options, cq, tag, &answer.error)
                           : rocketmq_producer_send_oneway(producer, message, options, &answer.error);
    rocketmq_send_options_destroy(options);
    rocketmq_message_destroy(message);
    return answer;
}

rmqgo_answer rmqgo_send_batch(rocketmq_producer *producer, rocketmq_cq *cq, uint64_t tag, const rmqgo_head *head,
                              const char *text, rocketmq_message *const *messages, size_t count)
{
    rocketmq_send_options *options = NULL;
    rmqgo_answer answer = {NULL, ROCKETMQ_OK};

    answer.status = options_of(head, find(head, text).broker, &options);
    if (answer.status == ROCKETMQ_OK)
        answer.status = rocketmq_producer_send_batch_cq(producer, messages, count, options, cq, tag, &answer.error);
    rocketmq_send_options_destroy(options);
    return answer;
}

void rmqgo_destroy_messages(rocketmq_message *const *messages, size_t count)
{
    for (size_t index = 0; index < count; index++) rocketmq_message_destroy(messages[index]);
}

/* Copies behind what is there; 0 if there is no room. */
static int append(rmqgo_stored *stored, size_t *used, const char *text, uint16_t *length)
{
    size_t wanted = strlen(text);

    if (wanted > RMQGO_TEXT - *used) return 0;
    memcpy(stored->text + *used, text, wanted);
    *used += wanted;
    *length = (uint16_t)wanted;
    return 1;
}

static void flatten(const rocketmq_event *event, rmqgo_stored *stored)
{
    const rocketmq_send_result *result = rocketmq_event_result(event);
    size_t used = 0;

    stored->whole = 0;
    if (!result || rocketmq_send_result_count(result) != 1) return;
    stored->latency_us = rocketmq_send_result_latency_us(result);
    stored->attempts = rocketmq_send_result_attempts(result);
    stored->whole = append(stored, &used, rocketmq_send_result_message_id(result), &stored->message_id_len)
        && append(stored, &used, rocketmq_send_result_offset_id(result), &stored->offset_id_len)
        && append(stored, &used, rocketmq_send_result_transaction_id(result), &stored->transaction_id_len)
        && append(stored, &used, rocketmq_send_result_recall_handle(result), &stored->recall_handle_len)
        && append(stored, &used, rocketmq_send_result_broker(result), &stored->broker_len);
}

int32_t rmqgo_poll(rocketmq_cq *cq, rmqgo_poll_room *room, int64_t timeout_ms)
{
    int32_t count = rocketmq_cq_poll(cq, room->events, RMQGO_EVENTS, timeout_ms);

    for (int32_t index = 0; index < count; index++) flatten(&room->events[index], &room->stored[index]);
    return count;
}

void rmqgo_error_read(const rocketmq_error *error, rmqgo_error_view *view)
{
    view->message = rocketmq_error_message(error);
    view->remark = rocketmq_error_broker_remark(error);
    view->broker = rocketmq_error_broker(error);
    view->message_id = rocketmq_error_message_id(error);
    view->status = rocketmq_error_status(error);
    view->outcome = rocketmq_error_outcome(error);
    view->retriable = rocketmq_error_is_retriable(error);
    view->broker_code = rocketmq_error_broker_code(error);
    view->attempts = rocketmq_error_attempts(error);
}
