"""A client of the comparison, under the loop that all of them get (bench/c/loop.h): NAME NAMESRV PHASE key=value...

`asyncio` and `futures` are this package's asynchronous sends, `ours` its others; `rocketmq` is the package of that
name; `ctypes` and `ctypes-callbacks` send as a binding without an extension would, told by a completion queue or by
callbacks. Sends until a limit is outstanding and goes on at half of it. A failure ends the run: it is worth nothing.
"""

import asyncio
import collections
import contextlib
import contextvars
import gc
import importlib.metadata
import os
import re
import resource
import sys
import time
from pathlib import Path

TOPIC = "bench-0"
# A program that sends or takes thousands in one turn of an event loop holds it up by itself.
A_TURN = 100


class Settings:
    def __init__(self, name, namesrv, phase, *pairs):
        if (name, phase) not in CLIENTS:
            raise SystemExit(f"there is no {phase} of {name}")
        self.name, self.namesrv, self.phase = name, namesrv, phase
        numbers = {"messages": 100_000, "warmup": 10_000, "warmup_seconds": 0, "body": 1024, "window": 256}
        fixed = {"threads": "1", "topics": "1", "format": "json"}
        for pair in pairs:
            key, _, value = pair.partition("=")
            if key in numbers:
                numbers[key] = int(value)
            elif fixed.get(key) != value:
                raise SystemExit(f"{pair} cannot be had")
        self.messages, self.warmup, self.warmup_seconds = (numbers[key] for key in list(numbers)[:3])
        self.body, self.window = os.urandom(numbers["body"]), numbers["window"]

    @property
    def config(self):
        return {"namesrv.addr": self.namesrv, "producer.group": "bench", "compress.type": "none"}


class Sends:
    """How many a part takes: a number, and what comes until a time."""

    def __init__(self, count, seconds=0):
        self.count, self.until, self.made = count, time.perf_counter() + seconds, 0

    def __iter__(self):
        while self.made < self.count or time.perf_counter() < self.until:
            self.made += 1
            yield self.made


def in_a_loop(send, settings):
    """Sends that end in futures of the event loop, and are counted as they end: futures that have ended and are kept
    all the same grow old by the thousand, and the collector looks at everything again and again."""

    async def part(sends):
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        outstanding, level, reached = 0, 0, None

        def ended(future):
            nonlocal outstanding
            outstanding -= 1
            if future.exception():
                raise SystemExit(f"a send failed: {future.exception()}")
            if reached and outstanding == level:
                reached.set_result(None)

        async def down_to(limit):
            nonlocal level, reached
            if outstanding > limit:
                level, reached = limit, loop.create_future()
                await reached
                reached = None

        for number in sends:
            if outstanding == settings.window:
                await down_to(settings.window // 2)
            if number % A_TURN == 0:
                await asyncio.sleep(0)
            outstanding += 1
            send().add_done_callback(ended, context=context)
        await down_to(0)
        return sends.made

    return part


def each(send, fence=None):
    """Sends one by one; a fence, which is a send too, is answered when all before it have been read."""

    async def part(sends):
        for _ in sends:
            send()
        if fence:
            fence()
        return sends.made + bool(fence)

    return part


@contextlib.asynccontextmanager
async def asynchronous(settings):
    from rocketmq_producer import AsyncProducer, Message

    async with AsyncProducer(settings.config) as producer:
        yield in_a_loop(lambda: producer.send(Message(TOPIC, settings.body)), settings)


@contextlib.asynccontextmanager
async def futures(settings):
    from rocketmq_producer import Message, Producer

    with Producer(settings.config) as producer:

        async def part(sends):
            outstanding = collections.deque()
            for _ in sends:
                if len(outstanding) == settings.window:
                    while len(outstanding) > settings.window // 2:
                        outstanding.popleft().result()
                outstanding.append(producer.send_future(Message(TOPIC, settings.body)))
            while outstanding:
                outstanding.popleft().result()
            return sends.made

        yield part


@contextlib.asynccontextmanager
async def ours(settings):
    from rocketmq_producer import Message, Producer

    with Producer(settings.config) as producer:

        def fence():
            producer.flush()
            producer.send(Message(TOPIC, settings.body))

        if settings.phase == "sync":
            yield each(lambda: producer.send(Message(TOPIC, settings.body)))
        else:
            yield each(lambda: producer.send_oneway(Message(TOPIC, settings.body)), fence)


@contextlib.asynccontextmanager
async def rocketmq(settings):
    from rocketmq.client import Message, Producer

    def message():
        made = Message(TOPIC)
        made.set_body(settings.body)
        return made

    producer = Producer("bench")
    producer.set_namesrv_addr(settings.namesrv)
    producer.start()
    if settings.phase == "sync":
        yield each(lambda: producer.send_sync(message()))
    else:
        yield each(lambda: producer.send_oneway(message()), lambda: producer.send_sync(message()))
    producer.shutdown()


@contextlib.asynccontextmanager
async def through_ctypes(settings):
    from with_ctypes import Producer

    producer = Producer(settings.config, TOPIC, callbacks=settings.name == "ctypes-callbacks")
    yield in_a_loop(lambda: producer.send(settings.body), settings)
    producer.close()


CLIENTS = {
    ("asyncio", "async"): asynchronous,
    ("futures", "async"): futures,
    ("ours", "sync"): ours,
    ("ours", "oneway"): ours,
    ("rocketmq", "sync"): rocketmq,
    ("rocketmq", "oneway"): rocketmq,
    ("ctypes", "async"): through_ctypes,
    ("ctypes-callbacks", "async"): through_ctypes,
}


class Watch:
    """The longest time for which a timer of a millisecond did not run, by the clock and by what this thread ran of it."""

    CLOCKS = time.perf_counter, time.thread_time

    def __init__(self):
        self.longest, self.last = [0, 0], [clock() for clock in self.CLOCKS]
        self.loop = asyncio.get_running_loop()
        self.timer = self.loop.call_later(0.001, self.turn)

    def look(self):
        now = [clock() for clock in self.CLOCKS]
        self.longest = [max(most, a - b) for most, a, b in zip(self.longest, now, self.last)]
        self.last = now

    def turn(self):
        self.look()
        self.timer = self.loop.call_later(0.001, self.turn)

    def end(self):
        self.look()
        self.timer.cancel()
        return zip(("stall_ms", "stall_cpu_ms"), (seconds * 1000 for seconds in self.longest))


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime, used.ru_nvcsw


def version(name):
    package = "rocketmq" if name == "rocketmq" else "rocketmq-producer"
    how = {"asyncio": ", asyncio", "futures": ", futures", "ctypes": " through ctypes, completion queue"}
    how["ctypes-callbacks"] = " through ctypes, callbacks"
    return f"{package} {importlib.metadata.version(package)} for Python {sys.version.split()[0]}{how.get(name, '')}"


async def measure(settings):
    async with CLIENTS[settings.name, settings.phase](settings) as part:
        accepted = await part(Sends(settings.warmup, settings.warmup_seconds))
        # The start's objects are looked at once, whenever that may be. What sending brings on is seen below.
        gc.collect()
        watch = Watch() if settings.name in ("asyncio", "ctypes", "ctypes-callbacks") else None
        before = usage()
        accepted += await part(Sends(settings.messages))
        seconds, cpu, switches = (now - then for now, then in zip(usage(), before))
        stall = watch.end() if watch else []
        rss = re.search(r"VmRSS:\s*(\d+)", Path("/proc/self/status").read_text())[1]
        threads = len(os.listdir("/proc/self/task"))
    return [
        ("client", version(settings.name)),
        ("messages", settings.messages),
        ("accepted", accepted),
        ("failed", 0),
        ("cpu_us", cpu * 1e6 / settings.messages),
        ("seconds", seconds),
        ("rate", settings.messages / seconds),
        ("switches", switches / settings.messages),
        ("rss_kib", rss),
        ("threads", threads),
        *stall,
        ("end", "ok"),
    ]


for figure, value in asyncio.run(measure(Settings(*sys.argv[1:]))):
    print(f"{figure}\t{value}")
