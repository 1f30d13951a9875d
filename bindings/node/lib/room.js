'use strict';
// Sends that wait for room in flight, in the order in which they were made. The library tells nobody that room came
// back: it may have after each event, and otherwise 10 ms later.

const { RocketMQError, aborted, fromFailure } = require('./error.js');
const { whenAborted } = require('./abort.js');
const queue = require('./queue.js');

const RETRY_MS = 10;
/** Each waiting send keeps its message; whoever makes more of them does not wait for any. */
const WAITING_MAX = 100000;

const QUEUE_FULL = -22;
const COMPLETION_FULL = -23;
const isFull = (failure) => failure[0] === QUEUE_FULL || failure[0] === COMPLETION_FULL;

class Room {
    #waiting = [];
    #timer;
    #pump = () => this.#next();

    /**
     * `attempt(leftMs)` makes the send and answers its promise, or the failure; the promise of what becomes of it.
     */
    enter(attempt, timeoutMs, signal) {
        if (this.#waiting.length === 0) {
            const made = attempt(timeoutMs);
            if (made instanceof Promise) return made;
            if (!isFull(made)) return Promise.reject(fromFailure(made));
        }
        if (this.#waiting.length >= WAITING_MAX) {
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
            };
            if (signal !== undefined) {
                entry.forgetSignal = whenAborted(signal, () => {
                    this.#waiting.splice(this.#waiting.indexOf(entry), 1);
                    reject(aborted(signal, 'not-sent'));
                    this.#settleDown();
                });
            }
            this.#waiting.push(entry);
            if (this.#timer !== undefined) return;
            this.#timer = setInterval(this.#pump, RETRY_MS);
            queue.watchers.add(this.#pump);
        });
    }

    #next() {
        while (this.#waiting.length > 0) {
            const entry = this.#waiting[0];
            const left = entry.deadline - performance.now();
            const made = left > 0 ? entry.attempt(left) : undefined;
            if (Array.isArray(made) && isFull(made)) return;
            this.#waiting.shift();
            entry.forgetSignal?.();
            if (made instanceof Promise) entry.resolve(made);
            else if (made !== undefined) entry.reject(fromFailure(made));
            else
                entry.reject(
                    new RocketMQError(`no room in flight for ${entry.timeoutMs} ms`, 'ROCKETMQ_ERR_TIMEOUT', {
                        retriable: true,
                    }),
                );
        }
        this.#settleDown();
    }

    #settleDown() {
        if (this.#waiting.length > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
        queue.watchers.delete(this.#pump);
    }
}

module.exports = { Room };
