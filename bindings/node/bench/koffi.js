'use strict';
// The C API through koffi, with what this package gives: a promise for each send, and a whole result.

const net = require('node:net');
const path = require('node:path');
const koffi = require('koffi');

const lib = koffi.load(path.join(process.env.ROCKETMQ_RELEASE, 'librocketmq_producer.so'));
const c = (signature) => lib.func(signature);
const configCreate = c('void *rocketmq_config_create()');
const configSet = c('int32_t rocketmq_config_set(void *, const char *, const char *, void *)');
const create = c('int32_t rocketmq_producer_create(void *, _Out_ void **, void *)');
const start = c('int32_t rocketmq_producer_start(void *, int64_t, void *)');
const shutdown = c('int32_t rocketmq_producer_shutdown(void *, int64_t, void *)');
const prepare = c('int32_t rocketmq_producer_prepare_topic(void *, const char *, int64_t, void *)');
const build = c(
    'int32_t rocketmq_message_build(const char *, size_t, const char *, size_t, const char *, size_t, ' +
        'const void *, size_t, _Out_ void **, void *)',
);
const destroyMessage = c('void rocketmq_message_destroy(void *)');
const sendCq = c('int32_t rocketmq_producer_send_cq(void *, void *, void *, void *, uint64_t, void *)');
const cqCreate = c('int32_t rocketmq_cq_create(_Out_ void **, void *)');
const cqDupFd = c('int32_t rocketmq_cq_dup_fd(void *)');
const cqPoll = c('int32_t rocketmq_cq_poll(void *, void *, int32_t, int64_t)');
const release = c('void rocketmq_event_release(void *, int32_t)');
const eventResult = c('void *rocketmq_event_result(void *)');
const text = ['message_id', 'offset_id', 'broker', 'transaction_id', 'recall_handle'].map((name) =>
    c(`const char *rocketmq_send_result_${name}(void *)`),
);
const attempts = c('int32_t rocketmq_send_result_attempts(void *)');
const latency = c('int64_t rocketmq_send_result_latency_us(void *)');

const call = (f, ...args) =>
    new Promise((resolve, reject) =>
        f.async(...args, (error, status) => (error || status ? reject(error ?? new Error(`${status}`)) : resolve())),
    );
const out = (f, ...args) => {
    const made = [null];
    const status = f(...args, made, null);
    if (status) throw new Error(`${status}`);
    return made[0];
};

module.exports.start = async (address, topic) => {
    const config = configCreate();
    for (const [key, value] of [
        ['namesrv.addr', address],
        ['producer.group', 'bench'],
        ['compress.type', 'none'],
    ])
        configSet(config, key, value, null);
    const producer = out(create, config);
    const cq = out(cqCreate);
    await call(start, producer, 3000, null);
    await call(prepare, producer, topic, 3000, null);
    const events = new ArrayBuffer(256 * 64);
    const view = new DataView(events);
    const each = Array.from({ length: 256 }, (_, index) => new Uint8Array(events, index * 64, 64));
    const open = new Map();
    let next = 1;
    const socket = new net.Socket({ fd: cqDupFd(cq), readable: true, writable: false });
    socket.on('data', () => {
        for (;;) {
            const count = cqPoll(cq, each[0], 256, 0);
            for (let index = 0; index < count; index++) {
                const at = index * 64;
                const tag = Number(view.getBigUint64(at, true));
                const { resolve, reject } = open.get(tag);
                open.delete(tag);
                const status = view.getInt32(at + 12, true);
                if (status) {
                    reject(new Error(`${status}`));
                    continue;
                }
                const result = eventResult(each[index]);
                const [messageId, offsetId, broker, transactionId, recallHandle] = text.map((f) => f(result));
                resolve({
                    messageId,
                    offsetId,
                    broker,
                    transactionId,
                    recallHandle,
                    topic,
                    attempts: attempts(result),
                    latencyMs: Number(latency(result)) / 1000,
                    queueId: view.getInt32(at + 20, true),
                    queueOffset: Number(view.getBigInt64(at + 24, true)),
                });
            }
            if (count > 0) release(each[0], count);
            if (count < 256) return;
        }
    });
    return {
        send(body) {
            const message = [null];
            if (build(topic, topic.length, null, 0, null, 0, body, body.length, message, null))
                throw new Error('build');
            const tag = next++;
            const status = sendCq(producer, message[0], null, cq, tag, null);
            destroyMessage(message[0]);
            if (status) return Promise.reject(new Error(`${status}`));
            return new Promise((resolve, reject) => open.set(tag, { resolve, reject }));
        },
        async stop() {
            await call(shutdown, producer, 3000, null);
            socket.destroy();
        },
    };
};
