"""How long a loop is held up while 10,000 sends are in flight, by the clock and by the processor: loop.py NAMESRV."""

import asyncio
import collections
import sys
import time

from rocketmq_producer import AsyncProducer, Message

IN_FLIGHT = 10_000
ROUNDS = 10


async def main():
    pauses = []
    ending = False

    async def turns():
        last = time.perf_counter(), time.thread_time()
        while not ending:
            await asyncio.sleep(0)
            now = time.perf_counter(), time.thread_time()
            pauses.append((now[0] - last[0], now[1] - last[1]))
            last = now

    async with AsyncProducer({"namesrv.addr": sys.argv[1], "producer.group": "bench"}) as producer:
        await producer.send(Message("bench", b"x" * 1024))
        turning = asyncio.ensure_future(turns())
        for _ in range(ROUNDS):
            sends = collections.deque()
            while len(sends) < IN_FLIGHT + 1000:  # the last ones stand in line
                sends.extend(producer.send(Message("bench", b"x" * 1024)) for _ in range(100))
                await asyncio.sleep(0)
            # Not gather(), whose callbacks are the measurement's and not the producer's; nor all freed in one turn.
            while sends:
                send = sends.popleft()
                await (asyncio.sleep(0) if send.done() and len(sends) % 100 == 0 else send)
        ending = True
        await turning
    for name, which in (("clock", 0), ("processor", 1)):
        ms = sorted(pause[which] * 1000 for pause in pauses)
        longest = ", ".join(f"{turn:.1f}" for turn in ms[-3:])
        print(f"{name}: {len(ms)} turns, 99 % below {ms[len(ms) * 99 // 100]:.1f} ms, the longest {longest} ms")


asyncio.run(main())
