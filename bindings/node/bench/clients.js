'use strict';
// The clients that are compared, each as `start(address, topic)` → { name, send(body) → promise, stop() }. Ours also has
// `sendOneway(body)`, false where there is no room, and `flush()`. `exit()` is for who cannot exit as others do.

const ours = `rocketmq-producer ${require('../package.json').version}`;
const version = (name) => `${name} ${require(`${name}/package.json`).version}`;

const clients = {
    /** This package. */
    async ours(address, topic) {
        const { Producer } = require('..');
        const producer = new Producer({ 'namesrv.addr': address, 'producer.group': 'bench', 'compress.type': 'none' });
        await producer.start();
        return {
            name: `${ours}, package for Node`,
            send: (body) => producer.send({ topic, body }),
            sendOneway(body) {
                try {
                    producer.sendOneway({ topic, body });
                    return true;
                } catch (error) {
                    if (error.code !== 'ROCKETMQ_ERR_QUEUE_FULL') throw error;
                    return false;
                }
            },
            flush: () => producer.flush(),
            stop: () => producer.close(),
        };
    },

    /** The same library and completion queue through a foreign function interface instead of an addon. */
    async koffi(address, topic) {
        const started = await require('./koffi.js').start(address, topic);
        return { name: `${ours} through koffi ${require('koffi').version}`, ...started };
    },

    /** npm rocketmq-nodejs: an addon over the C++ client. */
    async 'rocketmq-nodejs'(address, topic) {
        const { Producer } = require('rocketmq-nodejs');
        const producer = new Producer('bench', {
            nameServer: address,
            logLevel: 'error',
            logDir: '/dev/null', // it takes the name of a file
        });
        await producer.start();
        return {
            name: version('rocketmq-nodejs'),
            send: (body) => producer.send(topic, body),
            stop: () => producer.shutdown(),
            // At an exit it waits for a thread of its own, which does not always end.
            exit: () => process.kill(process.pid, 'SIGKILL'),
        };
    },

    /** npm rocketmq-client-nodejs: gRPC in JavaScript, which needs a proxy of 5.x. */
    async 'rocketmq-client-nodejs'(address, topic) {
        const { Producer } = require('rocketmq-client-nodejs');
        const producer = new Producer({
            endpoints: address,
            namespace: '',
            topic,
            logger: { debug() {}, info() {}, warn() {}, error: console.error, close() {} },
        });
        await producer.startup();
        return {
            name: version('rocketmq-client-nodejs'),
            send: (body) => producer.send({ topic, body }),
            stop: () => producer.shutdown(),
        };
    },
};

module.exports = { clients };
