'use strict';
// One measurement: node measure.js CLIENT ADDRESS WINDOW SECONDS BODY_BYTES. Prints it as JSON.

const { clients } = require('./clients.js');

/** The longest time for which a timer of 1 ms did not run. */
function watchLoop() {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
    }, 1);
    return () => {
        clearInterval(timer);
        return longest;
    };
}

/** `window` sends are under way until the time is over; how many there were. */
async function load(client, window, seconds, body) {
    const end = performance.now() + seconds * 1000;
    let sends = 0;
    const lane = async () => {
        while (performance.now() < end) {
            await client.send(body);
            sends++;
        }
    };
    const lanes = [];
    while (lanes.length < window) {
        lanes.push(lane());
        // A program that makes thousands of sends in one turn holds its loop up by itself.
        if (lanes.length % 100 === 0) await new Promise(setImmediate);
    }
    await Promise.all(lanes);
    return sends;
}

(async () => {
    const [name, address, window, seconds, bytes] = process.argv.slice(2);
    const body = Buffer.alloc(Number(bytes), 'x');
    const client = await clients[name](address);
    await load(client, Number(window), 1, body); // until it is compiled
    const stalled = watchLoop();
    const cpu = process.cpuUsage();
    const begun = performance.now();
    const sends = await load(client, Number(window), Number(seconds), body);
    const { user, system } = process.cpuUsage(cpu);
    const elapsed = (performance.now() - begun) / 1000;
    console.log(
        JSON.stringify({
            perSecond: sends / elapsed,
            cpuUs: (user + system) / sends,
            rssMb: process.memoryUsage.rss() / 1e6,
            stallMs: stalled(),
        }),
    );
    await client.stop();
    process.exit(0);
})();
