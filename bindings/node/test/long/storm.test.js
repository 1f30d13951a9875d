'use strict';
// A million sends while brokers come and go: minutes, and the same promises as in a second.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Mock } = require('../support/mock.js');
const { run } = require('../support/host.js');

const SENDS = Number(process.env.ROCKETMQ_TEST_SENDS ?? 1000000);

test('a million sends through a storm each end once, and memory stays', async () => {
    const mock = new Mock(2);
    const faults = [
        () => mock.switchBroker(0, false),
        () => mock.switchBroker(0, true),
        () => mock.respond({ broker: 1, code: 2, count: 5000 }),
        () => mock.respond({ broker: 1, code: 0, delayMs: -1, count: 500 }),
        () => mock.disconnect({ count: 3 }),
        () => mock.switchBroker(1, false),
        () => mock.switchBroker(1, true),
        () => mock.clearFaults(),
    ];
    let fault = 0;
    const storm = setInterval(() => faults[fault++ % faults.length](), 200);
    const sender = await run('storm.js', [mock.namesrv, `${SENDS}`], undefined, { limitMs: 600000 });
    clearInterval(storm);
    assert.equal(sender.code, 0, sender.errors);
    const { ended, before, after, open, inFlight } = JSON.parse(sender.output);
    assert.equal(ended.stored + ended.unknown + ended['not-sent'] + ended.rejected, SENDS);
    assert.ok(ended.stored > SENDS / 2 && ended.unknown > 0, sender.output);
    assert.ok(mock.count('storm') >= ended.stored, 'what was said to be stored is there');
    assert.deepEqual([open, inFlight], [0, 0]);
    assert.ok(after.threads <= before.threads && after.kilobytes < before.kilobytes + 16000, sender.output);
    mock.destroy();
});
