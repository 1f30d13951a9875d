"""What the synchronous and the asyncio producer have in common: all that never waits."""

from __future__ import annotations

import json
import os
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Callable, TypeVar

from . import _log, _native
from ._types import ConfigValue, Purge, State, config_text, milliseconds, pairs

T = TypeVar("T")


def on_a_thread(call: Callable[..., T], *arguments: Any) -> Future[T]:
    """Runs a call that waits on a thread of its own: who waits for the future can be interrupted, and leave it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call(*arguments)
        except BaseException as error:  # whatever it is, it is for who waits
            _settle(future, future.set_exception, error)
        else:
            _settle(future, future.set_result, result)

    threading.Thread(target=run, name="rocketmq-call", daemon=True).start()
    return future


def _settle(future: Future[T], method: Callable[[Any], None], end: object) -> None:
    if future.set_running_or_notify_cancel():
        method(end)


class Base:
    """Configuration, state and numbers of a producer."""

    def __init__(self, config: Mapping[str, ConfigValue]) -> None:
        self._pairs = pairs(config)
        self._native = _native.Producer(self._pairs)
        self._process = os.getpid()

    def _begin(self) -> None:
        """What each start does first: the producer of a parent process is made anew."""
        if self._process != os.getpid():
            self._native = _native.Producer(self._pairs)
            self._process = os.getpid()
            self._forget()
        _log.attach()

    def _forget(self) -> None:
        """Lets go of what belongs to the parent process."""
        raise NotImplementedError

    def update(self, key: str, value: ConfigValue) -> None:
        """Changes a key that docs/CONFIGURATION.md calls live, while the producer runs."""
        self._native.update(key, config_text(key, value))

    def purge(self, what: Purge = Purge.ALL) -> None:
        """Ends sends early: their futures and callers get an error with status CANCELLED."""
        self._native.purge(what)

    def statistics(self) -> dict[str, Any]:
        """What was counted so far; docs/STATISTICS.md says what each member means."""
        counted: dict[str, Any] = json.loads(self._native.stats_json())
        return counted

    @property
    def state(self) -> State:
        """Where in its life it is."""
        return State(self._native.state())

    @property
    def client_id(self) -> str:
        """The name by which brokers know it, "" before the start."""
        return self._native.client_id()

    @property
    def in_flight(self) -> int:
        """Sends that were accepted and have not ended."""
        return self._native.in_flight()

    @property
    def connected(self) -> int:
        """Brokers that messages could be written to now."""
        return self._native.connected()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.client_id} {self.state.name}>"

    def __del__(self) -> None:
        native = getattr(self, "_native", None)
        if native is not None and native.state() == State.RUNNING:
            warnings.warn(f"unclosed producer {native.client_id()}", ResourceWarning, source=self, stacklevel=2)


def limit_ms(timeout: float | None, native: _native.Producer) -> int:
    """A limit that is to be reckoned with, and so a number also where none was given; -1 without limit."""
    return native.timeout_ms() if timeout is None else milliseconds(timeout)
