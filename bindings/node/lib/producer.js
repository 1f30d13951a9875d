'use strict';
// The producer: checks what it is given, makes the call, and says how it ends. Nothing here waits on the loop.

const { native } = require('./native.js');
const { RocketMQError, aborted, fromFailure, inBatch, wrongType, checkText, checkTimeout } = require('./error.js');
const { Flat, flattenOptions } = require('./message.js');
const { SendResult, BatchResult } = require('./result.js');
const { Room } = require('./room.js');
const queue = require('./queue.js');

const STATES = ['created', 'starting', 'running', 'closing', 'closed', 'failed'];
const CLOSED = 'ROCKETMQ_ERR_CLOSED';
const TIMEOUT = 'ROCKETMQ_ERR_TIMEOUT';
/** Until ends that were cut off have been told, also on a busy machine. */
const CUT_OFF_MS = 10000;
const PURGE_WAITING = 1;
const PURGE_IN_FLIGHT = 2;
// Calls that wait, as in job.c.
const START = 0;
const PREPARE_TOPIC = 1;
const FETCH_QUEUES = 2;
const RECALL = 3;

/** What a call has answered, its failure thrown. */
function ok(answer) {
    if (Array.isArray(answer)) throw fromFailure(answer);
    return answer;
}

/** That sends were cut off is no failure of a close. */
function unlessClosed(error) {
    if (error.code !== CLOSED) throw error;
}

function flattenConfig(config) {
    if (typeof config !== 'object' || config === null) throw wrongType('config', 'an object', config);
    const pairs = [];
    for (const key of Object.keys(config)) {
        const value = config[key];
        if (value !== undefined) pairs.push(checkText('a key', key), configText(key, value));
    }
    return pairs;
}

function configText(key, value) {
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
    if (typeof value !== 'string') throw wrongType(key, 'a string, number or boolean', value);
    return checkText(key, value);
}

function flatInBatch(message, index) {
    try {
        return new Flat(message);
    } catch (error) {
        if (error instanceof Error) {
            error.message = inBatch(index, error.message);
            Error.captureStackTrace(error); // the stack begins with the message
        }
        throw error;
    }
}

function signalOf(options) {
    const signal = options?.signal;
    if (signal === undefined || signal === null) return undefined;
    // As Node does: a signal of another realm, or a polyfill, is one too.
    if (typeof signal !== 'object' || !('aborted' in signal)) throw wrongType('signal', 'an AbortSignal', signal);
    return signal;
}

class Producer {
    #handle;
    #sendTimeoutMs;
    #closing;
    #room;
    #lastStatistics;

    constructor(config) {
        const pairs = flattenConfig(config);
        const made = native.producerCreate(pairs, queue.ensureOpen());
        if (made.length !== 2) throw fromFailure(made);
        this.#handle = made[0];
        this.#sendTimeoutMs = Number(made[1]);
    }

    /** The addon's producer, for queue.js; undefined once closed. */
    get handle() {
        return this.#handle;
    }

    #open() {
        if (this.#handle === undefined) throw new RocketMQError('the producer is closed', CLOSED);
        return this.#handle;
    }

    async start(options = undefined) {
        await this.#job(START, options);
    }

    send(message, options = undefined) {
        try {
            const flat = new Flat(message);
            if (options !== undefined) return this.#sendWith(flat, options);
            return ok(this.#send(flat, undefined, undefined));
        } catch (error) {
            return Promise.reject(error);
        }
    }

    #sendWith(flat, options) {
        const flatOptions = flattenOptions(options);
        const signal = signalOf(options);
        if (signal?.aborted) throw aborted(signal, 'not-sent');
        if (options.waitForRoom === true)
            return this.#whenThereIsRoom((own) => this.#send(flat, own, signal), flatOptions, signal);
        return ok(this.#send(flat, flatOptions, signal));
    }

    /** The promise of an accepted send, or the failure. */
    #send(flat, flatOptions, signal) {
        const tag = queue.nextTag();
        const failure = native.sendMessage(
            this.#open(),
            tag,
            flat.topic,
            flat.body,
            flat.tags,
            flat.keys,
            flat.properties,
            flat.more,
            flatOptions,
        );
        return failure ?? queue.wait(tag, this, signal, flat.topic, SendResult);
    }

    #whenThereIsRoom(send, flatOptions, signal) {
        this.#room ??= new Room();
        const own = flatOptions ?? [-2, 0, undefined, -1];
        const limit = own[0] === -2 ? this.#sendTimeoutMs : own[0] === -1 ? Infinity : own[0];
        return this.#room.enter(
            (left) => {
                try {
                    return send([left === Infinity ? -1 : Math.max(Math.ceil(left), 1), ...own.slice(1)]);
                } catch (error) {
                    return Promise.reject(error);
                }
            },
            limit,
            signal,
        );
    }

    sendOneway(message, options = undefined) {
        const flat = new Flat(message);
        ok(
            native.sendOneway(
                this.#open(),
                flat.topic,
                flat.body,
                flat.tags,
                flat.keys,
                flat.properties,
                flat.more,
                flattenOptions(options),
            ),
        );
    }

    async sendBatch(messages, options = undefined) {
        if (!Array.isArray(messages)) throw wrongType('messages', 'an array', messages);
        const flats = messages.map(flatInBatch);
        const flatOptions = flattenOptions(options);
        const signal = signalOf(options);
        if (signal?.aborted) throw aborted(signal, 'not-sent');
        const list = flats.map((flat) => flat.list());
        const send = (own) => {
            const tag = queue.nextTag();
            const failure = native.sendBatch(this.#open(), tag, list, own);
            return failure ?? queue.wait(tag, this, signal, flats[0].topic, BatchResult);
        };
        if (options?.waitForRoom === true) return this.#whenThereIsRoom(send, flatOptions, signal);
        return ok(send(flatOptions));
    }

    async #job(kind, options, topic = undefined, recallHandle = undefined) {
        const timeoutMs = checkTimeout(options?.timeoutMs);
        this.#open();
        return queue.job(
            kind,
            this,
            timeoutMs === -2 ? this.#sendTimeoutMs : timeoutMs,
            signalOf(options),
            topic,
            recallHandle,
        );
    }

    async recall(topic, recallHandle, options = undefined) {
        return this.#job(RECALL, options, checkText('topic', topic), checkText('recallHandle', recallHandle));
    }

    async prepareTopic(topic, options = undefined) {
        await this.#job(PREPARE_TOPIC, options, checkText('topic', topic));
    }

    async fetchQueues(topic, options = undefined) {
        const list = await this.#job(FETCH_QUEUES, options, checkText('topic', topic));
        const queues = [];
        for (let at = 0; at < list.length; at += 2) queues.push({ broker: list[at], queueId: list[at + 1] });
        return queues;
    }

    async flush(options = undefined) {
        const timeoutMs = checkTimeout(options?.timeoutMs);
        const signal = signalOf(options);
        if (signal?.aborted) throw aborted(signal, 'not-sent');
        const tag = queue.nextTag();
        ok(native.producerFlush(this.#open(), tag, timeoutMs));
        await queue.wait(tag, this, signal);
    }

    purge({ waiting = true, inFlight = true } = {}) {
        ok(native.producerPurge(this.#open(), (waiting ? PURGE_WAITING : 0) | (inFlight ? PURGE_IN_FLIGHT : 0)));
    }

    update(key, value) {
        ok(native.producerUpdate(this.#open(), checkText('key', key), configText(key, value)));
    }

    close(options = undefined) {
        this.#closing ??= this.#close(options).catch((error) => {
            this.#closing = undefined;
            throw error;
        });
        return this.#closing;
    }

    async #close(options) {
        const timeoutMs = checkTimeout(options?.timeoutMs);
        let clean = true;
        try {
            await this.#shutDown(timeoutMs);
        } catch (error) {
            clean = false;
            // What was cut off is on its way, and the library asks to be called again.
            if (error.code === TIMEOUT) await this.#shutDown(CUT_OFF_MS).catch(unlessClosed);
            else unlessClosed(error);
        }
        this.#lastStatistics = native.producerStats(this.#handle);
        native.producerDestroy(this.#handle);
        this.#handle = undefined;
        return clean;
    }

    async #shutDown(timeoutMs) {
        const tag = queue.nextTag();
        ok(native.producerShutdown(this.#handle, tag, timeoutMs));
        await queue.wait(tag, this);
    }

    async [Symbol.asyncDispose]() {
        await this.close();
    }

    statistics() {
        const json = this.#handle === undefined ? this.#lastStatistics : native.producerStats(this.#handle);
        if (typeof json !== 'string') throw fromFailure(json);
        return JSON.parse(json);
    }

    get state() {
        return this.#handle === undefined ? 'closed' : STATES[native.producerNumbers(this.#handle)[0]];
    }

    get connected() {
        return this.#handle === undefined ? 0 : native.producerNumbers(this.#handle)[1];
    }

    get inFlight() {
        return this.#handle === undefined ? 0 : native.producerNumbers(this.#handle)[2];
    }

    get clientId() {
        return this.#handle === undefined ? '' : native.producerClientId(this.#handle);
    }
}

module.exports = { Producer };
