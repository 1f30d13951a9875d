'use strict';
// Where everything that was accepted ends: one completion queue for each thread of JavaScript, made with the first
// producer. A tag leads from an event to who waits for it, and is free for the next call when its one event has come.

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
const waiters = []; // by tag
const free = []; // tags of no call
let openCount = 0; // calls that somebody waits for
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
    if (!held || openCount > 0) return;
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

/**
 * Who waits for a tag. It serves one call after the other: what is made for each of ten thousand open ones is what the
 * collector copies while the loop stands still.
 */
class Waiter {
    /** Keeps it from being collected while something of it is open. Undefined where nobody waits any more. */
    producer = undefined;
    topic = undefined;
    Result = undefined;
    forgetSignal = undefined;
    /** Of a promise that was made here. */
    resolve = undefined;
    reject = undefined;

    leave() {
        if (this.forgetSignal !== undefined) this.forgetSignal();
        this.producer = this.topic = this.Result = this.forgetSignal = this.resolve = this.reject = undefined;
        openCount--;
    }
}

/** Beyond so many open calls the addon makes the promises: slower, but each is all that the collector has to copy. */
const FEW = 1000;

let resolveMade;
let rejectMade;
function keepMade(resolve, reject) {
    resolveMade = resolve;
    rejectMade = reject;
}

/** The tag of the next call. Once the call is accepted, wait() takes it, in the same breath. */
function nextTag() {
    if (free.length === 0) free.push(waiters.push(new Waiter()) - 1);
    return free[free.length - 1];
}

/** The promise of what was accepted under this tag. */
function wait(tag, producer, signal, topic, Result) {
    const waiter = waiters[tag];
    free.pop();
    waiter.producer = producer;
    waiter.topic = topic;
    waiter.Result = Result;
    let promise = openCount++ < FEW ? undefined : native.promiseOpen(handle, tag);
    if (promise === undefined) {
        promise = new Promise(keepMade);
        waiter.resolve = resolveMade;
        waiter.reject = rejectMade;
    }
    if (!held) hold();
    if (signal !== undefined) leaveWhenAborted(tag, waiter, signal);
    return promise;
}

function leaveWhenAborted(tag, waiter, signal) {
    waiter.forgetSignal = whenAborted(signal, () => {
        // What was accepted may be stored all the same.
        tell(tag, aborted(signal, 'unknown'), true);
        letGo();
    });
}

/** Ends the promise of a tag, for which nobody waits from here on. */
function tell(tag, value, rejected) {
    const waiter = waiters[tag];
    const { resolve, reject } = waiter;
    waiter.leave();
    if (resolve === undefined) native.promiseSettle(handle, tag, value, rejected);
    else if (rejected) reject(value);
    else resolve(value);
}

/** The one event of a tag has come, or never will: whoever waits for it is told so. */
function settle(tag, value, rejected) {
    if (waiters[tag].producer !== undefined) tell(tag, value, rejected);
    free.push(tag);
}

function resultLost() {
    return new RocketMQError('stored, but no memory for the result', 'ROCKETMQ_ERR_SYSTEM', { outcome: 'unknown' });
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
        const tag = rows[at + TAG] | 0;
        const { topic, Result } = waiters[tag];
        if (rows[at + STATUS] !== 0) settle(tag, fromFailure(text), true);
        else if (Result === undefined) settle(tag, undefined, false);
        else if (text === undefined) settle(tag, resultLost(), true);
        else {
            const result = new Result(
                topic,
                text,
                rows[at + CODE],
                rows[at + QUEUE_ID],
                rows[at + QUEUE_OFFSET],
                rows[at + ATTEMPTS],
                rows[at + LATENCY_US],
            );
            settle(tag, result, false);
        }
    }
    for (const watcher of watchers) watcher();
    letGo();
}

const waitingJobs = [];
let runningJobs = 0;

function settleJob(tag, failure, value) {
    runningJobs--;
    if (failure === undefined) settle(tag, value, false);
    else settle(tag, fromFailure(failure), true);
    nextJobs();
    letGo();
}

function nextJobs() {
    while (runningJobs < JOBS_MAX && waitingJobs.length > 0) {
        const { kind, tag, timeoutMs, deadline, topic, recallHandle } = waitingJobs.shift();
        const { producer } = waiters[tag];
        if (producer === undefined) {
            free.push(tag); // aborted while it waited
            continue;
        }
        const left = timeoutMs > 0 ? Math.max(deadline - Date.now(), 0) : timeoutMs;
        const failure = native.jobStart(kind, tag, producer.handle, left, topic, recallHandle);
        if (failure === undefined) runningJobs++;
        else settle(tag, fromFailure(failure), true);
    }
}

/** Has the library make a call that waits, on a thread of its own. */
function job(kind, producer, timeoutMs, signal, topic, recallHandle) {
    if (signal?.aborted) throw aborted(signal, 'not-sent');
    const tag = nextTag();
    const promise = wait(tag, producer, signal);
    waitingJobs.push({ kind, tag, timeoutMs, deadline: Date.now() + timeoutMs, topic, recallHandle });
    nextJobs();
    letGo();
    return promise;
}

module.exports = {
    ensureOpen,
    job,
    wait,
    nextTag,
    openCount: () => openCount,
    watchers,
    setLogListener(listener) {
        onLog = listener;
    },
};
