'use strict';
// The package as it is installed: for both module systems, with its types, and the program of its README.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test, before, after } = require('node:test');
const { install } = require('./support/installed.js');
const { Mock } = require('./support/mock.js');
const { run } = require('./support/host.js');

const root = path.join(__dirname, '..');
let folder, mock;
before(() => {
    folder = install();
    mock = new Mock(1);
});
after(() => {
    mock.destroy();
    fs.rmSync(folder, { recursive: true });
});

/** Writes a program into the folder and runs it there. */
async function runThere(name, program) {
    fs.writeFileSync(path.join(folder, name), program);
    const ended = await run(path.join(folder, name), [mock.namesrv], undefined, { cwd: folder });
    assert.deepEqual([ended.code, ended.errors], [0, ''], ended.output);
    return ended.output;
}

test('the program of the README sends, as it stands there', async () => {
    const [, program] = /```js\n(import [^]*?)```/.exec(fs.readFileSync(path.join(root, 'README.md'), 'utf8'));
    assert.ok(program.trim().split('\n').length <= 12, 'ten lines of use');
    assert.match(
        await runThere('readme.mjs', program.replace('127.0.0.1:9876', mock.namesrv)),
        /^stored as [0-9A-F]{32}/,
    );
    assert.equal(mock.count('my_topic'), 1);
});

test('require and import give one and the same producer', async () => {
    const use = `const producer = new Producer({ 'namesrv.addr': process.argv[2], 'producer.group': 'modules' });
        const sent = producer.start().then(() => producer.send({ topic: 'modules', body: 'x' }));
        sent.then((result) => console.log(result.status));`;
    assert.equal(await runThere('common.cjs', `const { Producer } = require('rocketmq-producer');\n${use}`), 'ok\n');
    assert.equal(await runThere('module.mjs', `import { Producer } from 'rocketmq-producer';\n${use}`), 'ok\n');
    const both = `import { createRequire } from 'node:module';
        import * as b from 'rocketmq-producer';
        const a = createRequire(import.meta.url)('rocketmq-producer');
        const exported = Object.keys(b).filter((name) => name !== 'default');
        console.log(exported.sort().join() === Object.keys(a).sort().join(), exported.every((name) => a[name] === b[name]));`;
    assert.equal(await runThere('both.mjs', both), 'true true\n');
});

test('the types accept what works, and refuse what does not', () => {
    for (const name of ['use.cts', 'use.mts'])
        fs.copyFileSync(path.join(__dirname, 'types/use.ts'), path.join(folder, name));
    const flags = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--lib',
        'es2023,esnext.disposable',
        '--types',
        'node',
        '--typeRoots',
        path.join(root, 'node_modules/@types'),
    ];
    try {
        execFileSync(
            process.execPath,
            [path.join(root, 'node_modules/typescript/bin/tsc'), ...flags, 'use.cts', 'use.mts'],
            { cwd: folder, encoding: 'utf8' },
        );
    } catch (error) {
        assert.fail(error.stdout);
    }
});

test('the types name everything that the package has', () => {
    const declared = [
        ...fs
            .readFileSync(path.join(root, 'lib/index.d.ts'), 'utf8')
            .matchAll(/^export declare (?:class|function|const) (\w+)/gm),
    ].map((match) => match[1]);
    assert.deepEqual(Object.keys(require('..')).sort(), declared.sort());
});

test('a platform without a binary is told so', async () => {
    const output = await runThere(
        'platform.cjs',
        `Object.defineProperty(process, 'arch', { value: 'vax' });
        try { require('rocketmq-producer') } catch (error) { console.log(error.message) }`,
    );
    assert.match(output, /no native library for linux-vax/);
});

test('the addon shows nothing but its entry, and stays mapped', () => {
    const addon = path.join(
        folder,
        'node_modules/rocketmq-producer/prebuilds',
        `${process.platform}-${process.arch}`,
        'rocketmq_producer.node',
    );
    const names = execFileSync('nm', ['-D', '--defined-only', '--format=posix', addon], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]);
    assert.deepEqual(names.sort(), ['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
    assert.match(execFileSync('readelf', ['-d', addon], { encoding: 'utf8' }), /NODELETE/);
    assert.doesNotMatch(execFileSync('readelf', ['-S', addon], { encoding: 'utf8' }), /\.symtab|\.debug/);
});
