'use strict';
// Where everything that was accepted ends: one completion queue for each thread of JavaScript, made with the first
// producer. A tag leads from an event to who waits for it; where nobody waits any more the tag leads nowhere.

const { whenAborted } = require('./abort.js');
const { native } = require('./native.js');
const { aborted, fromFailure, RocketMQError } = require('./error.js');

const EVENT_LOG = 5;
// Numbers of an event, as in queue.c.
const TAG = 0;
const KIND = 1;
const STATUS = 2;
const CODE = 3;
const QUEUE_ID = 4;
const QUEUE_OFFSET = 5;
const ATTEMPTS = 6;
const LATENCY_US = 7;
const ROW = 9;

/** Each waiting call has a thread; further ones wait for their turn. */
const JOBS_MAX = 16;

let handle; // the addon's queue, undefined until it is open
let rows;
let nextTag = 1; // 2^53 of them last for 285 years at a million a second
const open = new Map();
let held = false;
let onLog;
const watchers = new Set(); // called after each batch of events

/** Something is open: the process stays alive. */
function hold() {
    if (held) return;
    held = true;
    native.queueHold(handle, true);
}

function letGo() {
    if (!held || open.size > 0) return;
    held = false;
    native.queueHold(handle, false);
}

function ensureOpen() {
    if (handle !== undefined) return handle;
    const opened = native.queueOpen(dispatch, settleJob);
    if (opened === undefined)
        throw new RocketMQError('no completion queue: out of memory or descriptors', 'ROCKETMQ_ERR_SYSTEM');
    handle = opened[0];
    rows = new Float64Array(opened[1]);
    return handle;
}

/** Who waits for a tag. Holds its producer, so that it is not collected while something of it is open. */
class Waiter {
    constructor(producer, topic, Result) {
        this.producer = producer;
        this.topic = topic;
        this.Result = Result;
        this.resolve = undefined;
        this.reject = undefined;
        this.forgetSignal = undefined;
    }
}

/** The promise of what was accepted under this tag. */
function wait(tag, waiter, signal) {
    open.set(tag, waiter);
    if (!held) hold();
    const promise = new Promise((resolve, reject) => {
        waiter.resolve = resolve;
        waiter.reject = reject;
    });
    if (signal !== undefined) {
        waiter.forgetSignal = whenAborted(signal, () => {
            if (!open.delete(tag)) return;
            letGo();
            // What was accepted may be stored all the same.
            waiter.reject(aborted(signal, 'unknown'));
        });
    }
    return promise;
}

function take(tag) {
    const waiter = open.get(tag);
    if (waiter === undefined) return undefined;
    open.delete(tag);
    if (waiter.forgetSignal !== undefined) waiter.forgetSignal();
    return waiter;
}

/** Runs for each batch of events, on the loop. */
function dispatch(count, texts) {
    for (let index = 0; index < count; index++) {
        const at = index * ROW;
        const text = texts[index];
        if (rows[at + KIND] === EVENT_LOG) {
            if (onLog !== undefined) onLog(rows[at + CODE], text);
            continue;
        }
        const waiter = take(rows[at + TAG]);
        if (waiter === undefined) continue;
        if (rows[at + STATUS] !== 0) waiter.reject(fromFailure(text));
        else if (waiter.Result === undefined) waiter.resolve();
        else if (text === undefined)
            waiter.reject(
                new RocketMQError('stored, but no memory for the result', 'ROCKETMQ_ERR_SYSTEM', {
                    outcome: 'unknown',
                }),
            );
        else {
            waiter.resolve(
                new waiter.Result(
                    waiter.topic,
                    text,
                    rows[at + CODE],
                    rows[at + QUEUE_ID],
                    rows[at + QUEUE_OFFSET],
                    rows[at + ATTEMPTS],
                    rows[at + LATENCY_US],
                ),
            );
        }
    }
    for (const watcher of watchers) watcher();
    letGo();
}

const waitingJobs = [];
let runningJobs = 0;

function settleJob(tag, failure, value) {
    runningJobs--;
    const waiter = take(tag);
    if (waiter !== undefined) {
        if (failure === undefined) waiter.resolve(value);
        else waiter.reject(fromFailure(failure));
    }
    nextJobs();
    letGo();
}

function nextJobs() {
    while (runningJobs < JOBS_MAX && waitingJobs.length > 0) {
        const { kind, tag, timeoutMs, deadline, topic, handle } = waitingJobs.shift();
        if (!open.has(tag)) continue; // aborted while it waited
        const left = timeoutMs > 0 ? Math.max(deadline - Date.now(), 0) : timeoutMs;
        const failure = native.jobStart(kind, tag, open.get(tag).producer.handle, left, topic, handle);
        if (failure === undefined) runningJobs++;
        else take(tag).reject(fromFailure(failure));
    }
}

/** Has the library make a call that waits, on a thread of its own. */
function job(kind, producer, timeoutMs, signal, topic, handle) {
    if (signal?.aborted) return Promise.reject(aborted(signal, 'not-sent'));
    const tag = nextTag++;
    const promise = wait(tag, new Waiter(producer, topic, undefined), signal);
    waitingJobs.push({ kind, tag, timeoutMs, deadline: Date.now() + timeoutMs, topic, handle });
    nextJobs();
    letGo();
    return promise;
}

module.exports = {
    ensureOpen,
    job,
    wait,
    Waiter,
    tag: () => nextTag++,
    openCount: () => open.size,
    watchers,
    setLogListener(listener) {
        onLog = listener;
    },
};
