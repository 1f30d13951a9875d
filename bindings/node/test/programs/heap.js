'use strict';
// Objects are dropped in every order while the collector runs as often as it can; run with --expose-gc.

const { Producer } = require('../..');

(async () => {
    for (let round = 0; round < 30; round++) {
        let producer = new Producer({ 'namesrv.addr': process.argv[2], 'producer.group': 'heap' });
        let body = Buffer.alloc(20000, round);
        let result;
        await producer.start();
        gc();
        const sent = producer.send({ topic: 'heap', body, properties: { round } });
        if (round % 3 === 0) body = undefined;
        gc();
        if (round % 3 === 1) producer = undefined;
        gc();
        result = await sent;
        gc();
        if (round % 2) sent.then(() => gc());
        const waiting = producer?.fetchQueues('heap');
        producer = undefined;
        gc();
        if (waiting && (await waiting).length !== 4) throw new Error('no queues');
        if (result.messageId.length !== 32) throw new Error('no id');
    }
    gc();
    console.log('done');
})();
