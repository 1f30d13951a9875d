'use strict';
// What is sent arrives as it was meant, by every kind of send.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Producer, SendResult, BatchResult } = require('..');
const { Mock, NAME_SERVER } = require('./support/mock.js');
const { withProducer, until } = require('./support/host.js');

test(
    'a message arrives with all that belongs to it, and the result says where',
    withProducer(Mock, {}, async (producer, mock) => {
        const body = Buffer.from([0, 1, 2, 255, 0]);
        const result = await producer.send({
            topic: 'all',
            body,
            tags: 'Tag',
            keys: ['k1', 'ключ'],
            properties: { name: 'größe 😀', number: 5, yes: true, big: 12345678901234567890n, absent: undefined },
            flag: -7,
            waitStore: false,
        });
        const stored = mock.message('all', 0);
        assert.deepEqual(stored.body, body);
        const expected = {
            TAGS: 'Tag',
            KEYS: 'k1 ключ',
            name: 'größe 😀',
            number: '5',
            yes: 'true',
            big: '12345678901234567890',
            WAIT: 'false',
            absent: null,
        };
        for (const [name, value] of Object.entries(expected)) assert.equal(stored.property(name), value, name);
        assert.ok(result instanceof SendResult);
        assert.equal(result.messageId, stored.messageId);
        assert.match(result.messageId, /^[0-9A-F]{32}$/);
        assert.match(result.offsetId, /^[0-9A-F]{32}$/);
        assert.deepEqual(
            [result.topic, result.broker, result.queueId, result.queueOffset],
            ['all', 'broker-a', stored.queueId, 0],
        );
        assert.deepEqual(
            [result.status, result.attempts, result.transactionId, result.recallHandle],
            ['ok', 1, '', ''],
        );
        assert.ok(result.latencyMs > 0 && result.latencyMs < 3000);
    }),
);

test(
    'bodies of every kind arrive byte for byte',
    withProducer(Mock, {}, async (producer, mock) => {
        const bytes = new Uint8Array(100).map((_, index) => index);
        const big = Buffer.alloc(300000, 'é');
        const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(9);
        const bodies = [
            'text ü 😀',
            'x'.repeat(253),
            'ü'.repeat(1 << 17),
            bytes,
            bytes.buffer,
            bytes.subarray(10, 20),
            new DataView(bytes.buffer, 5, 7),
            new Uint16Array([1, 2]),
            big,
            shared,
        ];
        for (const body of bodies) await producer.send({ topic: 'bodies', body });
        const stored = mock.messages('bodies').map((message) => message.body);
        const sent = bodies.map((body) =>
            typeof body === 'string'
                ? Buffer.from(body)
                : ArrayBuffer.isView(body)
                  ? Buffer.from(body.buffer, body.byteOffset, body.byteLength)
                  : Buffer.from(body),
        );
        assert.equal(stored.length, sent.length);
        sent.forEach((body, index) => assert.ok(body.equals(stored[index]), `body ${index}`));
    }),
);

test(
    'texts of every length around the sizes of buffers arrive whole',
    withProducer(Mock, {}, async (producer, mock) => {
        const values = [];
        for (const size of [
            245, 251, 252, 253, 254, 255, 256, 257, 1000, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 4000, 9000,
        ]) {
            values.push('a'.repeat(size), 'a' + 'ü'.repeat(size / 2), 'aaa' + '😀'.repeat(size / 4));
        }
        await Promise.all(
            values.map((value) => producer.send({ topic: 'lengths', body: value, properties: { value } })),
        );
        const stored = mock.messages('lengths');
        assert.deepEqual(stored.map((message) => message.body.toString()).sort(), [...values].sort());
        for (const message of stored) assert.equal(message.property('value'), message.body.toString());
    }),
);

test(
    'a batch is stored whole, in its order, and its result has every id',
    withProducer(Mock, {}, async (producer, mock) => {
        const messages = Array.from({ length: 300 }, (_, index) => ({
            topic: 'batch',
            body: `b${index}`,
            tags: 't',
            properties: { index },
        }));
        const result = await producer.sendBatch(messages);
        const stored = mock.messages('batch');
        assert.ok(result instanceof BatchResult);
        assert.deepEqual(
            stored.map((message) => message.body.toString()),
            messages.map((message) => message.body),
        );
        assert.deepEqual(
            stored.map((message) => message.messageId),
            result.messageIds,
        );
        assert.deepEqual(
            stored.map((message) => message.property('index')),
            messages.map((_, index) => String(index)),
        );
        await assert.rejects(
            producer.sendBatch([
                { topic: 'batch', body: 'a' },
                { topic: 'other', body: 'b' },
            ]),
            { code: 'ROCKETMQ_ERR_INVALID_ARGUMENT', message: /message 1/ },
        );
        // Whoever refuses it: the library when it sends, when it builds the message, and the package before.
        for (const wrong of [
            { body: '' },
            { properties: { ' ': 'x', '': '' } },
            { tags: 'a\0b' },
            { body: 7 },
            { keys: ['a b'] },
        ])
            await assert.rejects(
                producer.sendBatch([...messages.slice(0, 3), { topic: 'batch', body: 'x', ...wrong }]),
                {
                    message: /^message 3: /,
                    stack: /message 3: /,
                },
            );
    }),
);

test(
    'automatic batches end each send by itself',
    withProducer(Mock, { 'batch.auto': true, 'batch.linger.ms': 20 }, async (producer, mock) => {
        await producer.prepareTopic('auto');
        const results = await Promise.all(
            Array.from({ length: 500 }, (_, index) => producer.send({ topic: 'auto', body: `${index}` })),
        );
        assert.equal(new Set(results.map((result) => result.messageId)).size, 500);
        const bodies = new Map(mock.messages('auto').map((message) => [message.messageId, message.body.toString()]));
        results.forEach((result, index) => assert.equal(bodies.get(result.messageId), `${index}`));
    }),
);

test(
    'one-way sends arrive, and flush waits until they are written',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.prepareTopic('oneway');
        for (let index = 0; index < 50; index++)
            assert.equal(producer.sendOneway({ topic: 'oneway', body: `${index}` }), undefined);
        await producer.flush();
        await until('50 one-way messages', () => mock.count('oneway') === 50);
    }),
);

test(
    'a sharding key, and a queue that the program chooses, decide where a message goes',
    withProducer(Mock, { brokers: 2 }, async (producer, mock) => {
        mock.addTopic('ordered', 4);
        const queues = await producer.fetchQueues('ordered');
        assert.deepEqual(
            queues.map((queue) => `${queue.broker}:${queue.queueId}`),
            ['a:0', 'a:1', 'a:2', 'a:3', 'b:0', 'b:1', 'b:2', 'b:3'].map((name) => `broker-${name}`),
        );
        for (const queue of queues) {
            const result = await producer.send({ topic: 'ordered', body: 'x' }, { queue });
            assert.deepEqual([result.broker, result.queueId], [queue.broker, queue.queueId]);
        }
        // "Ea" and "EA" hash to 2236 and 2204 in Java: the fifth queue of eight for both.
        for (const shardingKey of ['Ea', 'EA']) {
            const results = await Promise.all(
                Array.from({ length: 20 }, (_, index) =>
                    producer.send({ topic: 'ordered', body: `${shardingKey}${index}`, shardingKey }),
                ),
            );
            for (const result of results) assert.deepEqual([result.broker, result.queueId], ['broker-b', 0]);
            const stored = mock
                .messages('ordered')
                .map((message) => message.body.toString())
                .filter((body) => body.startsWith(shardingKey));
            assert.deepEqual(
                stored,
                results.map((_, index) => `${shardingKey}${index}`),
            );
        }
    }),
);

test(
    'delays go out as each kind of broker knows them',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.send({ topic: 'level', body: 'x', delayLevel: 3 });
        assert.equal(mock.message('level', 0).property('DELAY'), '3');
        // The mock is a broker of 4.7.0, which would deliver timers at once: they are refused for it.
        for (const timer of [
            { delayMs: 1000 },
            { deliverAtMs: new Date(Date.now() + 5000) },
            { deliverAtMs: BigInt(Date.now()) },
        ]) {
            await assert.rejects(producer.send({ topic: 'timer', body: 'x', ...timer }), {
                code: 'ROCKETMQ_ERR_NOT_SUPPORTED',
                outcome: 'not-sent',
            });
        }
        await assert.rejects(producer.send({ topic: 'level', body: 'x', delayLevel: 19 }), {
            code: 'ROCKETMQ_ERR_INVALID_ARGUMENT',
        });
        await assert.rejects(producer.send({ topic: 'level', body: 'x', delayLevel: 1, delayMs: 5 }), {
            code: 'ROCKETMQ_ERR_INVALID_ARGUMENT',
            message: /exclude each other/,
        });
        await assert.rejects(producer.recall('level', 'no handle'), { code: 'ROCKETMQ_ERR_INVALID_ARGUMENT' });
    }),
);

test(
    'what a broker stored with another status than OK is a result',
    withProducer(Mock, {}, async (producer, mock) => {
        for (const [code, status] of [
            [10, 'flush-disk-timeout'],
            [12, 'flush-slave-timeout'],
            [11, 'slave-not-available'],
        ]) {
            mock.respond({ code, count: 1 });
            assert.equal((await producer.send({ topic: 'statuses', body: 'x' })).status, status);
        }
    }),
);

test(
    'a busy broker is asked again, and not when retries are off',
    withProducer(Mock, {}, async (producer, mock) => {
        mock.respond({ code: 2, count: 1 });
        assert.equal((await producer.send({ topic: 'busy', body: 'x' })).attempts, 2);
        mock.respond({ code: 2, count: 1 });
        await assert.rejects(producer.send({ topic: 'busy', body: 'x' }, { retry: false }), {
            code: 'ROCKETMQ_ERR_BROKER_BUSY',
            brokerCode: 2,
            outcome: 'rejected',
            attempts: 1,
            retriable: true,
        });
    }),
);

test('state, numbers and statistics follow a producer through its life', async () => {
    const mock = new Mock(1);
    const producer = new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'life', 'send.retries': 1 });
    assert.deepEqual([producer.state, producer.connected, producer.inFlight, producer.clientId], ['created', 0, 0, '']);
    await assert.rejects(producer.send({ topic: 'life', body: 'x' }), { code: 'ROCKETMQ_ERR_INVALID_STATE' });
    await producer.start({ timeoutMs: 2000 });
    await assert.rejects(producer.start(), { code: 'ROCKETMQ_ERR_INVALID_STATE' });
    await producer.prepareTopic('life');
    assert.deepEqual([producer.state, producer.connected, producer.inFlight], ['running', 1, 0]);
    assert.notEqual(producer.clientId, '');
    mock.latency(50);
    const open = producer.send({ topic: 'life', body: 'x' });
    assert.equal(producer.inFlight, 1);
    await open;
    assert.throws(() => producer.update('producer.group', 'other'), { code: 'ROCKETMQ_ERR_INVALID_ARGUMENT' });
    assert.throws(() => producer.update('no.such.key', 1), { code: 'ROCKETMQ_ERR_UNKNOWN_KEY' });
    assert.equal(producer.statistics().state, 'running');
    assert.equal(await producer.close(), true);
    assert.deepEqual([producer.state, producer.connected, producer.inFlight, producer.clientId], ['closed', 0, 0, '']);
    const statistics = producer.statistics();
    assert.deepEqual([statistics.state, statistics.group], ['closed', 'life']);
    mock.destroy();
});

test('name servers may change while a producer runs', async () => {
    const [first, second] = [new Mock(1), new Mock(1)];
    const producer = new Producer({ 'namesrv.addr': first.namesrv, 'producer.group': 'moves' });
    await producer.start();
    producer.update('namesrv.addr', second.namesrv);
    await producer.send({ topic: 'moved', body: 'x' });
    assert.deepEqual([first.count('moved'), second.count('moved')], [0, 1]);
    await producer.close();
    first.destroy();
    second.destroy();
});

test('a start without a name server fails in time, and a later one succeeds', async () => {
    const mock = new Mock(1);
    mock.switchBroker(NAME_SERVER, false);
    const producer = new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'late' });
    await assert.rejects(producer.start({ timeoutMs: 200 }), (error) => /NO_NAMESRV|TIMEOUT|CONNECT/.test(error.code));
    assert.equal(producer.state, 'created');
    mock.switchBroker(NAME_SERVER, true);
    await producer.start();
    await producer.send({ topic: 'late', body: 'x' });
    await producer.close();
    mock.destroy();
});
