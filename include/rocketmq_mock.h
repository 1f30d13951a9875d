/* rocketmq_mock.h - A RocketMQ cluster inside a test program, which keeps what it is sent and fails on demand.
 *
 * Generated from the Rust sources; do not edit.
 *
 * Library: librocketmq_mock. It is for tests, and no substitute for a real broker: the ABI promise of
 * rocketmq_producer.h does not cover it, whose types are not needed here either. C99 and later, C++11 and later (and
 * C89 with `<stdint.h>`).
 *
 * Rules that hold for the whole file, unless a comment says otherwise:
 *
 *  M1  What is done answers 0, what failed -1. A function that answers a value says -1, 0, "" or NULL instead of a
 *      failure. Failures are NULL, text that is not UTF-8, a broker or message that is not there, a number that means
 *      nothing: rocketmq_mock_error() says why in a sentence.
 *  M2  Every function may be called from any thread at any time, and rocketmq_mock_destroy() last of all.
 *  M3  Text is UTF-8 and NUL-terminated; a NUL inside ends it. Returned text and bodies are good until
 *      rocketmq_mock_destroy(), whatever comes in meanwhile. Input is copied.
 *  M4  A mock is a thread that serves sockets on 127.0.0.1. All signals are blocked in that thread; it writes
 *      nothing anywhere and raises no SIGPIPE.
 *  M5  After fork() the child's mock is the parent's: every function fails, and destroy does nothing. The
 *      sockets stay open in the child too until it ends or execs. A new mock works.
 */
#ifndef ROCKETMQ_MOCK_H
#define ROCKETMQ_MOCK_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(ROCKETMQ_MOCK_STATIC)
#  define ROCKETMQ_MOCK_API __declspec(dllimport)
#elif defined(__GNUC__)
#  define ROCKETMQ_MOCK_API __attribute__((visibility("default")))
#else
#  define ROCKETMQ_MOCK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------- types */

/** Values of `broker` beside the brokers' numbers, which count from 0. */
typedef enum {
  /** Whichever broker it is. */
  ROCKETMQ_MOCK_ANY_BROKER = -1,
  /** The name server. */
  ROCKETMQ_MOCK_NAMESRV = -2
} rocketmq_mock_where;

/** Values of `request_code`; RocketMQ has others, which are good too. */
typedef enum {
  /** Any request, heartbeats and look-ups included. */
  ROCKETMQ_MOCK_ANY_REQUEST = -1,
  /** Any request that carries messages, one or a batch. */
  ROCKETMQ_MOCK_ANY_SEND = -2,
  /** A heartbeat, to a broker. */
  ROCKETMQ_MOCK_HEART_BEAT = 34,
  /** A producer's leave, to a broker. */
  ROCKETMQ_MOCK_UNREGISTER = 35,
  /** The end of a transaction, to a broker. */
  ROCKETMQ_MOCK_END_TRANSACTION = 37,
  /** A look-up of a topic's brokers and queues, to the name server. */
  ROCKETMQ_MOCK_ROUTE = 105,
  /** One message. */
  ROCKETMQ_MOCK_SEND = 310,
  /** A batch. */
  ROCKETMQ_MOCK_SEND_BATCH = 320
} rocketmq_mock_request;

/** Values of `response_code`; RocketMQ has others, which are good too. A message is stored with 0, 10, 11 and 12 only. */
typedef enum {
  /** As without the fault. */
  ROCKETMQ_MOCK_SUCCESS = 0,
  /** Any failure without a code of its own. */
  ROCKETMQ_MOCK_SYSTEM_ERROR = 1,
  /** The broker sheds load. */
  ROCKETMQ_MOCK_SYSTEM_BUSY = 2,
  /** Stored, but not on disk in time. */
  ROCKETMQ_MOCK_FLUSH_DISK_TIMEOUT = 10,
  /** Stored, but there is no slave. */
  ROCKETMQ_MOCK_SLAVE_NOT_AVAILABLE = 11,
  /** Stored, but not on the slave in time. */
  ROCKETMQ_MOCK_FLUSH_SLAVE_TIMEOUT = 12,
  /** The message breaks a rule of the broker. */
  ROCKETMQ_MOCK_MESSAGE_ILLEGAL = 13,
  /** The broker cannot store: disk full, a slave, shut down. */
  ROCKETMQ_MOCK_SERVICE_NOT_AVAILABLE = 14,
  /** Not writeable, or not for this client. */
  ROCKETMQ_MOCK_NO_PERMISSION = 16,
  /** The topic is unknown. */
  ROCKETMQ_MOCK_TOPIC_NOT_EXIST = 17,
  /** The broker limits the rate. */
  ROCKETMQ_MOCK_FLOW_CONTROL = 215,
  /** The broker shuts down: ask again over a new connection. */
  ROCKETMQ_MOCK_GO_AWAY = 1500
} rocketmq_mock_response;

/** A name server and brokers. */
typedef struct rocketmq_mock rocketmq_mock;

/* ------------------------------------------------------------- the cluster */

/**
 * Starts a name server and 1 to 64 brokers on free ports of 127.0.0.1; all take connections when this returns. Topics
 * appear when they are first sent to, unless `auto_create` is 0. NULL on failure: rocketmq_mock_error() of NULL says
 * why. To be destroyed.
 */
ROCKETMQ_MOCK_API
rocketmq_mock *rocketmq_mock_create(int32_t broker_count,
                                    int32_t auto_create);

/**
 * Why the last call of this mock that failed did so, "" if none did; for NULL why the last rocketmq_mock_create() did,
 * on whichever thread, and that text is good for ever. It is a sentence for whoever wrote the test.
 */
ROCKETMQ_MOCK_API
const char *rocketmq_mock_error(const rocketmq_mock *mock);

/** The name server's address, for "namesrv.addr". */
ROCKETMQ_MOCK_API const char *rocketmq_mock_namesrv(const rocketmq_mock *mock);

/** Makes a topic with 1 to 1024 queues on every broker, or changes their number. */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_add_topic(rocketmq_mock *mock,
                                const char *topic,
                                int32_t queues_per_broker);

/** Ends the cluster and cuts its connections: its thread and descriptors are gone when this returns. NULL does nothing. */
ROCKETMQ_MOCK_API
void rocketmq_mock_destroy(rocketmq_mock *mock);

/* ------------------------------------------------------------------ faults */

/**
 * The next `count` requests with this code at this broker are answered `response_code`, after `delay_ms`.
 *
 * `broker`: a number, `ROCKETMQ_MOCK_ANY_BROKER` or `ROCKETMQ_MOCK_NAMESRV`. `request_code`: RocketMQ's,
 * `ROCKETMQ_MOCK_ANY_SEND` or `ROCKETMQ_MOCK_ANY_REQUEST`. `response_code`: RocketMQ's; it decides whether the
 * message is stored, also if the answer is late or never comes. `delay_ms`: 0 at once, -1 never. `count`: -1 all,
 * until rocketmq_mock_clear_faults(). Of several faults that fit a request the oldest happens.
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_push_response(rocketmq_mock *mock,
                                    int32_t broker,
                                    int32_t request_code,
                                    int32_t response_code,
                                    int64_t delay_ms,
                                    int32_t count);

/**
 * The next `count` such requests have their connection cut instead of an answer, after the message was stored if
 * `store` is 1, before that if it is 0: the sender cannot know. The other numbers as for
 * rocketmq_mock_push_response().
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_push_disconnect(rocketmq_mock *mock,
                                      int32_t broker,
                                      int32_t request_code,
                                      int32_t store,
                                      int32_t count);

/** Takes back all faults that have not happened, at every broker and the name server. Answers under way still come. */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_clear_faults(rocketmq_mock *mock);

/**
 * Switches a server off (0: its connections cut, new ones refused, a broker gone from the routes) or on again at the
 * same port (1); done when this returns. `broker` as for rocketmq_mock_push_response(). What was stored stays.
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_set_broker(rocketmq_mock *mock,
                                 int32_t broker,
                                 int32_t up);

/**
 * Every answer of this broker waits for so long from now on, beside what a fault says; requests are carried out at
 * once all the same. `broker` as for rocketmq_mock_push_response().
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_set_latency_ms(rocketmq_mock *mock,
                                     int32_t broker,
                                     int64_t ms);

/* -------------------------------- what the cluster sends of its own accord */

/**
 * Has the broker ask the producer now what became of the half message with this id, which is in its topic only when
 * its transaction was committed. Asked is a producer of the message's group over a connection to that broker. -1 also
 * when the transaction has ended or nobody of the group is connected.
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_ask_tx(rocketmq_mock *mock,
                             const char *message_id);

/**
 * Replies to the request message with this id, as a consumer would: the body goes to the client that waits for it. -1
 * also when the message asks for no reply or its sender is not connected.
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_reply(rocketmq_mock *mock,
                            const char *message_id,
                            const void *body,
                            size_t len);

/* --------------------------------------------------------- what was stored */

/** How many messages are stored in a topic, over all brokers; 0 for a topic that nobody sent to. */
ROCKETMQ_MOCK_API size_t rocketmq_mock_message_count(const rocketmq_mock *mock, const char *topic);

/**
 * Waits until a topic has at least `count` messages; -1 when it has not after `timeout_ms`. For sends that nobody
 * answers or that another thread makes.
 */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_wait_messages(const rocketmq_mock *mock,
                                    const char *topic,
                                    size_t count,
                                    int64_t timeout_ms);

/**
 * The unique id that the sender gave it, "" if none. Messages of a topic count from 0 in the order they came in, here
 * and below; those of a batch count one by one.
 */
ROCKETMQ_MOCK_API
const char *rocketmq_mock_message_id(const rocketmq_mock *mock,
                                     const char *topic,
                                     size_t index);

/** Its body, unpacked if it was compressed, and how long it is; an empty body is not NULL. `len` may be NULL. */
ROCKETMQ_MOCK_API
const void *rocketmq_mock_message_body(const rocketmq_mock *mock,
                                       const char *topic,
                                       size_t index,
                                       size_t *len);

/** Its tag, "" if it has none. */
ROCKETMQ_MOCK_API
const char *rocketmq_mock_message_tags(const rocketmq_mock *mock,
                                       const char *topic,
                                       size_t index);

/** Its keys with blanks between, "" if it has none. */
ROCKETMQ_MOCK_API
const char *rocketmq_mock_message_keys(const rocketmq_mock *mock,
                                       const char *topic,
                                       size_t index);

/** One of its properties, RocketMQ's own included ("DELAY", "PGROUP", ...); NULL if it is absent. */
ROCKETMQ_MOCK_API
const char *rocketmq_mock_message_property(const rocketmq_mock *mock,
                                           const char *topic,
                                           size_t index,
                                           const char *name);

/** The number of the broker that stored it, -1 if there is no such message. */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_message_broker(const rocketmq_mock *mock,
                                     const char *topic,
                                     size_t index);

/** Its queue there, from 0; -1 if there is no such message. */
ROCKETMQ_MOCK_API
int32_t rocketmq_mock_message_queue_id(const rocketmq_mock *mock,
                                       const char *topic,
                                       size_t index);

/** Its place in that queue, from 0; -1 if there is no such message. */
ROCKETMQ_MOCK_API
int64_t rocketmq_mock_message_queue_offset(const rocketmq_mock *mock,
                                           const char *topic,
                                           size_t index);

#ifdef __cplusplus
}
#endif

#endif /* ROCKETMQ_MOCK_H */
