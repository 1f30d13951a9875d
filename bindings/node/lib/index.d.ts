/// <reference types="node" />

/** A body is sent as it is: text as UTF-8. */
export type Body = string | NodeJS.ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

export interface Message {
    topic: string;
    /** Not empty. */
    body: Body;
    /** The tag that consumers filter by. */
    tags?: string | null;
    /** Keys that the broker's index finds the message by: one text with blanks between them, or a list. */
    keys?: string | readonly string[] | null;
    /** The application's own properties. A member that is undefined is left out. */
    properties?: Readonly<Record<string, string | number | boolean | bigint | undefined>> | null;
    /**
     * Messages of one key go to one queue, in the order in which they are sent, whichever client sends them.
     */
    shardingKey?: string;
    /** Consumers get the message after the delay of this level: 1 to 18, by default 1 s to 2 h. Brokers of every
     * version. */
    delayLevel?: number;
    /** Consumers get the message so many milliseconds later. Brokers from 5.0.0 on. */
    delayMs?: number;
    /** Consumers get the message at this time, in milliseconds since 1970 if it is a number. Brokers from 5.0.0 on. */
    deliverAtMs?: number | bigint | Date;
    /** A number of the application's own, of 32 bits. */
    flag?: number;
    /** False: the broker answers before the message is flushed and replicated as it is configured. */
    waitStore?: boolean;
}

export interface Queue {
    /** The broker's name. */
    broker: string;
    queueId: number;
}

export interface WaitOptions {
    /** Limit of the whole call in milliseconds, `send.timeout.ms` unless given; Infinity for none. */
    timeoutMs?: number;
    /** Frees the caller at once, with an `AbortError`. What was begun goes on, and its end is dropped. */
    signal?: AbortSignal;
}

export interface SendOptions extends WaitOptions {
    /** Sends to this queue and nowhere else. */
    queue?: Queue;
    /** False: one attempt only. */
    retry?: boolean;
    /**
     * Waits for room where too much is in flight (`inflight.max.messages`, `inflight.max.bytes`), in the order of the
     * calls and within the time limit, instead of failing with `ROCKETMQ_ERR_QUEUE_FULL`.
     */
    waitForRoom?: boolean;
}

export type OnewayOptions = Pick<SendOptions, 'queue' | 'timeoutMs'>;

/** How well a message was stored. All four are successes. */
export type SendStatus = 'ok' | 'flush-disk-timeout' | 'flush-slave-timeout' | 'slave-not-available';

export declare class SendResult {
    protected constructor();
    readonly messageId: string;
    readonly topic: string;
    /** Name of the broker that stored it. */
    readonly broker: string;
    readonly queueId: number;
    /** The place in that queue; of a batch the first message's. */
    readonly queueOffset: number;
    readonly status: SendStatus;
    /** The id by which the broker finds the message in its log. */
    readonly offsetId: string;
    readonly transactionId: string;
    /** What `recall` takes a message with a timer back with, where the broker can (5.3.2 and later); else "". */
    readonly recallHandle: string;
    /** Tries made: 1 without a retry. */
    readonly attempts: number;
    /** Milliseconds from the call to the broker's answer, with fractions. */
    readonly latencyMs: number;
}

export declare class BatchResult extends SendResult {
    protected constructor();
    /** The ids of all messages, in their order. */
    readonly messageIds: readonly string[];
}

/** Did a broker store the message although the send failed? */
export type Outcome =
    /** Perhaps: a retry may duplicate. */
    | 'unknown'
    /** Certainly not. */
    | 'not-sent'
    /** A broker refused it. */
    | 'rejected';

/**
 * Why a call or a send failed. Mistakes in the types of arguments are `TypeError`s, in numbers that can be no limit
 * `RangeError`s.
 */
export declare class RocketMQError extends Error {
    protected constructor();
    /** The status's name, as "ROCKETMQ_ERR_TIMEOUT"; "ABORT_ERR" where a signal ended the wait. */
    readonly code: string;
    /** The status's number. */
    readonly status: number;
    readonly outcome: Outcome;
    /** The same call may succeed later. */
    readonly retriable: boolean;
    /** The response code of the broker or name server that refused. */
    readonly brokerCode?: number;
    readonly brokerRemark?: string;
    /** The broker concerned, "name@host:port". */
    readonly broker?: string;
    readonly messageId?: string;
    readonly attempts: number;
}

/** By the keys of the C library, as `{ 'namesrv.addr': '127.0.0.1:9876', 'producer.group': 'my_group' }`. */
export type Config = Readonly<Record<string, string | number | boolean | bigint | undefined>>;

export type State = 'created' | 'starting' | 'running' | 'closing' | 'closed' | 'failed';

export declare class Producer implements AsyncDisposable {
    /** Checks the whole configuration; no traffic. */
    constructor(config: Config);
    /** Connects to a name server; with `timeoutMs` 0 without waiting for one. */
    start(options?: WaitOptions): Promise<void>;
    /** Resolves when a broker has stored the message. */
    send(message: Message, options?: SendOptions): Promise<SendResult>;
    /** Asks for no answer: what is accepted may still be lost without a word. `flush` waits until it is written. */
    sendOneway(message: Message, options?: OnewayOptions): void;
    /** In one request, to one queue of one topic: the broker stores all of them or none. */
    sendBatch(messages: readonly Message[], options?: SendOptions): Promise<BatchResult>;
    /** Takes a message with a timer back; resolves to its id. */
    recall(topic: string, recallHandle: string, options?: WaitOptions): Promise<string>;
    /** Looks the topic up and connects to its brokers, so that the first send is fast. */
    prepareTopic(topic: string, options?: WaitOptions): Promise<void>;
    /** The writable queues, by broker name and id. */
    fetchQueues(topic: string, options?: WaitOptions): Promise<Queue[]>;
    /** Waits until everything sent before has ended. */
    flush(options?: WaitOptions): Promise<void>;
    /** Ends sends early with `ROCKETMQ_ERR_CANCELLED`: those that wait, those in flight, or both. */
    purge(what?: { waiting?: boolean; inFlight?: boolean }): void;
    /** Changes a live key (see `configKeys`) of a producer that runs. */
    update(key: string, value: string | number | boolean | bigint): void;
    /**
     * Refuses new sends and lets those in flight end; what is left at the limit ends with `ROCKETMQ_ERR_CLOSED`.
     * Resolves to whether everything ended by itself. Further calls get the same promise.
     */
    close(options?: Pick<WaitOptions, 'timeoutMs'>): Promise<boolean>;
    [Symbol.asyncDispose](): Promise<void>;
    /** What the producer has counted; docs/STATISTICS.md of the library says what each member means. */
    statistics(): Statistics;
    readonly state: State;
    /** Brokers that messages could be written to now. */
    readonly connected: number;
    /** Sends that hold room in flight. */
    readonly inFlight: number;
    /** The name by which brokers know this client; "" before the start. */
    readonly clientId: string;
}

/** Members may be added; `schema` is the version of their meaning. */
export interface Statistics {
    readonly schema: number;
    readonly state: string;
    readonly client_id: string;
    readonly group: string;
    readonly [member: string]: unknown;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** A method for each level, as console, pino and winston have. */
export type Logger = Readonly<Record<LogLevel, (text: string) => void>>;

/**
 * Has the lines of the whole process's library up to this level go to `logger`, on the thread that calls this; null has
 * warnings go to standard error again, as at first.
 */
export declare function setLogger(
    logger: Logger | ((level: LogLevel, text: string) => void) | null,
    level?: LogLevel | 'off',
): void;

/** Before the first start of the process: `runtime.worker.threads`, `runtime.callback.threads`,
 * `runtime.thread.prefix`. */
export declare function setGlobal(key: string, value: string | number): void;

export interface ConfigKey {
    readonly name: string;
    /** "int", "bool", "string", "duration", "bytes" or "enum:a|b". */
    readonly type: string;
    readonly default: string;
    readonly description: string;
    /** May be changed with `update`. */
    readonly live: boolean;
}

/** All configuration keys. */
export declare function configKeys(): ConfigKey[];

export declare const libraryVersion: string;
/** Commit, target and compiler of the native library: for bug reports. */
export declare const buildInfo: string;
