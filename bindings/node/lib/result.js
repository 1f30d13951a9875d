'use strict';
// What became of messages that were stored.

const SEND_STATUSES = ['ok', 'flush-disk-timeout', 'flush-slave-timeout', 'slave-not-available'];

/** Plain members, always the same ones in the same order: that is what V8 makes fastest and what prints best. */
class SendResult {
    constructor(topic, texts, status, queueId, queueOffset, attempts, latencyUs) {
        // The texts of a result as queue.c joins them, each with a NUL behind it.
        let start = 0;
        let end = texts.indexOf('\0');
        this.messageId = texts.slice(0, end);
        this.topic = topic;
        start = end + 1;
        end = texts.indexOf('\0', start);
        const offsetId = texts.slice(start, end);
        start = end + 1;
        end = texts.indexOf('\0', start);
        this.broker = texts.slice(start, end);
        this.queueId = queueId;
        this.queueOffset = queueOffset;
        this.status = SEND_STATUSES[status] ?? 'ok';
        this.offsetId = offsetId;
        start = end + 1;
        end = texts.indexOf('\0', start);
        this.transactionId = texts.slice(start, end);
        start = end + 1;
        this.recallHandle = texts.slice(start, texts.indexOf('\0', start));
        this.attempts = attempts;
        this.latencyMs = latencyUs / 1000;
    }
}

class BatchResult extends SendResult {
    constructor(topic, texts, status, queueId, queueOffset, attempts, latencyUs) {
        super(topic, texts, status, queueId, queueOffset, attempts, latencyUs);
        const rest = texts.split('\0');
        this.messageIds = [this.messageId, ...rest.slice(5, -1)];
    }
}

module.exports = { SendResult, BatchResult };
