'use strict';
// One listener for each signal, however many calls it may end: Node warns of more than ten of them.

/** Calls that are ended in one go, with an error for each: the loop's other work has its turn in between. */
const AT_ONCE = 64;

const calls = new WeakMap(); // signal → Set of functions

/** Has `onAbort` called when the signal aborts; the function that is answered takes that back. */
function whenAborted(signal, onAbort) {
    let waiting = calls.get(signal);
    if (waiting === undefined) {
        waiting = new Set();
        calls.set(signal, waiting);
    }
    if (waiting.size === 0) signal.addEventListener('abort', onAborted, { once: true });
    waiting.add(onAbort);
    return () => {
        if (waiting.delete(onAbort) && waiting.size === 0) signal.removeEventListener('abort', onAborted);
    };
}

function onAborted(event) {
    const waiting = calls.get(event.target);
    calls.delete(event.target);
    abortSome(waiting);
}

function abortSome(waiting) {
    let left = AT_ONCE;
    for (const onAbort of waiting) {
        if (left-- === 0) {
            setImmediate(abortSome, waiting);
            return;
        }
        waiting.delete(onAbort);
        onAbort();
    }
}

module.exports = { whenAborted };
