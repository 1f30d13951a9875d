// Compiled by the tests, as CommonJS and as a module, and never run: what must and must not be accepted.
import {
    Producer,
    RocketMQError,
    SendResult,
    configKeys,
    setLogger,
    setGlobal,
    buildInfo,
    type Message,
    type Queue,
} from 'rocketmq-producer';

export async function use(signal: AbortSignal): Promise<string> {
    setGlobal('runtime.worker.threads', 1);
    setLogger(console, 'info');
    setLogger((level, text) => void `${level} ${text}`);
    setLogger(null);
    await using producer = new Producer({
        'namesrv.addr': '127.0.0.1:9876',
        'producer.group': 'g',
        'send.retries': 2,
        'batch.auto': true,
    });
    await producer.start({ timeoutMs: 1000, signal });
    const message: Message = {
        topic: 't',
        body: new Uint8Array(3),
        tags: 'a',
        keys: ['k'],
        properties: { a: 1, b: true, c: 'd' },
        deliverAtMs: new Date(),
    };
    const result: SendResult = await producer.send(message, { timeoutMs: 5, signal, waitForRoom: true, retry: false });
    const [queue]: Queue[] = await producer.fetchQueues('t');
    const batch = await producer.sendBatch([message], queue && { queue });
    producer.sendOneway({ topic: 't', body: Buffer.from('x') });
    const ids: readonly string[] = batch.messageIds;
    const recalled: string = await producer.recall('t', result.recallHandle);
    const clean: boolean = await producer.close({ timeoutMs: 100 });
    const live: boolean = configKeys().every((key) => key.live);
    const uptime: unknown = producer.statistics().uptime_ms;
    try {
        await producer.flush();
    } catch (error) {
        if (error instanceof RocketMQError && error.outcome === 'unknown')
            return `${error.code} ${error.brokerCode ?? 0}`;
    }
    // @ts-expect-error a message has a body
    await producer.send({ topic: 't' });
    // @ts-expect-error a body is no number
    await producer.send({ topic: 't', body: 5 });
    // @ts-expect-error there is no such option
    await producer.send(message, { timeout: 5 });
    // @ts-expect-error results are read only
    result.messageId = '';
    // @ts-expect-error results are made by the library
    new SendResult();
    // @ts-expect-error one-way sends have no end that a signal could free from
    producer.sendOneway(message, { signal });
    // @ts-expect-error there is no such outcome
    if ((null as unknown as RocketMQError).outcome === 'lost') return '';
    return `${ids[0]} ${recalled} ${clean} ${live} ${uptime} ${buildInfo} ${producer.state}`;
}
