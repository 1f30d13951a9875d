'use strict';
// Every call ends exactly once, whatever happens meanwhile, and nothing of it stays behind.

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { Producer, RocketMQError } = require('..');
const queue = require('../lib/queue.js');
const { Mock, NAME_SERVER } = require('./support/mock.js');
const { gc, started, withProducer, holdings, until } = require('./support/host.js');

/** How each of these promises ended, counted by `stored` or by the error's outcome. */
async function outcomes(promises) {
    const counts = {};
    for (const { status, reason } of await Promise.allSettled(promises)) {
        if (status === 'rejected') assert.ok(reason instanceof RocketMQError, String(reason));
        const name = status === 'fulfilled' ? 'stored' : reason.outcome;
        counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
}

test(
    'a broker killed under load: every send ends once, with an error that names its outcome',
    withProducer(Mock, { 'send.timeout.ms': 1500, 'send.retry.unknown': false }, async (producer, mock) => {
        await producer.send({ topic: 'killed', body: 'first' });
        let sends = 0;
        const promises = [];
        const load = setInterval(() => {
            for (let turn = 0; turn < 200; turn++) {
                const sent = producer.send({ topic: 'killed', body: `${sends++}` });
                sent.catch(() => {}); // it is asked for its end below
                promises.push(sent);
            }
        }, 2);
        await until('some stored', () => mock.count('killed') > 1000);
        mock.latency(50);
        await new Promise((resolve) => setTimeout(resolve, 30));
        mock.switchBroker(0, false);
        await new Promise((resolve) => setTimeout(resolve, 100));
        clearInterval(load);
        const counts = await outcomes(promises);
        assert.ok(counts.stored > 0 && counts.unknown > 0, JSON.stringify(counts));
        assert.equal(
            Object.values(counts).reduce((sum, count) => sum + count),
            sends,
        );
        assert.ok(
            mock.count('killed') - 1 <= counts.stored + counts.unknown,
            'what is said to be not sent was not stored',
        );
        assert.equal(queue.openCount(), 0);
        mock.latency(0);
        mock.switchBroker(0, true);
        await until('the broker is used again', () =>
            producer.send({ topic: 'killed', body: 'x' }).then(
                () => true,
                () => false,
            ),
        );
    }),
);

test(
    'a signal frees the caller at once, and the late end is dropped',
    withProducer(Mock, { 'send.timeout.ms': 60000 }, async (producer, mock) => {
        await producer.prepareTopic('aborted');
        mock.respond({ code: 0, delayMs: 3000, count: 2 });
        const controller = new AbortController();
        const sends = [
            producer.send({ topic: 'aborted', body: 'x' }, { signal: controller.signal }),
            producer.sendBatch([{ topic: 'aborted', body: 'y' }], { signal: controller.signal }),
        ];
        const reason = new Error('the user left');
        setTimeout(() => controller.abort(reason), 20);
        const ends = sends.map((send) =>
            assert.rejects(send, { name: 'AbortError', code: 'ABORT_ERR', outcome: 'unknown', cause: reason }),
        );
        await Promise.all(ends);
        assert.equal(producer.inFlight, 2, 'freed before the answer came');
        assert.equal(queue.openCount(), 0);
        await producer.flush();
        assert.equal(mock.count('aborted'), 2);
        const late = [
            producer.send({ topic: 'aborted', body: 'x' }, { signal: controller.signal }),
            producer.flush({ signal: controller.signal }),
            producer.fetchQueues('aborted', { signal: controller.signal }),
        ];
        const refused = { name: 'AbortError', outcome: 'not-sent', cause: reason };
        await Promise.all(late.map((call) => assert.rejects(call, refused)));
        const shared = new AbortController();
        const warned = [];
        process.on('warning', (warning) => warned.push(warning));
        await Promise.all(
            Array.from({ length: 100 }, () =>
                producer.send({ topic: 'aborted', body: 'x' }, { signal: shared.signal }),
            ),
        );
        assert.equal(getEventListeners(shared.signal, 'abort').length, 0, 'no listener is left behind');
        assert.deepEqual(warned, []);
    }),
);

test(
    'a timeout ends a send in time, with an unknown outcome',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.prepareTopic('late');
        mock.respond({ code: 0, delayMs: -1 });
        const begun = performance.now();
        await assert.rejects(producer.send({ topic: 'late', body: 'x' }, { timeoutMs: 100 }), {
            code: 'ROCKETMQ_ERR_TIMEOUT',
            outcome: 'unknown',
        });
        assert.ok(performance.now() - begun >= 95);
    }),
);

test(
    'over the limit a send fails, or waits for room in its turn',
    withProducer(Mock, { 'inflight.max.messages': 10 }, async (producer, mock) => {
        await producer.prepareTopic('room');
        mock.latency(5);
        const failed = await Promise.allSettled(
            Array.from({ length: 15 }, () => producer.send({ topic: 'room', body: 'x' })),
        );
        assert.deepEqual(
            failed.map((end) => end.reason?.code),
            [...Array(10).fill(undefined), ...Array(5).fill('ROCKETMQ_ERR_QUEUE_FULL')],
        );
        const results = await Promise.all(
            Array.from({ length: 200 }, (_, index) =>
                producer.send({ topic: 'turns', body: `${index}`, shardingKey: 'k' }, { waitForRoom: true }),
            ),
        );
        assert.equal(results.length, 200);
        assert.deepEqual(
            mock.messages('turns').map((message) => message.body.toString()),
            results.map((_, index) => `${index}`),
        );
        mock.respond({ code: 0, delayMs: -1 });
        const controller = new AbortController();
        const stuck = Array.from({ length: 10 }, () =>
            producer.send({ topic: 'room', body: 'x' }, { timeoutMs: 1000 }),
        );
        const first = producer.send({ topic: 'room', body: 'x' }, { waitForRoom: true, timeoutMs: Infinity });
        const waiting = producer.send({ topic: 'room', body: 'x' }, { waitForRoom: true, timeoutMs: 50 });
        const aborted = producer.sendBatch([{ topic: 'room', body: 'x' }], {
            waitForRoom: true,
            signal: controller.signal,
        });
        controller.abort();
        await assert.rejects(aborted, { name: 'AbortError', outcome: 'not-sent' });
        await assert.rejects(waiting, { code: 'ROCKETMQ_ERR_TIMEOUT', outcome: 'not-sent' });
        mock.clearFaults();
        producer.purge();
        assert.deepEqual(await outcomes(stuck), { unknown: 10 });
        await first;
    }),
);

test(
    'purge and close end what is in flight',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.prepareTopic('cut');
        mock.respond({ code: 0, delayMs: -1 });
        const purged = producer.send({ topic: 'cut', body: 'x' });
        producer.purge({ waiting: false });
        await assert.rejects(purged, { code: 'ROCKETMQ_ERR_CANCELLED', outcome: 'unknown' });
        const cut = Array.from({ length: 20 }, () => producer.send({ topic: 'cut', body: 'x' }));
        const ended = outcomes(cut);
        assert.equal(await producer.close({ timeoutMs: 50 }), false);
        assert.deepEqual(await ended, { unknown: 20 });
    }),
);

test(
    'a close that cuts thousands of sends off resolves when each was told',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.prepareTopic('thousands');
        mock.respond({ code: 0, delayMs: -1 });
        let told = 0;
        for (let index = 0; index < 9000; index++)
            producer.send({ topic: 'thousands', body: 'x' }, { timeoutMs: 60000 }).catch(() => told++);
        assert.equal(await producer.close({ timeoutMs: 0 }), false);
        assert.deepEqual([told, producer.state, queue.openCount()], [9000, 'closed', 0]);
    }),
);

test(
    'flush reports what has not ended',
    withProducer(Mock, {}, async (producer, mock) => {
        await producer.prepareTopic('flush');
        mock.latency(100);
        const open = producer.send({ topic: 'flush', body: 'x' });
        await assert.rejects(producer.flush({ timeoutMs: 10 }), { code: 'ROCKETMQ_ERR_TIMEOUT' });
        await producer.flush();
        await open;
    }),
);

test('calls that wait hold up neither the loop nor files, however silent the name server is', async () => {
    const mock = new Mock(1);
    mock.respond({ broker: NAME_SERVER, request: -1, code: 0, delayMs: -1 });
    const producer = new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'silent' });
    await producer.start({ timeoutMs: 0 });
    const calls = Array.from({ length: 40 }, (_, index) => producer.prepareTopic(`t${index}`, { timeoutMs: 1500 }));
    const begun = performance.now();
    const ended = outcomes(calls);
    const first = await Promise.race([ended, require('node:fs/promises').readFile(__filename)]);
    assert.ok(Buffer.isBuffer(first), 'a file is read meanwhile');
    await ended;
    assert.ok(performance.now() - begun < 4000, 'limits count from the calls on, not from their turns');
    await producer.close();
    mock.destroy();
});

test('producers that nobody holds go, those with open sends when these have ended', async () => {
    const mock = new Mock(1);
    mock.addTopic('collected', 4);
    const alive = new Set();
    const registry = new FinalizationRegistry((index) => alive.delete(index));
    const ends = [];
    for (let index = 0; index < 20; index++) {
        let producer = await started(mock);
        await producer.prepareTopic('collected');
        alive.add(index);
        registry.register(producer, index);
        if (index % 2) {
            mock.respond({ code: 0, delayMs: 200, count: 1 });
            ends.push(producer.send({ topic: 'collected', body: `${index}` }));
        }
        producer = undefined;
        gc();
    }
    await Promise.all(ends);
    assert.equal(mock.count('collected'), 10);
    await until('all are collected', () => {
        gc();
        return alive.size === 0;
    });
    mock.destroy();
});

test('a thousand producers leave no memory, threads or descriptors behind', async () => {
    const mock = new Mock(1);
    mock.addTopic('rounds', 4);
    const round = async () => {
        const producer = await started(mock);
        const sent = producer.send({ topic: 'rounds', body: Buffer.alloc(10000) });
        await sent;
        await producer.close();
    };
    for (let index = 0; index < 300; index++) await round();
    const before = holdings();
    for (let index = 0; index < 1000; index++) await round();
    const after = holdings();
    assert.ok(after.threads <= before.threads, `${before.threads} threads, then ${after.threads}`);
    assert.ok(after.descriptors <= before.descriptors, `${before.descriptors} descriptors, then ${after.descriptors}`);
    // The mock keeps the bodies in this process: 10 KB a round.
    assert.ok(after.kilobytes - before.kilobytes < 10000 + 8000, `${before.kilobytes} KB, then ${after.kilobytes}`);
    mock.destroy();
});
