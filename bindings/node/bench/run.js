'use strict';
// Measures the clients in turns, several rounds, and prints the medians with the least and the greatest value:
//
//   node bench/run.js [sink|apache] [ROUNDS] [SECONDS]
//
// On the sink, which answers at once and keeps nothing, what remains is the client's cost. The gRPC client cannot
// speak to it, and is measured beside ours on a real cluster with a proxy.

const { spawn, execFile } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { promisify } = require('node:util');

const BODY_BYTES = 1024;
const repository = path.join(__dirname, '../../..');

/** Starts a server, which ends with its standard input; `found(line)` answers what was waited for. */
async function serve(file, args, found) {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    for await (const line of readline.createInterface({ input: child.stdout })) {
        const answer = found(line);
        if (answer !== undefined) return { child, answer };
    }
    throw new Error(`${file} ended`);
}

async function sink() {
    const { child, answer } = await serve(
        path.join(process.env.ROCKETMQ_RELEASE, 'rocketmq-bench-sink'),
        [],
        (line) => /127[\d.:]+/.exec(line)?.[0],
    );
    const at = (client, window) => ({ title: `${client}, window ${window}`, client, window, address: answer });
    return {
        child,
        rows: [
            at('ours', 256),
            at('koffi', 256),
            at('rocketmq-nodejs', 256),
            at('ours', 10000),
            at('oneway', 256),
            at('ours', 1),
            at('rocketmq-nodejs', 1),
        ],
    };
}

async function apache() {
    let nameServer;
    const { child, answer } = await serve(
        path.join(repository, 'scripts/apache-cluster.sh'),
        ['5.5.0', '1', 'proxy'],
        (line) => {
            nameServer ??= /^name server (.*)/.exec(line)?.[1];
            return /^proxy (.*)/.exec(line)?.[1];
        },
    );
    const created = new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.resume();
    child.stdin.write('create bench 4\n');
    await created;
    const [host, port] = answer.split(':');
    return {
        child,
        rows: [
            { title: 'ours, to the broker, window 64', client: 'ours', window: 64, address: nameServer },
            { title: 'ours, through the proxy, window 64', client: 'ours', window: 64, address: answer },
            {
                title: 'rocketmq-client-nodejs (gRPC), through the proxy, window 64',
                client: 'rocketmq-client-nodejs',
                window: 64,
                address: `${host}:${Number(port) + 1}`,
            },
        ],
    };
}

function summary(values, digits) {
    const sorted = [...values].sort((a, b) => a - b);
    const round = (value) => value.toFixed(digits);
    return `${round(sorted[sorted.length >> 1])} (${round(sorted[0])}–${round(sorted[sorted.length - 1])})`;
}

(async () => {
    const [where = 'sink', rounds = '5', seconds = '4'] = process.argv.slice(2);
    const { child, rows } = await { sink, apache }[where]();
    for (let round = 0; round < Number(rounds); round++) {
        for (const row of rows) {
            const args = [
                path.join(__dirname, 'measure.js'),
                row.client,
                row.address,
                `${row.window}`,
                seconds,
                `${BODY_BYTES}`,
            ];
            try {
                const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60000 });
                (row.results ??= []).push(JSON.parse(stdout.trim().split('\n').pop()));
            } catch (error) {
                console.error(`${row.title}: ${error.signal ?? error.code}: ${error.stderr || 'no word'}`);
            }
        }
    }
    console.log(
        '| client | messages/s | CPU µs a message | RSS MB | longest stall of the loop, ms |\n|---|---|---|---|---|',
    );
    for (const { title, results } of rows) {
        if (results === undefined) continue;
        const of = (member, digits) =>
            summary(
                results.map((result) => result[member]),
                digits,
            );
        console.log(
            `| ${title} | ${of('perSecond', 0)} | ${of('cpuUs', 1)} | ${of('rssMb', 0)} | ${of('stallMs', 1)} |`,
        );
    }
    child.stdin.end();
    child.stdout.resume();
})();
