'use strict';
// Two copies of the package, and so of the library, in one process: each sends, and neither knows of the other.

const [namesrv, first, second] = process.argv.slice(2);

(async () => {
    const copies = [require(first), require(second)];
    if (copies[0].Producer === copies[1].Producer) throw new Error('one copy only');
    const producers = copies.map(
        ({ Producer }, index) => new Producer({ 'namesrv.addr': namesrv, 'producer.group': `copy_${index}` }),
    );
    await Promise.all(producers.map((producer) => producer.start()));
    const results = await Promise.all(
        Array.from({ length: 200 }, (_, index) => producers[index % 2].send({ topic: 'twice', body: `${index}` })),
    );
    console.log(new Set(results.map((result) => result.messageId)).size);
    await producers[0].close();
    await producers[1].send({ topic: 'twice', body: 'still there' });
    await producers[1].close();
})();
