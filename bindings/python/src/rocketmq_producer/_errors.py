"""What went wrong, as exceptions that carry what the library knows of it."""

from __future__ import annotations

import enum
from typing import Any


class Status(enum.IntEnum):
    """Why a call or a send failed. Numbers are those of the C interface and never change."""

    OK = 0
    INVALID_ARGUMENT = -1
    INVALID_UTF8 = -2
    INVALID_HANDLE = -3
    INVALID_STATE = -4
    UNKNOWN_KEY = -5
    INVALID_VALUE = -6
    WOULD_DEADLOCK = -7
    FORKED = -8
    NOT_FOUND = -10
    NOT_SUPPORTED = -11
    CALLBACK = -12
    INTERNAL = -20
    SYSTEM = -21
    QUEUE_FULL = -22
    COMPLETION_FULL = -23
    CLOSED = -24
    CANCELLED = -25
    TIMEOUT = -26
    ROUTE_NOT_READY = -27
    INVALID_TOPIC = -40
    MESSAGE_TOO_LARGE = -41
    INVALID_PROPERTY = -42
    EMPTY_BODY = -43
    NO_NAMESRV = -60
    CONNECT = -61
    CONNECTION_LOST = -62
    TLS = -63
    AUTH = -64
    PROTOCOL = -65
    RESOLVE = -66
    TOPIC_NOT_FOUND = -80
    NO_WRITABLE_QUEUE = -81
    NO_PERMISSION = -82
    BROKER_BUSY = -83
    BROKER = -84
    NO_REPLY = -85


class Outcome(enum.IntEnum):
    """Whether a broker stored the message although its send failed, over all attempts."""

    UNKNOWN = 0
    """Perhaps: sending it again may make a duplicate."""
    NOT_SENT = 1
    """Certainly not."""
    REJECTED = 2
    """A broker answered, and refused it."""


class RocketMQError(Exception):
    """A call or a send that failed. Subclasses say of which kind; ``status`` says exactly.

    status: a :class:`Status`, or an int that this version does not know.
    outcome: an :class:`Outcome`: whether the message may be stored all the same.
    retriable: the same call may succeed later without a change.
    broker_code, broker_remark: the answer of the broker or name server that refused; None and "" without one.
    broker: the one concerned, "name@host:port", or "".
    message_id: the id that the message had in all attempts, "" if it got none.
    attempts: tries made, 0 if none.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = Status.INTERNAL,
        status_name: str = "",
        outcome: Outcome = Outcome.NOT_SENT,
        retriable: bool = False,
        broker_code: int | None = None,
        broker_remark: str = "",
        broker: str = "",
        message_id: str = "",
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.status_name = status_name or f"ROCKETMQ_ERR_{Status(status).name}"
        self.outcome = outcome
        self.retriable = retriable
        self.broker_code = broker_code
        self.broker_remark = broker_remark
        self.broker = broker
        self.message_id = message_id
        self.attempts = attempts

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), str(self), self.__dict__)

    def __str__(self) -> str:
        return str(self.args[0])


def _rebuilt(kind: type[RocketMQError], message: str, details: dict[str, Any]) -> RocketMQError:
    return kind(message, **details)


class InvalidArgumentError(RocketMQError, ValueError):
    """A mistake of the caller: a configuration key or value, a message, a limit. Nothing was sent."""


class InvalidStateError(RocketMQError):
    """The producer is not started, was started twice, or it is too late for this call."""


class ClosedError(InvalidStateError):
    """The producer is closed, or was closed before the send ended."""


class ForkedError(InvalidStateError):
    """The producer is the parent process's. ``start()`` makes it anew for this process."""


class QueueFullError(RocketMQError):
    """A limit on what is in flight is reached, or ends are not taken. Passes by itself."""


class RequestTimeoutError(RocketMQError, TimeoutError):
    """The limit passed. ``outcome`` says whether the message may be stored all the same."""


class NetworkError(RocketMQError, ConnectionError):
    """No name server or broker was reached, or a connection was lost."""


class BrokerError(RocketMQError):
    """The cluster refused: no such topic, no permission, flow control, or what ``broker_code`` says."""


def _kind_of(status: int) -> type[RocketMQError]:
    kinds: dict[int, type[RocketMQError]] = {
        Status.INVALID_HANDLE: InvalidStateError,
        Status.INVALID_STATE: InvalidStateError,
        Status.WOULD_DEADLOCK: InvalidStateError,
        Status.FORKED: ForkedError,
        Status.CLOSED: ClosedError,
        Status.QUEUE_FULL: QueueFullError,
        Status.COMPLETION_FULL: QueueFullError,
        Status.TIMEOUT: RequestTimeoutError,
    }
    if status in kinds:
        return kinds[status]
    if -10 < status < 0 or -60 < status <= -40:
        return InvalidArgumentError
    if -80 < status <= -60:
        return NetworkError
    if -100 < status <= -80:
        return BrokerError
    return RocketMQError


def make_error(
    status: int,
    status_name: str = "",
    what: str | None = None,
    message: str = "",
    outcome: int = Outcome.NOT_SENT,
    retriable: int = 0,
    broker_code: int = -1,
    broker_remark: str = "",
    broker: str = "",
    message_id: str = "",
    attempts: int = 0,
) -> RocketMQError:
    """The exception for a failure as the extension tells it; ``what`` is the argument concerned."""
    known = status in Status._value2member_map_
    return _kind_of(status)(
        f"{what}: {message}" if what else message,
        status=Status(status) if known else status,
        status_name=status_name,
        outcome=Outcome(outcome) if outcome in Outcome._value2member_map_ else Outcome.UNKNOWN,
        retriable=bool(retriable),
        broker_code=None if broker_code == -1 else broker_code,
        broker_remark=broker_remark,
        broker=broker,
        message_id=message_id,
        attempts=attempts,
    )
