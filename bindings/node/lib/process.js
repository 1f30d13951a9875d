'use strict';
// What belongs to the process and not to a producer: the log, process-wide settings, the table of keys.

const { native } = require('./native.js');
const { fromFailure, wrongType, checkText } = require('./error.js');
const queue = require('./queue.js');

const LEVELS = ['off', 'error', 'warn', 'info', 'debug', 'trace'];

/** Whoever writes the log must not disturb the ends of sends: what it throws is thrown from the loop, as by a
 * listener. */
function safely(write) {
    return (level, text) => {
        try {
            write(LEVELS[level] ?? 'trace', text);
        } catch (error) {
            queueMicrotask(() => {
                throw error;
            });
        }
    };
}

function setLogger(logger, level = 'warn') {
    const number = LEVELS.indexOf(level);
    if (number < 0) throw new RangeError(`level must be one of ${LEVELS.join(', ')}, not ${String(level)}`);
    let failure;
    if (logger === null || logger === undefined) {
        failure = native.processLog();
        queue.setLogListener(undefined);
    } else {
        let write = logger;
        // console.trace would print where it was called.
        if (logger === console) write = (name, text) => console[name === 'trace' ? 'debug' : name](text);
        else if (typeof logger === 'object') write = (name, text) => logger[name](text);
        if (typeof write !== 'function')
            throw wrongType('logger', 'a function, an object with a method for each level, or null', logger);
        const handle = queue.ensureOpen();
        queue.setLogListener(safely(write));
        failure = native.processLog(handle, number);
    }
    if (failure !== undefined) throw fromFailure(failure);
}

function setGlobal(key, value) {
    const failure = native.processSet(checkText('key', key), checkText('value', String(value)));
    if (failure !== undefined) throw fromFailure(failure);
}

function configKeys() {
    const keys = [];
    const table = native.processConfigKeys();
    for (let at = 0; at < table.length; at += 5) {
        const [name, type, defaultValue, description, live] = table.slice(at, at + 5);
        keys.push({ name, type, default: defaultValue, description, live: live === 1 });
    }
    return keys;
}

const [, , libraryVersion, buildInfo] = native.processVersions();

module.exports = { setLogger, setGlobal, configKeys, libraryVersion, buildInfo };
