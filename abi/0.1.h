/* What programs compiled against this series rely on. Made from the header by `make abi KEEP=yes`. */
#include <stddef.h>
#include <stdint.h>

#define ROCKETMQ_NTS ((size_t)-1)

typedef enum {
  ROCKETMQ_OK = 0,
  ROCKETMQ_ERR_INVALID_ARGUMENT = -1,
  ROCKETMQ_ERR_INVALID_UTF8 = -2,
  ROCKETMQ_ERR_INVALID_HANDLE = -3,
  ROCKETMQ_ERR_INVALID_STATE = -4,
  ROCKETMQ_ERR_UNKNOWN_KEY = -5,
  ROCKETMQ_ERR_INVALID_VALUE = -6,
  ROCKETMQ_ERR_WOULD_DEADLOCK = -7,
  ROCKETMQ_ERR_FORKED = -8,
  ROCKETMQ_ERR_NOT_FOUND = -10,
  ROCKETMQ_ERR_NOT_SUPPORTED = -11,
  ROCKETMQ_ERR_CALLBACK = -12,
  ROCKETMQ_ERR_INTERNAL = -20,
  ROCKETMQ_ERR_SYSTEM = -21,
  ROCKETMQ_ERR_QUEUE_FULL = -22,
  ROCKETMQ_ERR_COMPLETION_FULL = -23,
  ROCKETMQ_ERR_CLOSED = -24,
  ROCKETMQ_ERR_CANCELLED = -25,
  ROCKETMQ_ERR_TIMEOUT = -26,
  ROCKETMQ_ERR_ROUTE_NOT_READY = -27,
  ROCKETMQ_ERR_INVALID_TOPIC = -40,
  ROCKETMQ_ERR_MESSAGE_TOO_LARGE = -41,
  ROCKETMQ_ERR_INVALID_PROPERTY = -42,
  ROCKETMQ_ERR_EMPTY_BODY = -43,
  ROCKETMQ_ERR_NO_NAMESRV = -60,
  ROCKETMQ_ERR_CONNECT = -61,
  ROCKETMQ_ERR_CONNECTION_LOST = -62,
  ROCKETMQ_ERR_TLS = -63,
  ROCKETMQ_ERR_AUTH = -64,
  ROCKETMQ_ERR_PROTOCOL = -65,
  ROCKETMQ_ERR_RESOLVE = -66,
  ROCKETMQ_ERR_TOPIC_NOT_FOUND = -80,
  ROCKETMQ_ERR_NO_WRITABLE_QUEUE = -81,
  ROCKETMQ_ERR_NO_PERMISSION = -82,
  ROCKETMQ_ERR_BROKER_BUSY = -83,
  ROCKETMQ_ERR_BROKER = -84,
  ROCKETMQ_ERR_NO_REPLY = -85
} rocketmq_status_code;

typedef enum {
  ROCKETMQ_WAIT_FOREVER = -1,
  ROCKETMQ_WAIT_DEFAULT = -2
} rocketmq_wait;

typedef enum {
  ROCKETMQ_OUTCOME_UNKNOWN = 0,
  ROCKETMQ_OUTCOME_NOT_SENT = 1,
  ROCKETMQ_OUTCOME_REJECTED = 2
} rocketmq_outcome;

typedef enum {
  ROCKETMQ_LOG_OFF = 0,
  ROCKETMQ_LOG_ERROR = 1,
  ROCKETMQ_LOG_WARN = 2,
  ROCKETMQ_LOG_INFO = 3,
  ROCKETMQ_LOG_DEBUG = 4,
  ROCKETMQ_LOG_TRACE = 5
} rocketmq_log_level;

typedef enum {
  ROCKETMQ_STATE_CREATED = 0,
  ROCKETMQ_STATE_STARTING = 1,
  ROCKETMQ_STATE_RUNNING = 2,
  ROCKETMQ_STATE_CLOSING = 3,
  ROCKETMQ_STATE_CLOSED = 4,
  ROCKETMQ_STATE_FAILED = 5
} rocketmq_state;

typedef enum {
  ROCKETMQ_SEND_BLOCK = 1,
  ROCKETMQ_SEND_NO_RETRY = 2
} rocketmq_send_flag;

typedef enum {
  ROCKETMQ_PURGE_WAITING = 1,
  ROCKETMQ_PURGE_IN_FLIGHT = 2
} rocketmq_purge;

typedef enum {
  ROCKETMQ_SEND_OK = 0,
  ROCKETMQ_SEND_FLUSH_DISK_TIMEOUT = 1,
  ROCKETMQ_SEND_FLUSH_SLAVE_TIMEOUT = 2,
  ROCKETMQ_SEND_SLAVE_NOT_AVAILABLE = 3
} rocketmq_send_status;

typedef enum {
  ROCKETMQ_EVENT_SEND = 1,
  ROCKETMQ_EVENT_LOG = 5,
  ROCKETMQ_EVENT_FLUSHED = 6,
  ROCKETMQ_EVENT_CLOSED = 7
} rocketmq_event_kind;
typedef struct rocketmq_config rocketmq_config;
typedef struct rocketmq_cq rocketmq_cq;
typedef struct rocketmq_error rocketmq_error;
typedef struct rocketmq_message rocketmq_message;
typedef struct rocketmq_producer rocketmq_producer;
typedef struct rocketmq_queue_list rocketmq_queue_list;
typedef struct rocketmq_send_options rocketmq_send_options;
typedef struct rocketmq_send_result rocketmq_send_result;
typedef int32_t rocketmq_status;

typedef struct {
  uint64_t tag;
  int32_t kind;
  int32_t status;
  int32_t code;
  int32_t queue_id;
  int64_t queue_offset;
  uint64_t detail;
  uint64_t reserved[3];
} rocketmq_event;
typedef void (*rocketmq_release_fn)(void *user_data);
typedef int32_t (*rocketmq_queue_selector_fn)(const rocketmq_queue_list *queues, const rocketmq_message *message, void *user_data);
typedef void (*rocketmq_log_fn)(int32_t level, const char *target, const char *text, void *user_data);
typedef void (*rocketmq_send_fn)(const rocketmq_send_result *result, const rocketmq_error *error, void *user_data);
typedef void (*rocketmq_wakeup_fn)(void *user_data);
uint32_t rocketmq_version_number(void);
const char *rocketmq_version_string(void);
const char *rocketmq_build_info(void);
const char *rocketmq_status_name(rocketmq_status status);
const char *rocketmq_status_str(rocketmq_status status);
rocketmq_status rocketmq_status_at(size_t index);
rocketmq_status rocketmq_error_status(const rocketmq_error *e);
const char *rocketmq_error_message(const rocketmq_error *e);
int32_t rocketmq_error_outcome(const rocketmq_error *e);
int32_t rocketmq_error_is_retriable(const rocketmq_error *e);
int32_t rocketmq_error_broker_code(const rocketmq_error *e);
const char *rocketmq_error_broker_remark(const rocketmq_error *e);
const char *rocketmq_error_broker(const rocketmq_error *e);
const char *rocketmq_error_message_id(const rocketmq_error *e);
int32_t rocketmq_error_attempts(const rocketmq_error *e);
rocketmq_error *rocketmq_error_clone(const rocketmq_error *e);
void rocketmq_error_destroy(rocketmq_error *e);
void rocketmq_string_free(char *text);
rocketmq_status rocketmq_global_set(const char *key, const char *value, rocketmq_error **error);
rocketmq_status rocketmq_global_shutdown(int64_t timeout_ms, rocketmq_error **error);
rocketmq_status rocketmq_log_set_callback(int32_t max_level, rocketmq_log_fn function, void *user_data, rocketmq_release_fn release);
rocketmq_status rocketmq_log_set_cq(int32_t max_level, rocketmq_cq *cq, uint64_t tag);
rocketmq_config *rocketmq_config_create(void);
rocketmq_config *rocketmq_config_clone(const rocketmq_config *config);
void rocketmq_config_destroy(rocketmq_config *config);
rocketmq_status rocketmq_config_set(rocketmq_config *config, const char *key, const char *value, rocketmq_error **error);
rocketmq_status rocketmq_config_get(const rocketmq_config *config, const char *key, char **value, rocketmq_error **error);
const char *rocketmq_config_key_name(size_t index);
const char *rocketmq_config_key_type(size_t index);
const char *rocketmq_config_key_default(size_t index);
const char *rocketmq_config_key_doc(size_t index);
int32_t rocketmq_config_key_is_live(size_t index);
rocketmq_status rocketmq_message_create(const char *topic, rocketmq_message **message);
rocketmq_status rocketmq_message_build(const char *topic, size_t topic_len, const char *tags, size_t tags_len, const char *keys, size_t keys_len, const void *body, size_t body_len, rocketmq_message **message, rocketmq_error **error);
rocketmq_message *rocketmq_message_clone(const rocketmq_message *message);
void rocketmq_message_destroy(rocketmq_message *message);
rocketmq_status rocketmq_message_set_topic(rocketmq_message *message, const char *topic);
rocketmq_status rocketmq_message_set_tags(rocketmq_message *message, const char *tags);
rocketmq_status rocketmq_message_set_keys(rocketmq_message *message, const char *keys);
rocketmq_status rocketmq_message_set_sharding_key(rocketmq_message *message, const char *key);
rocketmq_status rocketmq_message_add_key(rocketmq_message *message, const char *key);
rocketmq_status rocketmq_message_set_body(rocketmq_message *message, const void *data, size_t len);
rocketmq_status rocketmq_message_append_body(rocketmq_message *message, const void *data, size_t len);
rocketmq_status rocketmq_message_set_body_borrowed(rocketmq_message *message, const void *data, size_t len, rocketmq_release_fn release, void *user_data);
rocketmq_status rocketmq_message_set_property(rocketmq_message *message, const char *name, const char *value);
rocketmq_status rocketmq_message_set_properties_packed(rocketmq_message *message, const char *packed, size_t len, rocketmq_error **error);
rocketmq_status rocketmq_message_set_flag(rocketmq_message *message, int32_t flag);
rocketmq_status rocketmq_message_set_wait_store(rocketmq_message *message, int32_t on);
const char *rocketmq_message_topic(const rocketmq_message *message);
const char *rocketmq_message_tags(const rocketmq_message *message);
const char *rocketmq_message_keys(const rocketmq_message *message);
const void *rocketmq_message_body(const rocketmq_message *message, size_t *len);
const char *rocketmq_message_property(const rocketmq_message *message, const char *name);
rocketmq_status rocketmq_message_property_at(const rocketmq_message *message, size_t index, const char **name, const char **value);
const char *rocketmq_message_id(const rocketmq_message *message);
int32_t rocketmq_message_flag(const rocketmq_message *message);
int64_t rocketmq_message_born_ms(const rocketmq_message *message);
rocketmq_status rocketmq_message_set_delay_level(rocketmq_message *message, int32_t level);
rocketmq_status rocketmq_message_set_delay_ms(rocketmq_message *message, int64_t delay_ms);
rocketmq_status rocketmq_message_set_deliver_at_ms(rocketmq_message *message, int64_t unix_ms);
void rocketmq_event_release(rocketmq_event *events, int32_t count);
const rocketmq_send_result *rocketmq_event_result(const rocketmq_event *event);
const rocketmq_error *rocketmq_event_error(const rocketmq_event *event);
const char *rocketmq_event_text(const rocketmq_event *event, size_t *len);
rocketmq_status rocketmq_cq_create(rocketmq_cq **cq, rocketmq_error **error);
int32_t rocketmq_cq_poll(rocketmq_cq *cq, rocketmq_event *events, int32_t max, int64_t timeout_ms);
int32_t rocketmq_cq_fd(rocketmq_cq *cq);
int32_t rocketmq_cq_dup_fd(rocketmq_cq *cq);
rocketmq_status rocketmq_cq_set_wakeup(rocketmq_cq *cq, rocketmq_wakeup_fn wake, void *user_data, rocketmq_release_fn release);
void rocketmq_cq_interrupt(rocketmq_cq *cq);
size_t rocketmq_cq_length(rocketmq_cq *cq);
void rocketmq_cq_destroy(rocketmq_cq *cq);
rocketmq_send_options *rocketmq_send_options_create(void);
void rocketmq_send_options_destroy(rocketmq_send_options *options);
rocketmq_status rocketmq_send_options_set_timeout_ms(rocketmq_send_options *options, int64_t timeout_ms);
rocketmq_status rocketmq_send_options_set_flags(rocketmq_send_options *options, uint32_t flags);
rocketmq_status rocketmq_send_options_set_queue(rocketmq_send_options *options, const char *broker, int32_t queue_id);
rocketmq_status rocketmq_send_options_set_selector(rocketmq_send_options *options, rocketmq_queue_selector_fn select, void *user_data, rocketmq_release_fn release);
rocketmq_status rocketmq_producer_create(const rocketmq_config *config, rocketmq_producer **producer, rocketmq_error **error);
rocketmq_status rocketmq_producer_start(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_error **error);
rocketmq_status rocketmq_producer_shutdown(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_error **error);
void rocketmq_producer_destroy(rocketmq_producer *producer);
int32_t rocketmq_producer_state(const rocketmq_producer *producer);
const char *rocketmq_producer_client_id(const rocketmq_producer *producer);
size_t rocketmq_producer_in_flight(const rocketmq_producer *producer);
int32_t rocketmq_producer_connected(const rocketmq_producer *producer);
rocketmq_status rocketmq_producer_update(rocketmq_producer *producer, const char *key, const char *value, rocketmq_error **error);
rocketmq_status rocketmq_producer_prepare_topic(rocketmq_producer *producer, const char *topic, int64_t timeout_ms, rocketmq_error **error);
rocketmq_status rocketmq_producer_fetch_queues(rocketmq_producer *producer, const char *topic, int64_t timeout_ms, rocketmq_queue_list **list, rocketmq_error **error);
rocketmq_status rocketmq_producer_send(rocketmq_producer *producer, const rocketmq_message *message, const rocketmq_send_options *options, rocketmq_send_result **result, rocketmq_error **error);
rocketmq_status rocketmq_producer_send_async(rocketmq_producer *producer, const rocketmq_message *message, const rocketmq_send_options *options, rocketmq_send_fn callback, void *user_data, rocketmq_error **error);
rocketmq_status rocketmq_producer_send_oneway(rocketmq_producer *producer, const rocketmq_message *message, const rocketmq_send_options *options, rocketmq_error **error);
rocketmq_status rocketmq_producer_flush(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_error **error);
rocketmq_status rocketmq_producer_purge(rocketmq_producer *producer, uint32_t what);
rocketmq_status rocketmq_producer_send_batch(rocketmq_producer *producer, rocketmq_message *const *messages, size_t count, const rocketmq_send_options *options, rocketmq_send_result **result, rocketmq_error **error);
rocketmq_status rocketmq_producer_send_batch_async(rocketmq_producer *producer, rocketmq_message *const *messages, size_t count, const rocketmq_send_options *options, rocketmq_send_fn callback, void *user_data, rocketmq_error **error);
rocketmq_status rocketmq_producer_send_cq(rocketmq_producer *producer, const rocketmq_message *message, const rocketmq_send_options *options, rocketmq_cq *cq, uint64_t tag, rocketmq_error **error);
rocketmq_status rocketmq_producer_send_batch_cq(rocketmq_producer *producer, rocketmq_message *const *messages, size_t count, const rocketmq_send_options *options, rocketmq_cq *cq, uint64_t tag, rocketmq_error **error);
rocketmq_status rocketmq_producer_flush_cq(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_cq *cq, uint64_t tag, rocketmq_error **error);
rocketmq_status rocketmq_producer_shutdown_cq(rocketmq_producer *producer, int64_t timeout_ms, rocketmq_cq *cq, uint64_t tag, rocketmq_error **error);
int32_t rocketmq_send_result_status(const rocketmq_send_result *result);
const char *rocketmq_send_result_message_id(const rocketmq_send_result *result);
size_t rocketmq_send_result_count(const rocketmq_send_result *result);
const char *rocketmq_send_result_message_id_at(const rocketmq_send_result *result, size_t index);
const char *rocketmq_send_result_offset_id(const rocketmq_send_result *result);
const char *rocketmq_send_result_topic(const rocketmq_send_result *result);
const char *rocketmq_send_result_broker(const rocketmq_send_result *result);
int32_t rocketmq_send_result_queue_id(const rocketmq_send_result *result);
int64_t rocketmq_send_result_queue_offset(const rocketmq_send_result *result);
const char *rocketmq_send_result_transaction_id(const rocketmq_send_result *result);
const char *rocketmq_send_result_recall_handle(const rocketmq_send_result *result);
int32_t rocketmq_send_result_attempts(const rocketmq_send_result *result);
int64_t rocketmq_send_result_latency_us(const rocketmq_send_result *result);
rocketmq_send_result *rocketmq_send_result_clone(const rocketmq_send_result *result);
void rocketmq_send_result_destroy(rocketmq_send_result *result);
rocketmq_status rocketmq_producer_recall(rocketmq_producer *producer, const char *topic, const char *recall_handle, int64_t timeout_ms, char **message_id, rocketmq_error **error);
size_t rocketmq_queue_list_size(const rocketmq_queue_list *list);
const char *rocketmq_queue_list_broker(const rocketmq_queue_list *list, size_t index);
int32_t rocketmq_queue_list_queue_id(const rocketmq_queue_list *list, size_t index);
void rocketmq_queue_list_destroy(rocketmq_queue_list *list);
rocketmq_status rocketmq_producer_stats_json(const rocketmq_producer *producer, char **json, rocketmq_error **error);
