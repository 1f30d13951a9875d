'use strict';
// Threads of which each has a producer and is ended in the middle of what it does, while the main thread sends.

const { once } = require('node:events');
const fs = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Producer, setLogger } = require('../..');

const config = (namesrv) => ({ 'namesrv.addr': namesrv, 'producer.group': 'workers' });

async function main() {
    const [namesrv, silent] = process.argv.slice(2);
    const producer = new Producer(config(namesrv));
    await producer.start();
    const threads = () => fs.readdirSync('/proc/self/task').length;
    const descriptors = () => fs.readdirSync('/proc/self/fd').length;
    let slowest = 0;
    let before;
    for (let round = 0; round < 24; round++) {
        const how = ['sends', 'starts', 'logs', 'ends'][round % 4];
        const worker = new Worker(__filename, { workerData: { how, namesrv, silent } });
        worker.on('error', (error) => console.log('error', error));
        const exited = once(worker, 'exit'); // which may come together with the message
        await once(worker, 'message');
        const sent = producer.send({ topic: 'main', body: 'x' });
        const begun = performance.now();
        if (how === 'ends') await exited;
        else await worker.terminate();
        slowest = Math.max(slowest, performance.now() - begun);
        await sent;
        if (round !== 11) continue;
        await new Promise((resolve) => setTimeout(resolve, 300));
        before = { threads: threads(), descriptors: descriptors() };
    }
    // Connections, and threads of calls that wait for the silent server, go a little later.
    for (let turn = 0; turn < 500 && (threads() > before.threads || descriptors() > before.descriptors); turn++)
        await new Promise((resolve) => setTimeout(resolve, 10));
    console.log(
        JSON.stringify({
            slowest,
            moreThreads: Math.max(threads() - before.threads, 0),
            moreDescriptors: Math.max(descriptors() - before.descriptors, 0),
            clean: await producer.close(),
        }),
    );
}

async function work({ how, namesrv, silent }) {
    if (how === 'logs') setLogger(() => {}, 'trace');
    const producer = new Producer(config(namesrv));
    await producer.start();
    await producer.prepareTopic('worker');
    if (how === 'ends') {
        await producer.send({ topic: 'worker', body: 'x' });
        parentPort.postMessage('ready');
        parentPort.close();
        return;
    }
    if (how === 'starts') new Producer(config(silent)).start({ timeoutMs: 40000 }).catch(() => {});
    const send = () => {
        for (let index = 0; index < 100; index++) producer.send({ topic: 'worker', body: 'x' }).catch(() => {});
        setImmediate(send);
    };
    send();
    setTimeout(() => parentPort.postMessage('ready'), 20);
}

if (isMainThread) main();
else work(workerData);
