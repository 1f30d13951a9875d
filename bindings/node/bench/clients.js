'use strict';
// The clients that are compared, each as `start(address)` → { send(body) → promise, stop() }.

const path = require('node:path');

const TOPIC = 'bench';

const clients = {
    /** This package. */
    async ours(address) {
        const { Producer } = require('..');
        const producer = new Producer({ 'namesrv.addr': address, 'producer.group': 'bench', 'compress.type': 'none' });
        await producer.start();
        await producer.prepareTopic(TOPIC);
        return { send: (body) => producer.send({ topic: TOPIC, body, tags: 'TagA' }), stop: () => producer.close() };
    },

    /** One-way sends of this package, for what calls into it cost. */
    async oneway(address) {
        const { Producer } = require('..');
        const producer = new Producer({ 'namesrv.addr': address, 'producer.group': 'bench', 'compress.type': 'none' });
        await producer.start();
        await producer.prepareTopic(TOPIC);
        return {
            async send(body) {
                for (;;) {
                    try {
                        return producer.sendOneway({ topic: TOPIC, body, tags: 'TagA' });
                    } catch (error) {
                        if (error.code !== 'ROCKETMQ_ERR_QUEUE_FULL') throw error;
                        await new Promise(setImmediate);
                    }
                }
            },
            stop: () => producer.close(),
        };
    },

    /** The same library and completion queue through a foreign function interface instead of an addon. */
    koffi: (address) => require('./koffi.js').start(address, TOPIC),

    /** npm rocketmq-nodejs: an addon over the C++ client. */
    async 'rocketmq-nodejs'(address) {
        const { Producer } = require('rocketmq-nodejs');
        const producer = new Producer('bench', {
            nameServer: address,
            logLevel: 'error',
            logDir: path.join(process.env.OUT, 'logs'),
        });
        await producer.start();
        return { send: (body) => producer.send(TOPIC, body, { tags: 'TagA' }), stop: () => producer.shutdown() };
    },

    /** npm rocketmq-client-nodejs: gRPC in JavaScript, which needs a proxy of 5.x. */
    async 'rocketmq-client-nodejs'(address) {
        const { Producer } = require('rocketmq-client-nodejs');
        const producer = new Producer({
            endpoints: address,
            namespace: '',
            topic: TOPIC,
            logger: { debug() {}, info() {}, warn() {}, error: console.error, close() {} },
        });
        await producer.startup();
        return { send: (body) => producer.send({ topic: TOPIC, body, tag: 'TagA' }), stop: () => producer.shutdown() };
    },
};

module.exports = { clients };
