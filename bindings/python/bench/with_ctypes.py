"""What a send costs through ctypes, with no more than it takes: the figure that chose an extension.

With callbacks on a thread of the library's instead of a completion queue it shows what those cost a language with a
lock of its own. It needs the shared library's path in LIBRARY, and has none of a binding's checks, results or errors.
"""

import asyncio
import collections
import ctypes
import os


class Event(ctypes.Structure):
    _fields_ = [
        ("tag", ctypes.c_uint64),
        ("kind", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("code", ctypes.c_int32),
        ("queue_id", ctypes.c_int32),
        ("queue_offset", ctypes.c_int64),
        ("detail", ctypes.c_uint64),
        ("reserved", ctypes.c_uint64 * 3),
    ]


CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def loaded():
    library = ctypes.CDLL(os.environ["LIBRARY"])
    pointer, size, text, long = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int64
    library.rocketmq_config_create.restype = pointer
    library.rocketmq_config_set.argtypes = [pointer, text, text, pointer]
    library.rocketmq_producer_create.argtypes = [pointer, pointer, pointer]
    library.rocketmq_producer_start.argtypes = [pointer, long, pointer]
    library.rocketmq_producer_shutdown.argtypes = [pointer, long, pointer]
    library.rocketmq_message_build.argtypes = [text, size, text, size, text, size, text, size, pointer, pointer]
    library.rocketmq_message_destroy.argtypes = [pointer]
    library.rocketmq_producer_send_cq.argtypes = [pointer, pointer, pointer, pointer, ctypes.c_uint64, pointer]
    library.rocketmq_producer_send_async.argtypes = [pointer, pointer, pointer, CALLBACK, pointer, pointer]
    library.rocketmq_cq_create.argtypes = [pointer, pointer]
    library.rocketmq_cq_dup_fd.argtypes = [pointer]
    library.rocketmq_cq_poll.argtypes = [pointer, pointer, ctypes.c_int32, long]
    library.rocketmq_event_release.argtypes = [pointer, ctypes.c_int32]
    library.rocketmq_event_result.restype = pointer
    library.rocketmq_event_result.argtypes = [pointer]
    library.rocketmq_send_result_message_id.restype = text
    library.rocketmq_send_result_message_id.argtypes = [pointer]
    return library


async def send_ctypes(name_server, messages, measured, callbacks):
    library = loaded()
    config, producer, cq = library.rocketmq_config_create(), ctypes.c_void_p(), ctypes.c_void_p()
    assert library.rocketmq_config_set(config, b"namesrv.addr", name_server.encode(), None) == 0
    assert library.rocketmq_config_set(config, b"producer.group", b"bench", None) == 0
    assert library.rocketmq_producer_create(config, ctypes.byref(producer), None) == 0
    assert library.rocketmq_producer_start(producer, 3000, None) == 0
    assert library.rocketmq_cq_create(ctypes.byref(cq), None) == 0
    loop, pending, events = asyncio.get_running_loop(), {}, (Event * 256)()
    event_bytes = ctypes.sizeof(Event)

    def settle():
        count = library.rocketmq_cq_poll(cq, events, 256, 0)
        first = ctypes.addressof(events)
        for index in range(count):
            event = events[index]
            future = pending.pop(event.tag, None)
            result = library.rocketmq_event_result(first + index * event_bytes)
            if future and not future.done():
                future.set_result((event.code, library.rocketmq_send_result_message_id(result)))
        library.rocketmq_event_release(events, count)

    def end(tag, message_id):
        future = pending.pop(tag, None)
        if future and not future.done():
            future.set_result((0, message_id))

    @CALLBACK
    def on_sent(result, _error, tag):
        # The result is the library's again when this returns.
        loop.call_soon_threadsafe(end, tag, library.rocketmq_send_result_message_id(result))

    def send(tag):
        message = ctypes.c_void_p()
        body = b"x" * 1024
        status = library.rocketmq_message_build(
            b"bench", 5, None, 0, None, 0, body, len(body), ctypes.byref(message), None
        )
        assert status == 0
        pending[tag] = future = loop.create_future()
        if callbacks:
            assert library.rocketmq_producer_send_async(producer, message, None, on_sent, tag, None) == 0
        else:
            assert library.rocketmq_producer_send_cq(producer, message, None, cq, tag, None) == 0
        library.rocketmq_message_destroy(message)
        return future

    descriptor = library.rocketmq_cq_dup_fd(cq)
    loop.add_reader(descriptor, settle)
    await send(1)  # a tag of 0 would be a NULL for a callback
    begin = measured()
    open_sends = collections.deque()
    for tag in range(2, messages + 2):
        if len(open_sends) == 256:
            await open_sends.popleft()
        open_sends.append(send(tag))
    await asyncio.gather(*open_sends)
    cost = measured(begin)
    loop.remove_reader(descriptor)
    library.rocketmq_producer_shutdown(producer, 3000, None)
    return cost
