'use strict';
// The mock cluster in this process, through its C functions: faults on demand, and what was stored.

const path = require('node:path');
const koffi = require('koffi');

const release = process.env.ROCKETMQ_RELEASE ?? path.join(__dirname, '../../../../target/release');
const library = koffi.load(path.join(release, 'librocketmq_mock.so'));
const c = (signature) => library.func(signature);
const create = c('void *rocketmq_mock_create(int32_t, int32_t)');
const destroy = c('void rocketmq_mock_destroy(void *)');
const error = c('const char *rocketmq_mock_error(void *)');
const namesrv = c('const char *rocketmq_mock_namesrv(void *)');
const addTopic = c('int32_t rocketmq_mock_add_topic(void *, const char *, int32_t)');
const pushResponse = c('int32_t rocketmq_mock_push_response(void *, int32_t, int32_t, int32_t, int64_t, int32_t)');
const pushDisconnect = c('int32_t rocketmq_mock_push_disconnect(void *, int32_t, int32_t, int32_t, int32_t)');
const clearFaults = c('int32_t rocketmq_mock_clear_faults(void *)');
const setBroker = c('int32_t rocketmq_mock_set_broker(void *, int32_t, int32_t)');
const setLatency = c('int32_t rocketmq_mock_set_latency_ms(void *, int32_t, int64_t)');
const messageCount = c('size_t rocketmq_mock_message_count(void *, const char *)');
const messageId = c('const char *rocketmq_mock_message_id(void *, const char *, size_t)');
const messageBody = c('void *rocketmq_mock_message_body(void *, const char *, size_t, _Out_ size_t *)');
const messageProperty = c('const char *rocketmq_mock_message_property(void *, const char *, size_t, const char *)');
const messageBroker = c('int32_t rocketmq_mock_message_broker(void *, const char *, size_t)');
const messageQueueId = c('int32_t rocketmq_mock_message_queue_id(void *, const char *, size_t)');

const ANY_BROKER = -1;
const ANY_SEND = -2;
const NAME_SERVER = -2;
const ROUTE = 105;

class Mock {
    #mock;

    constructor(brokers = 1) {
        this.#mock = create(brokers, 1);
        if (!this.#mock) throw new Error(error(null));
        this.namesrv = namesrv(this.#mock);
    }

    destroy() {
        destroy(this.#mock);
        this.#mock = null;
    }

    #done(answer) {
        if (answer !== 0) throw new Error(error(this.#mock));
    }

    addTopic(topic, queues) {
        this.#done(addTopic(this.#mock, topic, queues));
    }

    /** The next `count` such requests are answered `code`, after `delayMs` (-1: never). */
    respond({ broker = ANY_BROKER, request = ANY_SEND, code = 0, delayMs = 0, count = -1 }) {
        this.#done(pushResponse(this.#mock, broker, request, code, delayMs, count));
    }

    disconnect({ broker = ANY_BROKER, request = ANY_SEND, store = false, count = 1 }) {
        this.#done(pushDisconnect(this.#mock, broker, request, store ? 1 : 0, count));
    }

    clearFaults() {
        this.#done(clearFaults(this.#mock));
    }

    switchBroker(broker, on) {
        this.#done(setBroker(this.#mock, broker, on ? 1 : 0));
    }

    latency(ms) {
        this.#done(setLatency(this.#mock, ANY_BROKER, ms));
    }

    count(topic) {
        return Number(messageCount(this.#mock, topic));
    }

    message(topic, index) {
        const length = [0];
        const body = messageBody(this.#mock, topic, index, length);
        return {
            messageId: messageId(this.#mock, topic, index),
            body: Buffer.from(koffi.decode(body, koffi.array('uint8_t', Number(length[0]), 'Typed'))),
            property: (name) => messageProperty(this.#mock, topic, index, name),
            broker: messageBroker(this.#mock, topic, index),
            queueId: messageQueueId(this.#mock, topic, index),
        };
    }

    messages(topic) {
        return Array.from({ length: this.count(topic) }, (_, index) => this.message(topic, index));
    }
}

module.exports = { Mock, ANY_BROKER, ANY_SEND, NAME_SERVER, ROUTE };
