'use strict';
// The event loop is never held up for long, however much ends at once: everything goes in portions, and the loop turns
// in between. Counted in turns and bytes, not in time, which on a busy machine is anything.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Mock } = require('./support/mock.js');
const { gc, withProducer } = require('./support/host.js');

const SENDS = 5000;
/** What the package settles in one go. */
const PORTION = 128;

/** Counts calls of `count` in each turn of the loop; `most` stops, and answers the most of a turn. */
function countTurns() {
    let [now, most, on] = [0, 0, true];
    const turn = () => {
        now = 0;
        if (on) setImmediate(turn);
    };
    turn();
    return {
        count: () => (most = Math.max(most, ++now)),
        most() {
            on = false;
            return most;
        },
    };
}

/** Stands still, so that everything ends meanwhile and waits for the loop. */
function standStillUntil(condition) {
    const end = performance.now() + 20000;
    while (!condition()) {
        if (performance.now() > end) throw new Error('it did not end');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
}

/** What a program does upon each end. */
function work(microseconds) {
    const end = performance.now() + microseconds / 1000;
    while (performance.now() < end);
}

test(
    'thousands of sends that end at once are settled over many turns',
    withProducer(Mock, { 'compress.type': 'none' }, async (producer, mock) => {
        await producer.prepareTopic('turns');
        for (const code of [0, 16]) {
            mock.clearFaults();
            if (code !== 0) mock.respond({ code });
            const turns = countTurns();
            const ended = () => {
                work(20);
                turns.count();
            };
            const sends = Array.from({ length: SENDS }, () =>
                producer.send({ topic: 'turns', body: 'x' }).then(ended, ended),
            );
            standStillUntil(() => producer.inFlight === 0);
            await Promise.all(sends);
            assert.ok(turns.most() <= PORTION, `${turns.most()} in one turn`);
        }
    }),
);

/** Runs `use` where no answer comes and there is no room left, with `wait(options, ended)` for sends that wait. */
function withoutRoom(use) {
    return withProducer(Mock, { 'inflight.max.messages': SENDS }, async (producer, mock) => {
        await producer.prepareTopic('room');
        mock.respond({ code: 0, delayMs: -1 });
        const send = (options, ended) =>
            Array.from({ length: SENDS }, () =>
                producer.send({ topic: 'room', body: 'x' }, options).then(ended, ended),
            );
        const stuck = send({ timeoutMs: 60000 }, () => {});
        await use((options, ended) => send({ waitForRoom: true, timeoutMs: 60000, ...options }, ended), producer);
        producer.purge();
        await Promise.all(stuck);
    });
}

test(
    'sends that wait for room are given up over many turns',
    withoutRoom(async (wait) => {
        const turns = countTurns();
        await Promise.all(wait({ timeoutMs: 20 }, turns.count));
        // By the timer, by what follows it, and upon events.
        assert.ok(turns.most() <= 3 * PORTION, `${turns.most()} in one turn`);
    }),
);

test(
    'sends that wait for room are made over many turns when it comes back',
    withoutRoom(async (wait, producer) => {
        const waiting = wait({}, () => {});
        producer.purge({ waiting: false });
        standStillUntil(() => producer.inFlight === 0);
        let most = 0;
        for (let before = 0; before < SENDS;) {
            await new Promise(setImmediate);
            const now = producer.inFlight;
            most = Math.max(most, now - before);
            before = now;
        }
        assert.ok(most <= 10 * PORTION, `${most} in one turn`);
        producer.purge();
        await Promise.all(waiting);
    }),
);

test(
    'a signal ends the calls that it is for over many turns',
    withoutRoom(async (wait) => {
        const turns = countTurns();
        const controller = new AbortController();
        const waiting = wait({ signal: controller.signal }, turns.count);
        controller.abort();
        await Promise.all(waiting);
        assert.ok(turns.most() <= 2 * PORTION, `${turns.most()} in one turn`);
    }),
);

test(
    'thousands of open sends leave the collector hardly more to copy than their promises',
    withProducer(Mock, { 'send.timeout.ms': 60000 }, async (producer, mock) => {
        await producer.prepareTopic('bytes');
        mock.respond({ code: 0, delayMs: -1 });
        const sends = Array(SENDS).fill(undefined);
        let bytes = Infinity;
        // The least of several rounds: code is compiled in some, and the first makes what is used again.
        for (let round = 0; round < 5; round++) {
            gc();
            const { heapUsed } = process.memoryUsage();
            for (let index = 0; index < SENDS; index++) sends[index] = producer.send({ topic: 'bytes', body: 'x' });
            gc();
            bytes = Math.min(bytes, (process.memoryUsage().heapUsed - heapUsed) / SENDS);
            producer.purge();
            await Promise.allSettled(sends);
            sends.fill(undefined);
        }
        // 120 for most, 70 of them by the hooks of node:test, and 290 for the thousand whose promises are made in JavaScript:
        // 155 in all; 290 if each was made there.
        assert.ok(bytes < 220, `${bytes} bytes`);
    }),
);
