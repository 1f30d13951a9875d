/* The calls that Go makes: each does in one crossing what would take several. Arguments are flat, so that no memory
 * which C sees holds a Go pointer, and nothing is kept after a call. */
#ifndef RMQGO_SHIM_H
#define RMQGO_SHIM_H

#ifdef RMQGO_SYSTEM
#include <rocketmq_producer.h>
#else
#include "rocketmq_producer.h"
#endif

/* What a send says beside its body. The texts stand one after the other in `text`, a NUL behind each. */
typedef struct {
    uint32_t topic_len, tags_len, keys_len, properties_len, sharding_key_len, broker_len;
    int32_t queue_id, flag, delay_level, no_wait_store;
    uint32_t send_flags;
    int64_t delay_ms, deliver_at_ms, timeout_ms;
} rmqgo_head;

/* `error` may be NULL where only the status is known; it is Go's to destroy. */
typedef struct {
    rocketmq_error *error;
    rocketmq_status status;
} rmqgo_answer;

/* With a NULL `cq` the send is one-way. */
rmqgo_answer rmqgo_send(rocketmq_producer *producer, rocketmq_cq *cq, uint64_t tag, const rmqgo_head *head, const char *text,
                        const char *body, size_t body_len);
rmqgo_answer rmqgo_build(const rmqgo_head *head, const char *text, const char *body, size_t body_len,
                         rocketmq_message **message);
/* `head` is the first message's. */
rmqgo_answer rmqgo_send_batch(rocketmq_producer *producer, rocketmq_cq *cq, uint64_t tag, const rmqgo_head *head,
                              const char *text, rocketmq_message *const *messages, size_t count);
void rmqgo_destroy_messages(rocketmq_message *const *messages, size_t count);

enum { RMQGO_EVENTS = 256, RMQGO_TEXT = 240 };

/* Of a stored message; `whole` is 0 where it does not fit, then Go asks for each member. */
typedef struct {
    int64_t latency_us;
    int32_t attempts, whole;
    uint16_t message_id_len, offset_id_len, transaction_id_len, recall_handle_len, broker_len;
    char text[RMQGO_TEXT];
} rmqgo_stored;

typedef struct {
    rocketmq_event events[RMQGO_EVENTS];
    rmqgo_stored stored[RMQGO_EVENTS];
} rmqgo_poll_room;

int32_t rmqgo_poll(rocketmq_cq *cq, rmqgo_poll_room *room, int64_t timeout_ms);

typedef struct {
    const char *message, *remark, *broker, *message_id;
    int32_t status, outcome, retriable, broker_code, attempts;
} rmqgo_error_view;

void rmqgo_error_read(const rocketmq_error *error, rmqgo_error_view *view);

#endif
