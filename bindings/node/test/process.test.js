'use strict';
// The process as a whole: it ends as the program says, by its own, in threads and under signals, and never by a crash.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after } = require('node:test');
const { Mock } = require('./support/mock.js');
const { run } = require('./support/host.js');

let mock;
before(() => (mock = new Mock(1)));
after(() => mock.destroy());

/** Ended by itself, with exit code 0 and nothing on standard error. */
function assertClean(ended) {
    assert.deepEqual(
        { code: ended.code, signal: ended.signal, errors: ended.errors },
        { code: 0, signal: null, errors: '' },
        ended.output,
    );
}

test('a producer that is idle does not keep the process alive, open sends do', async () => {
    const natural = await run('exits.js', [mock.namesrv, 'natural']);
    assertClean(natural);
    assert.equal(natural.output, 'stored 100\n');
    const unawaited = await run('exits.js', [mock.namesrv, 'unawaited']);
    assertClean(unawaited);
    assert.equal(unawaited.output, 'ended\n');
    assertClean(await run('exits.js', [mock.namesrv, 'created']));
});

test('a send that was aborted does not keep the process alive', async () => {
    const slow = new Mock(1);
    slow.respond({ code: 0, delayMs: -1 });
    const ended = await run('exits.js', [slow.namesrv, 'aborted']);
    slow.destroy();
    assertClean(ended);
    assert.equal(ended.output, 'AbortError\n');
});

test('the process exits with 0 while sends are in flight', async () => {
    for (const way of ['exit', 'exitInEnd']) assertClean(await run('exits.js', [mock.namesrv, way]));
    const closed = await run('exits.js', [mock.namesrv, 'closed']);
    assertClean(closed);
    assert.equal(closed.output, 'clean true\n');
});

test('SIGINT in the middle ends the process as Node does, or as its handler says', async () => {
    const interrupt = (child, line) => line === 'ready' && child.kill('SIGINT');
    const handled = await run('exits.js', [mock.namesrv, 'interrupted'], interrupt);
    assertClean(handled);
    assert.equal(handled.output, 'ready\nclean true\n');
    const killed = await run('exits.js', [mock.namesrv, 'killed'], interrupt);
    assert.deepEqual([killed.code, killed.signal, killed.errors], [null, 'SIGINT', '']);
});

test("log lines go to a logger of the program, and what it throws is the program's", async () => {
    const ended = await run('exits.js', [mock.namesrv, 'logged']);
    assertClean(ended);
    assert.equal(ended.output, 'uncaught a logger that throws\ndebug true\nfalse\nRangeError\nTypeError\n');
});

test('threads that end in the middle of sends, starts and log lines leave nothing behind', async () => {
    const silent = new Mock(1);
    silent.respond({ broker: -2, request: -1, code: 0, delayMs: -1 });
    const ended = await run('workers.js', [mock.namesrv, silent.namesrv]);
    silent.destroy();
    assertClean(ended);
    const { slowest, moreThreads, moreDescriptors, clean } = JSON.parse(ended.output);
    assert.ok(slowest < 20000, `a thread does not wait for its start's limit: ${slowest} ms`);
    assert.deepEqual([moreThreads, moreDescriptors, clean], [0, 0, true]);
});

test('objects may be collected in any order', async () => {
    const ended = await run('heap.js', [mock.namesrv], undefined, { flags: ['--expose-gc'] });
    assertClean(ended);
    assert.equal(ended.output, 'done\n');
});

test('two copies of the package work side by side', async () => {
    const root = path.join(__dirname, '..');
    const copy = fs.mkdtempSync(path.join(root, 'node_modules', '.copy-'));
    for (const name of ['package.json', 'lib', 'prebuilds'])
        fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    const ended = await run('twice.js', [mock.namesrv, root, copy]);
    fs.rmSync(copy, { recursive: true });
    assertClean(ended);
    assert.equal(ended.output, '200\n');
    assert.equal(mock.count('twice'), 201);
});

test('modules that are loaded anew, as test runners do, are strangers to those before', async () => {
    const anew = () => {
        for (const file of Object.keys(require.cache)) {
            if (file.startsWith(path.join(__dirname, '../lib'))) delete require.cache[file];
        }
        return require('..').Producer;
    };
    const producers = [anew(), anew()].map(
        (Producer) => new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'anew' }),
    );
    assert.notEqual(producers[0].constructor, producers[1].constructor);
    for (const producer of producers) await producer.start();
    const sends = Array.from({ length: 200 }, (_, index) => producers[index % 2].send({ topic: 'anew', body: 'x' }));
    await Promise.all(sends);
    for (const producer of producers) await producer.close();
});

test('bodies of another realm are taken', async () => {
    const { Producer } = require('..');
    const producer = new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'realms' });
    await producer.start();
    const bodies = require('node:vm').runInNewContext(
        '[new Uint8Array([1]), new Uint8Array([1]).buffer, new Int8Array([1])]',
    );
    for (const body of bodies) await producer.send({ topic: 'realms', body });
    assert.deepEqual(
        mock.messages('realms').map((message) => [...message.body]),
        [[1], [1], [1]],
    );
    await producer.close();
});
