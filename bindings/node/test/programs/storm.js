'use strict';
// Makes so many sends, a thousand at a time, whatever becomes of them; prints how they ended and what the process held.

const { Producer } = require('../..');
const queue = require('../../lib/queue.js');
const { holdings } = require('../support/host.js');

const [namesrv, sends] = [process.argv[2], Number(process.argv[3])];
const LANES = 1000;

(async () => {
    const producer = new Producer({
        'namesrv.addr': namesrv,
        'producer.group': 'storm',
        'send.timeout.ms': 500,
        'send.attempt.timeout.ms': 100,
    });
    await producer.start();
    const ended = { stored: 0, unknown: 0, 'not-sent': 0, rejected: 0 };
    let begun = 0;
    let before;
    const lane = async () => {
        while (begun < sends) {
            if (++begun === Math.floor(sends / 4)) before = holdings();
            try {
                await producer.send({ topic: 'storm', body: 'x' }, { waitForRoom: true });
                ended.stored++;
            } catch (error) {
                ended[error.outcome]++;
            }
        }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const after = holdings();
    console.log(JSON.stringify({ ended, before, after, open: queue.openCount(), inFlight: producer.inFlight }));
    await producer.close();
})();
