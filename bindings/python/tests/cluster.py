"""rocketmq_mock.h through ctypes: a cluster inside the test's process, or over its program's address."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

ANY_BROKER, NAMESRV = -1, -2
ANY_SEND, HEART_BEAT, ROUTE = -2, 34, 105
SUCCESS, SYSTEM_ERROR, SYSTEM_BUSY, FLUSH_DISK_TIMEOUT, NO_PERMISSION = 0, 1, 2, 10, 16


def _loaded() -> Any:
    library = ctypes.CDLL(str(Path(os.environ["TARGET"]) / "release" / "librocketmq_mock.so"))
    pointer, text, number, long, size = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_int64,
        ctypes.c_size_t,
    )
    of_message = [pointer, text, size]
    for name, result, arguments in (
        ("create", pointer, [number, number]),
        ("destroy", None, [pointer]),
        ("error", text, [pointer]),
        ("namesrv", text, [pointer]),
        ("add_topic", number, [pointer, text, number]),
        ("push_response", number, [pointer, number, number, number, long, number]),
        ("push_disconnect", number, [pointer, number, number, number, number]),
        ("clear_faults", number, [pointer]),
        ("set_broker", number, [pointer, number, number]),
        ("set_latency_ms", number, [pointer, number, long]),
        ("message_count", size, [pointer, text]),
        ("wait_messages", number, [pointer, text, size, long]),
        ("message_id", text, of_message),
        ("message_body", pointer, [*of_message, ctypes.POINTER(size)]),
        ("message_tags", text, of_message),
        ("message_keys", text, of_message),
        ("message_property", text, [*of_message, text]),
        ("message_queue_id", number, of_message),
        ("message_queue_offset", long, of_message),
    ):
        function = getattr(library, f"rocketmq_mock_{name}")
        function.restype, function.argtypes = result, arguments
    return library


_library = _loaded()


class Stored:
    """A message as the cluster keeps it."""

    def __init__(self, cluster: Any, topic: str, index: int) -> None:
        place = cluster, topic.encode(), index
        size = ctypes.c_size_t()
        self._place = place
        self.message_id = _library.rocketmq_mock_message_id(*place).decode()
        self.body = ctypes.string_at(_library.rocketmq_mock_message_body(*place, ctypes.byref(size)), size.value)
        self.tags = _library.rocketmq_mock_message_tags(*place).decode()
        self.keys = _library.rocketmq_mock_message_keys(*place).decode()
        self.queue_id = _library.rocketmq_mock_message_queue_id(*place)
        self.queue_offset = _library.rocketmq_mock_message_queue_offset(*place)

    def property(self, name: str) -> str | None:
        value = _library.rocketmq_mock_message_property(*self._place, name.encode())
        return None if value is None else str(value.decode())


class Mock:
    """A name server and brokers on loopback."""

    def __init__(self, brokers: int = 1) -> None:
        self._cluster = _library.rocketmq_mock_create(brokers, 1)
        assert self._cluster, _library.rocketmq_mock_error(None)
        self.address = _library.rocketmq_mock_namesrv(self._cluster).decode()

    def _must(self, answer: int) -> None:
        assert answer == 0, _library.rocketmq_mock_error(self._cluster)

    def close(self) -> None:
        _library.rocketmq_mock_destroy(self._cluster)
        self._cluster = None

    def add_topic(self, topic: str, queues: int) -> None:
        self._must(_library.rocketmq_mock_add_topic(self._cluster, topic.encode(), queues))

    def answer(
        self, code: int, *, delay_ms: int = 0, count: int = 1, broker: int = ANY_BROKER, request: int = ANY_SEND
    ) -> None:
        """Has requests answered so; with a delay of -1 not at all."""
        self._must(_library.rocketmq_mock_push_response(self._cluster, broker, request, code, delay_ms, count))

    def clear_faults(self) -> None:
        self._must(_library.rocketmq_mock_clear_faults(self._cluster))

    def set_broker(self, up: bool, broker: int = 0) -> None:
        self._must(_library.rocketmq_mock_set_broker(self._cluster, broker, up))

    def set_latency_ms(self, ms: int) -> None:
        self._must(_library.rocketmq_mock_set_latency_ms(self._cluster, ANY_BROKER, ms))

    def count(self, topic: str) -> int:
        return int(_library.rocketmq_mock_message_count(self._cluster, topic.encode()))

    def wait(self, topic: str, count: int, ms: int = 10_000) -> None:
        self._must(_library.rocketmq_mock_wait_messages(self._cluster, topic.encode(), count, ms))

    def messages(self, topic: str) -> list[Stored]:
        return [Stored(self._cluster, topic, index) for index in range(self.count(topic))]
