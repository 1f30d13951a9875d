"""Sends messages to Apache RocketMQ.

:class:`Producer` is for threads, :class:`AsyncProducer` for asyncio; both send a :class:`Message` and tell where it was
stored, or raise a :class:`RocketMQError`. Log lines are in the logger "rocketmq_producer".
"""

from . import _native
from ._aio import AsyncProducer
from ._errors import (
    BrokerError,
    ClosedError,
    ForkedError,
    InvalidArgumentError,
    InvalidStateError,
    NetworkError,
    Outcome,
    QueueFullError,
    RequestTimeoutError,
    RocketMQError,
    Status,
    make_error,
)
from ._native import Message, SendResult, library_build, library_version
from ._producer import Producer
from ._types import Purge, Queue, SendStatus, State

__version__ = "0.1.0"

__all__ = [
    "AsyncProducer",
    "BrokerError",
    "ClosedError",
    "ForkedError",
    "InvalidArgumentError",
    "InvalidStateError",
    "Message",
    "NetworkError",
    "Outcome",
    "Producer",
    "Purge",
    "Queue",
    "QueueFullError",
    "RequestTimeoutError",
    "RocketMQError",
    "SendResult",
    "SendStatus",
    "State",
    "Status",
    "library_build",
    "library_version",
]

_native.set_up(make_error, SendStatus)
