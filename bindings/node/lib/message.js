'use strict';
// Makes of a message and of options what message.c reads, and refuses what it would misread.

const { isAnyArrayBuffer } = require('node:util/types');
const { RocketMQError, isWellFormed, wrongType, checkText, checkTimeout } = require('./error.js');

const TIMER_LEVEL = 1;
const TIMER_DELAY_MS = 2;
const TIMER_DELIVER_AT_MS = 3;
const SEND_NO_RETRY = 2;

function flattenBody(body) {
    if (body instanceof Uint8Array) return body;
    if (typeof body === 'string') {
        if (isWellFormed(body)) return body;
        throw new RocketMQError('body has half a surrogate pair, which is no text', 'ROCKETMQ_ERR_INVALID_UTF8');
    }
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    if (isAnyArrayBuffer(body)) return new Uint8Array(body);
    throw wrongType('body', 'a string, a typed array or an ArrayBuffer', body);
}

function flattenKeys(keys) {
    if (!Array.isArray(keys)) return text('keys', keys);
    for (const key of keys) {
        text('a key', key);
        if (/\s/.test(key)) throw new RocketMQError('a key has a blank inside', 'ROCKETMQ_ERR_INVALID_PROPERTY');
    }
    return keys.length === 0 ? undefined : keys.join(' ');
}

/** Text whose NULs the library refuses by itself, since it takes its length. */
function text(name, value) {
    if (typeof value !== 'string') throw wrongType(name, 'a string', value);
    if (isWellFormed(value)) return value;
    throw new RocketMQError(`${name} has half a surrogate pair, which is no text`, 'ROCKETMQ_ERR_INVALID_UTF8');
}

/** The wire form, whose separators must not be in names and values; the library checks the rest. */
const SEPARATORS = /[\x01\x02]/; // eslint-disable-line no-control-regex

function flattenProperties(properties) {
    if (typeof properties !== 'object' || properties === null) throw wrongType('properties', 'an object', properties);
    let packed = '';
    for (const name of Object.keys(properties)) {
        let value = properties[name];
        if (value === undefined) continue;
        if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') value = String(value);
        if (typeof value !== 'string')
            throw wrongType(`property ${JSON.stringify(name)}`, 'a string, number or boolean', value);
        if (SEPARATORS.test(name) || SEPARATORS.test(value)) {
            throw new RocketMQError(
                `property ${JSON.stringify(name)} has \\1 or \\2 inside`,
                'ROCKETMQ_ERR_INVALID_PROPERTY',
            );
        }
        packed += `${name}\x01${value}\x02`;
    }
    return packed === '' ? undefined : text('properties', packed);
}

function whole(name, value) {
    if (typeof value === 'bigint' && value === BigInt.asIntN(53, value)) value = Number(value);
    if (typeof value !== 'number') throw wrongType(name, 'a number', value);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${name} must be a whole number, not ${value}`);
    return value;
}

function flattenTimer(message) {
    const { delayLevel, delayMs, deliverAtMs } = message;
    const at = deliverAtMs instanceof Date ? deliverAtMs.getTime() : deliverAtMs;
    if ((delayLevel !== undefined) + (delayMs !== undefined) + (at !== undefined) > 1) {
        throw new RocketMQError(
            'delayLevel, delayMs and deliverAtMs exclude each other',
            'ROCKETMQ_ERR_INVALID_ARGUMENT',
        );
    }
    if (delayLevel !== undefined) return [TIMER_LEVEL, whole('delayLevel', delayLevel)];
    if (delayMs !== undefined) return [TIMER_DELAY_MS, whole('delayMs', delayMs)];
    if (at !== undefined) return [TIMER_DELIVER_AT_MS, whole('deliverAtMs', at)];
    return [0, 0];
}

function flattenMore(message) {
    const { shardingKey, flag, waitStore } = message;
    if (waitStore !== undefined && typeof waitStore !== 'boolean') throw wrongType('waitStore', 'a boolean', waitStore);
    const flagNumber = flag === undefined ? 0 : whole('flag', flag);
    if (flagNumber !== (flagNumber | 0)) throw new RangeError(`flag must be a number of 32 bits, not ${flag}`);
    const key = shardingKey === undefined ? undefined : checkText('shardingKey', shardingKey);
    return [key, ...flattenTimer(message), flagNumber, waitStore === false ? 0 : 1];
}

/** A message in the order of enum message_argument. */
class Flat {
    constructor(message) {
        if (typeof message !== 'object' || message === null) throw wrongType('message', 'an object', message);
        const { topic, body, tags, keys, properties } = message;
        this.topic = text('topic', topic);
        this.body = flattenBody(body);
        this.tags = tags === undefined || tags === null ? undefined : text('tags', tags);
        this.keys = keys === undefined || keys === null ? undefined : flattenKeys(keys);
        this.properties = properties === undefined || properties === null ? undefined : flattenProperties(properties);
        this.more =
            message.shardingKey === undefined &&
            message.delayLevel === undefined &&
            message.delayMs === undefined &&
            message.deliverAtMs === undefined &&
            message.flag === undefined &&
            message.waitStore === undefined
                ? undefined
                : flattenMore(message);
    }

    list() {
        return [this.topic, this.body, this.tags, this.keys, this.properties, this.more];
    }
}

/** Undefined where a send needs no options of its own. */
function flattenOptions(options) {
    if (options === undefined) return undefined;
    if (typeof options !== 'object' || options === null) throw wrongType('options', 'an object', options);
    const { timeoutMs, queue, retry } = options;
    if (timeoutMs === undefined && queue === undefined && retry !== false) return undefined;
    const flat = [checkTimeout(timeoutMs), retry === false ? SEND_NO_RETRY : 0, undefined, -1];
    if (queue !== undefined) {
        if (typeof queue !== 'object' || queue === null) throw wrongType('queue', 'an object', queue);
        flat[2] = checkText('queue.broker', queue.broker);
        flat[3] = whole('queue.queueId', queue.queueId);
        if (flat[3] !== (flat[3] | 0)) throw new RangeError(`queue.queueId is no queue: ${queue.queueId}`);
    }
    return flat;
}

module.exports = { Flat, flattenOptions };
