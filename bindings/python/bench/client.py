"""One client for one measurement: CLIENT NAMESRV MESSAGES. Prints what it cost as a line of JSON.

Clients: `async`, `futures`, `sync` and `oneway` are this package's; `incumbent-sync` and `incumbent-oneway` those of
the package `rocketmq`; `ctypes` and `ctypes-callbacks` send as a binding without an extension would, told by a
completion queue or by callbacks. Asynchronous ones keep 256 sends in flight.
"""

import asyncio
import collections
import json
import resource
import sys
import time

WINDOW = 256
BODY = b"x" * 1024
TOPIC = "bench"


def config(name_server):
    return {"namesrv.addr": name_server, "producer.group": "bench"}


async def send_async(name_server, messages, measured):
    from rocketmq_producer import AsyncProducer, Message

    async with AsyncProducer(config(name_server)) as producer:
        await producer.send(Message(TOPIC, BODY))
        begin = measured()
        open_sends = collections.deque()
        for _ in range(messages):
            if len(open_sends) == WINDOW:
                await open_sends.popleft()
            open_sends.append(producer.send(Message(TOPIC, BODY)))
        await asyncio.gather(*open_sends)
        return measured(begin)


def send_futures(name_server, messages, measured):
    from rocketmq_producer import Message, Producer

    with Producer(config(name_server)) as producer:
        producer.send(Message(TOPIC, BODY))
        begin = measured()
        open_sends = collections.deque()
        for _ in range(messages):
            if len(open_sends) == WINDOW:
                open_sends.popleft().result()
            open_sends.append(producer.send_future(Message(TOPIC, BODY)))
        producer.flush()
        return measured(begin)


def send_each(name_server, messages, measured, oneway):
    from rocketmq_producer import Message, Producer

    with Producer(config(name_server)) as producer:
        producer.send(Message(TOPIC, BODY))
        send = producer.send_oneway if oneway else producer.send
        begin = measured()
        for _ in range(messages):
            send(Message(TOPIC, BODY))
        producer.flush()
        return measured(begin)


def send_incumbent(name_server, messages, measured, oneway):
    from rocketmq.client import Message, Producer

    producer = Producer("bench")
    producer.set_namesrv_addr(name_server)
    producer.start()
    send = producer.send_oneway if oneway else producer.send_sync

    def message():
        made = Message(TOPIC)
        made.set_body(BODY)
        return made

    producer.send_sync(message())
    begin = measured()
    for _ in range(messages):
        send(message())
    cost = measured(begin)
    producer.shutdown()
    return cost


def measured(begin=None):
    """Wall and processor time, or what of both was spent since `begin`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    now = (time.perf_counter(), used.ru_utime + used.ru_stime)
    return now if begin is None else (now[0] - begin[0], now[1] - begin[1])


def main():
    client, name_server, messages = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if client == "async":
        seconds, cpu = asyncio.run(send_async(name_server, messages, measured))
    elif client == "futures":
        seconds, cpu = send_futures(name_server, messages, measured)
    elif client in ("sync", "oneway"):
        seconds, cpu = send_each(name_server, messages, measured, client == "oneway")
    elif client in ("ctypes", "ctypes-callbacks"):
        from with_ctypes import send_ctypes

        callbacks = client == "ctypes-callbacks"
        seconds, cpu = asyncio.run(send_ctypes(name_server, messages, measured, callbacks))
    else:
        seconds, cpu = send_incumbent(name_server, messages, measured, client == "incumbent-oneway")
    rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cost = {
        "client": client,
        "per_second": messages / seconds,
        "cpu_us": cpu * 1e6 / messages,
        "rss_mib": rss_kb / 1024,
    }
    print(json.dumps(cost), flush=True)


main()
