'use strict';
// One class for everything the library refuses or fails at, with what it knows about it.

const { native } = require('./native.js');

const names = new Map();
const numbers = new Map();
const table = native.processStatuses();
for (let at = 0; at < table.length; at += 2) {
    names.set(table[at], table[at + 1]);
    numbers.set(table[at + 1], table[at]);
}

/** By the numbers of the C API. */
const OUTCOMES = ['unknown', 'not-sent', 'rejected'];

class RocketMQError extends Error {
    constructor(message, code, details = {}, options = undefined) {
        super(message, options);
        this.code = code;
        this.status = numbers.get(code) ?? details.status;
        this.outcome = details.outcome ?? 'not-sent';
        this.retriable = details.retriable ?? false;
        this.brokerCode = details.brokerCode;
        this.brokerRemark = details.brokerRemark;
        this.broker = details.broker;
        this.messageId = details.messageId;
        this.attempts = details.attempts ?? 0;
    }
}
// On the prototype, so that it is no own property which every printed error repeats.
Object.defineProperty(RocketMQError.prototype, 'name', { value: 'RocketMQError', writable: true, configurable: true });

/** As the library says which message of a batch it means. */
const inBatch = (index, text) => `message ${index}: ${text}`;

/** The error of a failure as values.c writes it. */
function fromFailure(failure) {
    const [status, text, outcome, retriable, brokerCode, brokerRemark, broker, messageId, attempts, index] = failure;
    const message = index === undefined ? text : inBatch(index, text);
    return new RocketMQError(message, names.get(status) ?? 'ROCKETMQ_STATUS_UNKNOWN', {
        status,
        outcome: OUTCOMES[outcome] ?? 'unknown',
        retriable: retriable === 1,
        brokerCode: brokerCode === -1 ? undefined : brokerCode,
        brokerRemark: brokerRemark || undefined,
        broker: broker || undefined,
        messageId: messageId || undefined,
        attempts,
    });
}

/** As Node's own calls report it: an AbortError whose cause is the signal's reason. */
function aborted(signal, outcome) {
    const error = new RocketMQError(
        'The operation was aborted',
        'ABORT_ERR',
        { status: numbers.get('ROCKETMQ_ERR_CANCELLED'), outcome },
        { cause: signal.reason },
    );
    error.name = 'AbortError';
    return error;
}

function wrongType(name, expected, actual) {
    const error = new TypeError(`${name} must be ${expected}, not ${actual === null ? 'null' : typeof actual}`);
    error.code = 'ERR_INVALID_ARG_TYPE';
    return error;
}

/** Without half a surrogate pair. Node 18 does not know the method. */
const isWellFormed = String.prototype.isWellFormed
    ? (text) => text.isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

/** Text that can be sent as it is: V8 would replace half a surrogate pair in silence, and C ends a text at a NUL. */
function checkText(name, value) {
    if (typeof value !== 'string') throw wrongType(name, 'a string', value);
    if (!isWellFormed(value))
        throw new RocketMQError(`${name} has half a surrogate pair, which is no text`, 'ROCKETMQ_ERR_INVALID_UTF8');
    if (value.includes('\0')) throw new RocketMQError(`${name} has a NUL inside`, 'ROCKETMQ_ERR_INVALID_ARGUMENT');
    return value;
}

/** The C API's number for a limit: undefined is send.timeout.ms, Infinity none. */
function checkTimeout(value) {
    if (value === undefined) return -2;
    if (value === Infinity) return -1;
    if (typeof value !== 'number') throw wrongType('timeoutMs', 'a number', value);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new RangeError(`timeoutMs must be a whole number of milliseconds or Infinity, not ${value}`);
}

module.exports = { RocketMQError, isWellFormed, inBatch, fromFailure, aborted, wrongType, checkText, checkTimeout };
