'use strict';
// The installed package against a real Apache server, read back by Apache's own client; the same program against the
// mock.

const assert = require('node:assert/strict');
const { spawn, execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { promisify } = require('node:util');
const { test, before, after } = require('node:test');
const { Producer } = require('..');
const { install } = require('./support/installed.js');
const { Mock } = require('./support/mock.js');
const { run } = require('./support/host.js');

const repository = path.join(__dirname, '../../..');
let cluster, namesrv, folder;

before(async () => {
    folder = install();
    cluster = spawn(path.join(repository, 'scripts/apache-cluster.sh'), ['5.5.0', '1'], {
        stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of readline.createInterface({ input: cluster.stdout })) {
        namesrv = /^name server (.*)$/.exec(line)?.[1];
        assert.ok(namesrv, line);
        break;
    }
});
after(() => {
    cluster.stdin.end(); // the servers end with it
    fs.rmSync(folder, { recursive: true });
});

/** What Apache's client reads in a topic. */
async function readBack(topic, count) {
    const reader = [
        '-cp',
        path.join(repository, 'target/apache/reader/*'),
        path.join(repository, 'tests/apache/ReadBack.java'),
    ];
    const { stdout } = await promisify(execFile)('java', [...reader, 'read', namesrv, topic, `${count}`], {
        maxBuffer: 1 << 28,
    });
    const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const end = lines.pop();
    assert.equal(end.error, undefined);
    return lines;
}

/** Runs the program from the folder of the package; what it says that it sent, by message id. */
async function sendThousand(to, topic) {
    const program = path.join(folder, 'thousand.mjs');
    fs.copyFileSync(path.join(__dirname, 'programs/thousand.mjs'), program);
    const ended = await run(program, [to, topic], undefined, { cwd: folder });
    assert.deepEqual([ended.code, ended.errors], [0, '']);
    const sent = new Map(
        ended.output
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
            .map((message) => [message.messageId, message]),
    );
    assert.equal(sent.size, 1000);
    return sent;
}

test('a thousand messages with text of many scripts come back from the broker as they were sent', async () => {
    const sent = await sendThousand(namesrv, 'thousand');
    const stored = await readBack('thousand', 1000);
    assert.equal(stored.length, 1000);
    for (const message of stored) {
        const meant = sent.get(message.msgId);
        const bodyHex = message.bodyHex ?? Buffer.from(message.body).toString('hex');
        const properties = Object.fromEntries(
            Object.keys(meant.properties).map((name) => [name, message.properties[name]]),
        );
        assert.deepEqual(
            {
                bodyHex,
                tags: message.tags,
                keys: message.keys,
                properties,
                messageId: message.msgId,
                broker: message.broker,
                queueId: message.queueId,
                queueOffset: message.queueOffset,
                offsetId: message.offsetMsgId,
            },
            meant,
        );
    }
});

test('the same thousand come back from the mock', async () => {
    const mock = new Mock(1);
    const sent = await sendThousand(mock.namesrv, 'thousand');
    assert.equal(mock.count('thousand'), 1000);
    for (const message of mock.messages('thousand')) {
        const meant = sent.get(message.messageId);
        assert.equal(message.body.toString('hex'), meant.bodyHex);
        const expected = { TAGS: meant.tags, KEYS: meant.keys, ...meant.properties };
        for (const [name, value] of Object.entries(expected)) assert.equal(message.property(name), value);
        assert.equal(message.queueId, meant.queueId);
    }
    mock.destroy();
});

test('a timer can be taken back, and batches and sharding keys reach the real broker', async () => {
    const producer = new Producer({ 'namesrv.addr': namesrv, 'producer.group': 'real', 'send.timeout.ms': 10000 });
    await producer.start();
    const later = await producer.send({ topic: 'timers', body: 'later', delayMs: 60000 });
    assert.notEqual(later.recallHandle, '');
    assert.equal(await producer.recall('timers', later.recallHandle), later.messageId);
    const soon = await producer.send({ topic: 'timers', body: 'soon', deliverAtMs: new Date(Date.now() + 500) });
    const batch = await producer.sendBatch(
        Array.from({ length: 10 }, (_, index) => ({ topic: 'timers', body: `batch ${index}`, shardingKey: 'one' })),
    );
    assert.ok(batch.messageIds.length === 10);
    await producer.close();
    const stored = await readBack('timers', 11);
    assert.deepEqual(stored.map((message) => message.msgId).sort(), [soon.messageId, ...batch.messageIds].sort());
});
