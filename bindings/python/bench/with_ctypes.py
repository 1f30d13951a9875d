"""What a send costs through ctypes, with no more than it takes: the figure that chose an extension.

With callbacks on a thread of the library's instead of a completion queue it shows what those cost a language with a
lock of its own. It needs the shared library's path in LIBRARY, and has none of a binding's checks, and of its results
no more than the message's id.
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


EVENTS = 256
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


class Producer:
    """Of the running event loop."""

    def __init__(self, config, topic, callbacks):
        self.library, self.loop = loaded(), asyncio.get_running_loop()
        self.topic, self.callbacks = topic.encode(), callbacks
        self.pending, self.tag, self.events = {}, 0, (Event * EVENTS)()
        self.producer, self.cq = ctypes.c_void_p(), ctypes.c_void_p()
        made = self.library.rocketmq_config_create()
        for key, value in config.items():
            assert self.library.rocketmq_config_set(made, key.encode(), value.encode(), None) == 0
        assert self.library.rocketmq_producer_create(made, ctypes.byref(self.producer), None) == 0
        assert self.library.rocketmq_producer_start(self.producer, 3000, None) == 0
        assert self.library.rocketmq_cq_create(ctypes.byref(self.cq), None) == 0
        self.descriptor = self.library.rocketmq_cq_dup_fd(self.cq)
        self.loop.add_reader(self.descriptor, self.settle)
        self.callback = CALLBACK(self.on_sent)

    def send(self, body):
        message = ctypes.c_void_p()
        self.tag += 1  # a tag of 0 would be a NULL for a callback
        status = self.library.rocketmq_message_build(
            self.topic, len(self.topic), None, 0, None, 0, body, len(body), ctypes.byref(message), None
        )
        assert status == 0
        self.pending[self.tag] = future = self.loop.create_future()
        if self.callbacks:
            status = self.library.rocketmq_producer_send_async(
                self.producer, message, None, self.callback, self.tag, None
            )
        else:
            status = self.library.rocketmq_producer_send_cq(self.producer, message, None, self.cq, self.tag, None)
        assert status == 0
        self.library.rocketmq_message_destroy(message)
        return future

    def settle(self):
        count = self.library.rocketmq_cq_poll(self.cq, self.events, EVENTS, 0)
        first = ctypes.addressof(self.events)
        for index in range(count):
            event = self.events[index]
            result = self.library.rocketmq_event_result(first + index * ctypes.sizeof(Event))
            self.end(event.tag, event.status, self.library.rocketmq_send_result_message_id(result))
        self.library.rocketmq_event_release(self.events, count)

    def on_sent(self, result, error, tag):
        # The result is the library's again when this returns.
        message_id = self.library.rocketmq_send_result_message_id(result)
        self.loop.call_soon_threadsafe(self.end, tag, -1 if error else 0, message_id)

    def end(self, tag, status, message_id):
        future = self.pending.pop(tag)
        if status == 0:
            future.set_result(message_id)
        else:
            future.set_exception(OSError(f"a send failed with {status}"))

    def close(self):
        self.loop.remove_reader(self.descriptor)
        self.library.rocketmq_producer_shutdown(self.producer, 3000, None)
