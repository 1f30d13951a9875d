// Sends a thousand messages with text of many scripts, and prints each as it was meant with where it was stored.
import { Producer } from 'rocketmq-producer';

const [namesrv, topic] = process.argv.slice(2);
const words = ['größe', 'Ключ', '消息队列', '🚀😀', 'עברית', 'ไทย', 'e\u0301', '\u{10FFFF}', 'x'.repeat(300)];
const producer = new Producer({ 'namesrv.addr': namesrv, 'producer.group': 'thousand', 'send.timeout.ms': 10000 });
await producer.start();
const messages = Array.from({ length: 1000 }, (_, index) => {
    const word = words[index % words.length];
    const body = index % 3 ? `${word} ${index}` : Buffer.from([index & 255, 0, 255, index >> 8]);
    return {
        topic,
        body,
        tags: `T${index % 7}`,
        keys: [`k${index}`, `K${word}`],
        properties: { index, [`n${word}`]: `${word}=${index}` },
    };
});
const results = await Promise.all(messages.map((message) => producer.send(message)));
for (const [index, { body, tags, keys, properties }] of messages.entries()) {
    const { messageId, broker, queueId, queueOffset, offsetId } = results[index];
    const sent = {
        bodyHex: Buffer.from(body).toString('hex'),
        tags,
        keys: keys.join(' '),
        properties: { ...properties, index: `${index}` },
    };
    console.log(JSON.stringify({ ...sent, messageId, broker, queueId, queueOffset, offsetId }));
}
await producer.close();
