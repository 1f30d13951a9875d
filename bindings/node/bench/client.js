'use strict';
// A client of the comparison, under the loop that all of them get (bench/c/loop.h): client.js NAME NAMESRV PHASE
// key=value... Phases: async, oneway. Sends until a limit is outstanding, goes on at half of it, and never holds the
// event loop up by itself: whoever makes thousands of sends in one turn measures that.

const { randomBytes } = require('node:crypto');
const { openSync, readFileSync, readSync, readdirSync } = require('node:fs');
const { clients } = require('./clients.js');

const TOPIC = 'bench-0';
const SENDS_A_TURN = 100;
const turn = () => new Promise(setImmediate);

/** A run with a failure is worth nothing. */
function fail(error) {
    console.error(`bench node: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
}

function parse(args) {
    const [name, address, phase, ...rest] = args;
    if (!(name in clients)) throw new Error(`there is no client ${name}: ${Object.keys(clients).join(', ')}`);
    if (phase !== 'async' && phase !== 'oneway') throw new Error(`there is no phase ${phase}: async or oneway`);
    const numbers = { messages: 100000, warmup: 10000, warmup_seconds: 0, body: 1024, window: 256 };
    // What a client in JavaScript cannot choose.
    const fixed = { threads: '1', topics: '1', format: 'json' };
    for (const pair of rest) {
        const [key, value] = pair.split('=', 2);
        if (key in numbers && /^\d+$/.test(value)) numbers[key] = Number(value);
        else if (!(key in fixed) || fixed[key] !== value) throw new Error(`${pair} cannot be had`);
    }
    return { name, address, phase, ...numbers };
}

class Load {
    #client;
    #body;
    #phase;
    #window;
    #outstanding = 0;
    #level = -1;
    #reached;
    accepted = 0;

    constructor(client, { phase, window, body }) {
        this.#client = client;
        this.#body = randomBytes(body);
        this.#phase = phase;
        this.#window = window;
    }

    /** So many messages, and what comes until `until`; at its end all have been answered. */
    async part(messages, until) {
        const send = this.#phase === 'async' ? () => this.#send() : () => this.#sendOneway();
        for (let message = 0; message < messages || performance.now() < until; message++) {
            if (message % SENDS_A_TURN === 0) await turn();
            const room = send();
            if (room !== undefined) await room;
        }
        await this.#atMost(0);
        if (this.#phase === 'oneway') await this.#fence();
    }

    /** A promise only where it has to wait. */
    #send() {
        if (this.#outstanding >= this.#window) return this.#atMost(this.#window >> 1).then(this.#sendNow);
        this.#sendNow();
    }

    #sendNow = () => {
        this.#outstanding++;
        this.#client.send(this.#body).then(this.#ended, fail);
    };

    #ended = () => {
        this.accepted++;
        if (--this.#outstanding === this.#level) this.#reached();
    };

    async #atMost(level) {
        if (this.#outstanding <= level) return;
        this.#level = level;
        await new Promise((resolve) => (this.#reached = resolve));
        this.#level = -1;
    }

    #sendOneway() {
        this.accepted++;
        if (!this.#client.sendOneway(this.#body)) return this.#sendOnewayWhenThereIsRoom();
    }

    async #sendOnewayWhenThereIsRoom() {
        do await this.#client.flush();
        while (!this.#client.sendOneway(this.#body));
    }

    /** What was sent before it on the same connection has been read once this is answered. */
    async #fence() {
        await this.#client.flush();
        await this.#client.send(this.#body);
        this.accepted++;
    }
}

/** The longest time for which a timer of 1 ms did not run, by the clock and by what this thread ran of it. */
function watchLoop() {
    const ran = openSync(`/proc/self/task/${process.pid}/schedstat`);
    const text = Buffer.alloc(64);
    const cpuMs = () => parseInt(text.toString('latin1', 0, readSync(ran, text, 0, text.length, 0)), 10) / 1e6;
    let last = [performance.now(), cpuMs()];
    let longest = [0, 0];
    const look = () => {
        const now = [performance.now(), cpuMs()];
        longest = longest.map((most, index) => Math.max(most, now[index] - last[index]));
        last = now;
    };
    const timer = setInterval(look, 1);
    return () => {
        clearInterval(timer);
        look();
        return longest;
    };
}

function usage() {
    const { user, system } = process.cpuUsage();
    return { ms: performance.now(), cpuUs: user + system, switches: process.resourceUsage().voluntaryContextSwitches };
}

async function main() {
    const settings = parse(process.argv.slice(2));
    const { messages } = settings;
    const client = await clients[settings.name](settings.address, TOPIC);
    const load = new Load(client, settings);
    await load.part(settings.warmup, performance.now() + settings.warmup_seconds * 1000);
    const stalled = watchLoop();
    const before = usage();
    await load.part(messages, 0);
    const after = usage();
    const [stallMs, stallCpuMs] = stalled();
    const seconds = (after.ms - before.ms) / 1000;
    const figures = {
        client: client.name,
        messages,
        accepted: load.accepted,
        failed: 0, // or else there are no figures
        cpu_us: (after.cpuUs - before.cpuUs) / messages,
        seconds,
        rate: messages / seconds,
        switches: (after.switches - before.switches) / messages,
        rss_kib: Number(/VmRSS:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1]),
        threads: readdirSync('/proc/self/task').length,
        stall_ms: stallMs,
        stall_cpu_ms: stallCpuMs,
    };
    await client.stop();
    const lines = Object.entries({ ...figures, end: 'ok' }).map(([name, value]) => `${name}\t${value}\n`);
    // Some leave open what would hold the process.
    const exit = client.exit ?? (() => process.exit(0));
    process.stdout.write(lines.join(''), exit);
}

main().catch(fail);
