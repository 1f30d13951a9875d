'use strict';
// Sends that wait for room in flight, in the order in which they were made. The library tells nobody that room came
// back: it may have after each event, and otherwise 10 ms later.

const { RocketMQError, aborted, fromFailure } = require('./error.js');
const { whenAborted } = require('./abort.js');
const queue = require('./queue.js');

const RETRY_MS = 10;
/** Each waiting send keeps its message; whoever makes more of them does not wait for any. */
const WAITING_MAX = 100000;
/** Sends that are made, or refused, in one go: the loop's other work has its turn in between. */
const AT_ONCE = 64;

/** A timer of Node's takes no more. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const QUEUE_FULL = -22;
const COMPLETION_FULL = -23;
const isFull = (failure) => failure[0] === QUEUE_FULL || failure[0] === COMPLETION_FULL;

class Room {
    /** A ring: `next` is the first one that waits, `previous` the last. An array would move all the others up. */
    #waiting = { next: undefined, previous: undefined };
    #count = 0;
    #late = []; // of them, those whose limit is over
    #timer;
    #soon;
    #pump = () => this.#next();
    #giveUp = (entry) => {
        this.#late.push(entry);
        this.#nextSoon();
    };

    constructor() {
        this.#waiting.next = this.#waiting.previous = this.#waiting;
    }

    /**
     * `attempt(leftMs)` makes the send and answers its promise, or the failure; the promise of what becomes of it.
     */
    enter(attempt, timeoutMs, signal) {
        if (this.#count === 0) {
            const made = attempt(timeoutMs);
            if (!Array.isArray(made)) return made;
            if (!isFull(made)) return Promise.reject(fromFailure(made));
        }
        if (this.#count >= WAITING_MAX) {
            return Promise.reject(
                new RocketMQError(`${WAITING_MAX} sends wait for room already`, 'ROCKETMQ_ERR_QUEUE_FULL', {
                    retriable: true,
                }),
            );
        }
        return new Promise((resolve, reject) => {
            const entry = {
                attempt,
                deadline: performance.now() + timeoutMs,
                timeoutMs,
                resolve,
                reject,
                forgetSignal: undefined,
                limit: undefined,
                next: this.#waiting,
                previous: this.#waiting.previous,
            };
            if (signal !== undefined) {
                entry.forgetSignal = whenAborted(signal, () => {
                    this.#leave(entry);
                    reject(aborted(signal, 'not-sent'));
                    this.#settleDown();
                });
            }
            // Whoever is first may have a longer limit than those behind it.
            if (timeoutMs <= TIMER_MAX_MS) entry.limit = setTimeout(this.#giveUp, timeoutMs, entry);
            entry.previous.next = entry.next.previous = entry;
            this.#count++;
            if (this.#timer !== undefined) return;
            this.#timer = setInterval(this.#pump, RETRY_MS);
            queue.watchers.add(this.#pump);
        });
    }

    #leave(entry) {
        entry.previous.next = entry.next;
        entry.next.previous = entry.previous;
        entry.next = undefined;
        this.#count--;
        clearTimeout(entry.limit);
        entry.forgetSignal?.();
    }

    #nextSoon() {
        this.#soon ??= setImmediate(() => {
            this.#soon = undefined;
            this.#next();
        });
    }

    #next() {
        let left = AT_ONCE;
        for (const entry of this.#late.splice(0, AT_ONCE)) {
            left--;
            if (entry.next !== undefined) this.#refuse(entry);
        }
        while (left > 0 && this.#count > 0 && this.#first(this.#waiting.next)) left--;
        if (this.#count === 0) this.#settleDown();
        else if (left === 0 || this.#late.length > 0) this.#nextSoon();
    }

    #refuse(entry) {
        this.#leave(entry);
        entry.reject(
            new RocketMQError(`no room in flight for ${entry.timeoutMs} ms`, 'ROCKETMQ_ERR_TIMEOUT', {
                retriable: true,
            }),
        );
    }

    /** Whether it waits no longer. */
    #first(entry) {
        const left = entry.deadline - performance.now();
        if (left <= 0) {
            this.#refuse(entry);
            return true;
        }
        const made = entry.attempt(left);
        if (Array.isArray(made) && isFull(made)) return false;
        this.#leave(entry);
        if (Array.isArray(made)) entry.reject(fromFailure(made));
        else entry.resolve(made);
        return true;
    }

    #settleDown() {
        if (this.#count > 0) return;
        this.#late = [];
        clearInterval(this.#timer);
        this.#timer = undefined;
        queue.watchers.delete(this.#pump);
    }
}

module.exports = { Room };
