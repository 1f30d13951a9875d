'use strict';
// One listener for each signal, however many calls it may end: Node warns of more than ten of them.

const calls = new WeakMap(); // signal → Set of functions

/** Has `onAbort` called when the signal aborts; the function that is answered takes that back. */
function whenAborted(signal, onAbort) {
    let waiting = calls.get(signal);
    if (waiting === undefined) {
        waiting = new Set();
        calls.set(signal, waiting);
    }
    if (waiting.size === 0) signal.addEventListener('abort', abortAll, { once: true });
    waiting.add(onAbort);
    return () => {
        if (waiting.delete(onAbort) && waiting.size === 0) signal.removeEventListener('abort', abortAll);
    };
}

function abortAll(event) {
    const waiting = calls.get(event.target);
    calls.delete(event.target);
    for (const onAbort of waiting) onAbort();
}

module.exports = { whenAborted };
