'use strict';
// Producers for tests, the collector, what this process holds, and programs that run beside it.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const koffi = require('koffi');
const { Producer } = require('../..');

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

async function started(mock, config = {}) {
    const producer = new Producer({ 'namesrv.addr': mock.namesrv, 'producer.group': 'node_test', ...config });
    await producer.start();
    return producer;
}

/** Runs `use` with a cluster and a producer, which go whatever happens. */
function withProducer(Mock, config, use) {
    return async () => {
        const mock = new Mock(config.brokers ?? 1);
        const { brokers, ...keys } = config;
        const producer = await started(mock, keys);
        try {
            await use(producer, mock);
        } finally {
            mock.clearFaults();
            await producer.close({ timeoutMs: 2000 });
            mock.destroy();
        }
    };
}

const trim = koffi.load('libc.so.6').func('int malloc_trim(size_t)');

/**
 * Threads, descriptors and resident kilobytes of this process, without what the collector would free and what malloc
 * keeps to give it out again.
 */
function holdings() {
    gc();
    trim(0);
    const status = fs.readFileSync('/proc/self/status', 'latin1');
    const number = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    return {
        threads: number('Threads'),
        descriptors: fs.readdirSync('/proc/self/fd').length,
        kilobytes: number('VmRSS'),
    };
}

async function until(what, condition, limitMs = 20000) {
    const end = performance.now() + limitMs;
    while (!(await condition())) {
        if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

/**
 * Runs a program of ../programs to its end, killed after a while: its exit code, signal, output, and how long it took.
 * `onLine` gets the child and each line.
 */
function run(name, args, onLine = () => {}, options = {}) {
    const file = path.isAbsolute(name) ? name : path.join(__dirname, '../programs', name);
    return new Promise((resolve, reject) => {
        const begun = performance.now();
        const child = spawn(process.execPath, [...(options.flags ?? []), file, ...args], {
            stdio: ['ignore', 'pipe', 'pipe'],
            cwd: options.cwd,
            timeout: options.limitMs ?? 80000,
            killSignal: 'SIGKILL',
        });
        let output = '';
        let errors = '';
        let seen = 0;
        child.stdout.setEncoding('utf8').on('data', (data) => {
            output += data;
            const lines = output.split('\n');
            for (; seen < lines.length - 1; seen++) onLine(child, lines[seen]);
        });
        child.stderr.setEncoding('utf8').on('data', (data) => (errors += data));
        child
            .on('error', reject)
            .on('close', (code, signal) => resolve({ code, signal, output, errors, ms: performance.now() - begun }));
    });
}

module.exports = { gc, started, withProducer, holdings, until, run };
