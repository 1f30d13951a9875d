'use strict';
// Bad input is an error of the language or the library's own, never a crash, and nothing is sent.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const rocketmq = require('..');
const { check } = require('../lib/native.js');
const { Mock, NAME_SERVER, ROUTE } = require('./support/mock.js');
const { withProducer, started } = require('./support/host.js');

const { Producer, RocketMQError } = rocketmq;
const LONE = 'half \ud83d of a pair';

test('a configuration is refused with the words of the library', () => {
    const cases = [
        [{ 'no.such.key': '1' }, 'ROCKETMQ_ERR_UNKNOWN_KEY'],
        [{ 'send.retries': 'many' }, 'ROCKETMQ_ERR_INVALID_VALUE'],
        [{ 'send.retries': NaN }, 'ROCKETMQ_ERR_INVALID_VALUE'],
        [{ 'namesrv.addr': '127.0.0.1:9876' }, 'ROCKETMQ_ERR_INVALID_VALUE'],
        [{ 'producer.group': 'a\0b' }, 'ROCKETMQ_ERR_INVALID_ARGUMENT'],
        [{ 'producer.group': LONE }, 'ROCKETMQ_ERR_INVALID_UTF8'],
        [{ [LONE]: 'x' }, 'ROCKETMQ_ERR_INVALID_UTF8'],
        [{ 'producer.group': {} }, 'ERR_INVALID_ARG_TYPE'],
        [null, 'ERR_INVALID_ARG_TYPE'],
        ['text', 'ERR_INVALID_ARG_TYPE'],
    ];
    for (const [config, code] of cases) assert.throws(() => new Producer(config), { code }, JSON.stringify(config));
});

test(
    'a bad message is a rejection that names what is wrong',
    withProducer(Mock, {}, async (producer, mock) => {
        const good = { topic: 'bad', body: 'x' };
        const cases = [
            [undefined, 'ERR_INVALID_ARG_TYPE'],
            ['bad', 'ERR_INVALID_ARG_TYPE'],
            [{ body: 'x' }, 'ERR_INVALID_ARG_TYPE'],
            [{ topic: 5, body: 'x' }, 'ERR_INVALID_ARG_TYPE'],
            [{ topic: 'bad' }, 'ERR_INVALID_ARG_TYPE'],
            [{ topic: 'bad', body: 5 }, 'ERR_INVALID_ARG_TYPE'],
            [{ topic: 'bad', body: ['x'] }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, tags: 5 }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, keys: [5] }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, properties: 'a=b' }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, properties: { a: {} } }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, shardingKey: 5 }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, waitStore: 1 }, 'ERR_INVALID_ARG_TYPE'],
            [{ ...good, delayMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
            [{ topic: '', body: 'x' }, 'ROCKETMQ_ERR_INVALID_TOPIC'],
            [{ topic: 'a b', body: 'x' }, 'ROCKETMQ_ERR_INVALID_TOPIC'],
            [{ topic: 'a\0b', body: 'x' }, 'ROCKETMQ_ERR_INVALID_TOPIC'],
            [{ topic: 'bad', body: '' }, 'ROCKETMQ_ERR_EMPTY_BODY'],
            [{ topic: 'bad', body: new Uint8Array() }, 'ROCKETMQ_ERR_EMPTY_BODY'],
            [{ topic: 'bad', body: Buffer.alloc(5 << 20) }, 'ROCKETMQ_ERR_MESSAGE_TOO_LARGE'],
            [{ topic: LONE, body: 'x' }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ topic: 'bad', body: LONE }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, tags: LONE }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, keys: [LONE] }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, shardingKey: LONE }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, properties: { a: LONE } }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, properties: { [LONE]: 'a' } }, 'ROCKETMQ_ERR_INVALID_UTF8'],
            [{ ...good, tags: 'a\0b' }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, keys: ['a b'] }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, shardingKey: 'a\0b' }, 'ROCKETMQ_ERR_INVALID_ARGUMENT'],
            [{ ...good, properties: { a: 'x\x01y' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, properties: { 'a\x02': 'x' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, properties: { a: 'x\0y' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, properties: { '': 'x' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, properties: { a: '' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
            [{ ...good, properties: { DELAY: '3' } }, 'ROCKETMQ_ERR_INVALID_PROPERTY'],
        ];
        for (const [index, [message, code]] of cases.entries()) {
            const name = `case ${index}`;
            await assert.rejects(producer.send(message), { code }, name);
            assert.throws(() => producer.sendOneway(message), { code }, name);
            await assert.rejects(producer.sendBatch([message]), { code }, `batch of ${name}`);
        }
        await assert.rejects(producer.send({ ...good, flag: 2 ** 32 }), RangeError);
        await assert.rejects(producer.send({ ...good, delayMs: 1.5 }), RangeError);
        await assert.rejects(producer.sendBatch('xy'), { code: 'ERR_INVALID_ARG_TYPE' });
        await assert.rejects(producer.sendBatch([]), { code: 'ROCKETMQ_ERR_INVALID_ARGUMENT' });
        const hostile = {
            topic: 'bad',
            get body() {
                throw new Error('a getter that throws');
            },
        };
        await assert.rejects(producer.send(hostile), { message: 'a getter that throws' });
        await producer.send(good);
        assert.equal(mock.count('bad'), 1);
    }),
);

test(
    'bad options are refused',
    withProducer(Mock, {}, async (producer) => {
        const message = { topic: 'options', body: 'x' };
        for (const options of [
            null,
            5,
            { timeoutMs: '5' },
            { queue: 'a' },
            { queue: { broker: 5, queueId: 0 } },
            { queue: { broker: 'broker-a' } },
            { signal: {} },
        ]) {
            await assert.rejects(
                producer.send(message, options),
                { code: 'ERR_INVALID_ARG_TYPE' },
                JSON.stringify(options),
            );
        }
        for (const timeoutMs of [-1, 1.5, NaN, 2 ** 60])
            await assert.rejects(producer.send(message, { timeoutMs }), RangeError);
        await assert.rejects(producer.send(message, { timeoutMs: 0 }), { code: 'ROCKETMQ_ERR_INVALID_ARGUMENT' });
        await assert.rejects(producer.send(message, { queue: { broker: 'broker-a', queueId: 99 } }), RocketMQError);
        for (const call of [
            producer.prepareTopic(5),
            producer.fetchQueues(),
            producer.recall('t'),
            producer.flush({ timeoutMs: 'x' }),
        ]) {
            await assert.rejects(call, { code: 'ERR_INVALID_ARG_TYPE' });
        }
        await assert.rejects(producer.close({ timeoutMs: -5 }), RangeError);
        await producer.send(message, { timeoutMs: Infinity });
    }),
);

test(
    'a refusal of the cluster carries its code, words and outcome',
    withProducer(Mock, {}, async (producer, mock) => {
        mock.respond({ code: 16 });
        const error = await producer.send({ topic: 'refused', body: 'x' }, { retry: false }).catch((reason) => reason);
        assert.ok(error instanceof RocketMQError && error instanceof Error);
        assert.deepEqual(
            [error.name, error.code, error.status, error.outcome, error.brokerCode, error.attempts, error.retriable],
            ['RocketMQError', 'ROCKETMQ_ERR_NO_PERMISSION', -82, 'rejected', 16, 1, error.retriable],
        );
        assert.match(error.messageId, /^[0-9A-F]{32}$/);
        assert.match(error.broker, /^broker-a@127\.0\.0\.1:/);
        assert.match(error.stack, /^RocketMQError: /);
        mock.respond({ broker: NAME_SERVER, request: ROUTE, code: 17 });
        await assert.rejects(producer.send({ topic: 'unknown', body: 'x' }, { timeoutMs: 500 }), {
            code: 'ROCKETMQ_ERR_TOPIC_NOT_FOUND',
            outcome: 'not-sent',
        });
        await assert.rejects(producer.prepareTopic('unknown'), { code: 'ROCKETMQ_ERR_TOPIC_NOT_FOUND' });
    }),
);

test('a closed producer refuses every call, and closing again is nothing', async () => {
    const mock = new Mock(1);
    const producer = await started(mock);
    const closing = producer.close();
    await assert.rejects(producer.send({ topic: 'closed', body: 'x' }), {
        code: 'ROCKETMQ_ERR_CLOSED',
        outcome: 'not-sent',
    });
    assert.equal(producer.close(), closing);
    assert.equal(await closing, true);
    const message = { topic: 'closed', body: 'x' };
    const calls = [
        producer.start(),
        producer.send(message),
        producer.send(message, { waitForRoom: true }),
        producer.sendBatch([message]),
        producer.flush(),
        producer.prepareTopic('closed'),
        producer.fetchQueues('closed'),
        producer.recall('closed', 'x'),
    ];
    for (const call of calls) await assert.rejects(call, { code: 'ROCKETMQ_ERR_CLOSED', outcome: 'not-sent' });
    for (const call of [
        () => producer.sendOneway(message),
        () => producer.purge(),
        () => producer.update('namesrv.addr', mock.namesrv),
    ]) {
        assert.throws(call, { code: 'ROCKETMQ_ERR_CLOSED' });
    }
    await producer[Symbol.asyncDispose]();
    await new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'never_started' }).close();
    mock.destroy();
});

test('the addon is refused when it is of another version', () => {
    const addon = (header, library) => ({ processVersions: () => [header, library, '9.8.7', ''] });
    assert.ok(check(addon(0x000105, 0x000100), '0.1.7'));
    assert.throws(
        () => check(addon(0x000100, 0x000200), '0.1.0'),
        /0\.1\.0 was loaded with a native library of version 9\.8\.7/,
    );
    assert.throws(() => check(addon(0x000200, 0x000200), '0.1.0'), /install the package anew/);
    assert.throws(() => check(addon(0x010100, 0x010100), '0.1.0'), /install the package anew/);
    assert.match(rocketmq.libraryVersion, /^0\.1\./);
    assert.notEqual(rocketmq.buildInfo, '');
});

test('the table of keys tells what may be set', () => {
    const keys = new Map(rocketmq.configKeys().map((key) => [key.name, key]));
    assert.deepEqual(
        [keys.get('send.timeout.ms').default, keys.get('send.timeout.ms').live, keys.get('namesrv.addr').live],
        ['3000', false, true],
    );
    assert.notEqual(keys.get('producer.group').description, '');
    assert.throws(() => rocketmq.setGlobal('no.such.key', 1), { code: 'ROCKETMQ_ERR_UNKNOWN_KEY' });
});
