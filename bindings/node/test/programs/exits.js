'use strict';
// Ends in the way that the second argument names, with sends in flight; prints what a test should know.

const { Producer, setLogger } = require('../..');

const ways = {
    // The loop has nothing left to do once the open sends have ended.
    async natural(producer) {
        const results = await Promise.all(
            Array.from({ length: 100 }, () => producer.send({ topic: 'natural', body: 'x' })),
        );
        console.log('stored', results.length);
    },
    // Nobody awaits the sends: the process stays for them all the same.
    async unawaited(producer) {
        for (let index = 0; index < 100; index++)
            producer.send({ topic: 'unawaited', body: 'x' }).then(() => index === 99 && console.log('ended'));
    },
    async exit(producer) {
        for (let index = 0; index < 1000; index++) producer.send({ topic: 'exit', body: 'x' });
        process.exit(0);
    },
    async exitInEnd(producer) {
        for (let index = 0; index < 1000; index++)
            producer.send({ topic: 'exit', body: 'x' }).then(() => process.exit(0));
    },
    async closed(producer) {
        for (let index = 0; index < 1000; index++) producer.send({ topic: 'closed', body: 'x' });
        console.log('clean', await producer.close());
    },
    async interrupted(producer) {
        process.on('SIGINT', async () => {
            clearInterval(load);
            console.log('clean', await producer.close());
        });
        const load = setInterval(() => {
            for (let index = 0; index < 100; index++) producer.send({ topic: 'interrupted', body: 'x' });
        }, 1);
        setTimeout(() => console.log('ready'), 100);
    },
    async killed(producer) {
        setInterval(() => {
            for (let index = 0; index < 100; index++) producer.send({ topic: 'killed', body: 'x' });
        }, 1);
        setTimeout(() => console.log('ready'), 100);
    },
    async aborted(producer) {
        const controller = new AbortController();
        const sent = producer.send({ topic: 'aborted', body: 'x' }, { signal: controller.signal, timeoutMs: Infinity });
        controller.abort();
        await sent.catch((error) => console.log(error.name));
    },
    async logged(producer) {
        process.once('uncaughtException', (error) => console.log('uncaught', error.message));
        const seen = new Set();
        setLogger((level, text) => {
            seen.add(level);
            if (text.includes('first: 4 queues')) throw new Error('a logger that throws');
        }, 'debug');
        await producer.send({ topic: 'first', body: 'x' });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const lines = [];
        setLogger({ error() {}, warn() {}, info() {}, trace() {}, debug: (text) => lines.push(text) }, 'debug');
        await producer.send({ topic: 'second', body: 'x' });
        await new Promise((resolve) => setTimeout(resolve, 100));
        console.log(
            [...seen].join(),
            lines.some((line) => line.includes('second: 4 queues')),
        );
        setLogger(null);
        await producer.send({ topic: 'third', body: 'x' });
        await new Promise((resolve) => setTimeout(resolve, 50));
        console.log(lines.some((line) => line.includes('third')));
        for (const [logger, level] of [
            [console, 'loud'],
            ['console', 'warn'],
        ]) {
            try {
                setLogger(logger, level);
            } catch (error) {
                console.log(error.name);
            }
        }
        setLogger(console);
    },
};

(async () => {
    const producer = new Producer({ 'namesrv.addr': process.argv[2], 'producer.group': 'exits' });
    if (process.argv[3] === 'created') return; // a producer that was never started
    await producer.start();
    await ways[process.argv[3]](producer);
})();
