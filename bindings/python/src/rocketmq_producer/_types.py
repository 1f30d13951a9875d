"""Small things that both kinds of producer are given and give."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import NamedTuple, Union

ConfigValue = Union[str, int, float, bool, None]
"""Numbers and booleans are written as the configuration wants them; None restores the default."""

WAIT_FOREVER = -1
WAIT_DEFAULT = -2
SEND_BLOCK = 1
SEND_NO_RETRY = 2
CUT_OFF_MS = 10_000
"""How long a closing producer waits for the ends of what it cut off, which a busy machine may hold up."""


class SendStatus(enum.IntEnum):
    """How well a message was stored. All four are successes: the broker has it."""

    OK = 0
    FLUSH_DISK_TIMEOUT = 1
    FLUSH_SLAVE_TIMEOUT = 2
    SLAVE_NOT_AVAILABLE = 3


class State(enum.IntEnum):
    """Where in its life a producer is."""

    FORKED = -1
    """It is the parent process's."""
    CREATED = 0
    STARTING = 1
    RUNNING = 2
    CLOSING = 3
    CLOSED = 4
    FAILED = 5


class Purge(enum.IntFlag):
    """What ``purge()`` ends."""

    WAITING = 1
    """What waits for a route, a connection, or others to go out with."""
    IN_FLIGHT = 2
    """What a connection has taken; it may be stored all the same."""
    ALL = 3


class Queue(NamedTuple):
    """A queue of a topic: the name of its broker, and its number there from 0."""

    broker: str
    queue_id: int


def milliseconds(timeout: float | None) -> int:
    """A limit in seconds as the library counts it: None is ``send.timeout.ms``, infinity is no limit."""
    if timeout is None:
        return WAIT_DEFAULT
    if timeout == math.inf:
        return WAIT_FOREVER
    if not timeout >= 0:
        raise ValueError(f"a timeout must be a number of seconds from 0 on, not {timeout!r}")
    return min(math.ceil(timeout * 1000), 2**53)


def pairs(config: Mapping[str, ConfigValue]) -> tuple[tuple[str, str | None], ...]:
    """The configuration as the library reads it."""
    if not isinstance(config, Mapping):
        raise TypeError(f"a configuration must be a mapping, not {type(config)!r}")
    return tuple((key, config_text(key, value)) for key, value in config.items())


def config_text(key: str, value: ConfigValue) -> str | None:
    """One value as the library reads it."""
    if not isinstance(key, str):
        raise TypeError(f"a configuration key must be str, not {type(key)!r}")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    raise TypeError(f"{key} must be str, a number, bool or None, not {type(value)!r}")
