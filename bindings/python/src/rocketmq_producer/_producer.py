"""The synchronous producer, which also gives concurrent.futures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from ._base import Base, limit_ms, on_a_thread
from ._errors import RequestTimeoutError, Status, make_error
from ._native import Message, SendResult
from ._poller import Poller
from ._types import CUT_OFF_MS, SEND_BLOCK, SEND_NO_RETRY, WAIT_DEFAULT, ConfigValue, Queue, milliseconds

T = TypeVar("T")


class Producer(Base):
    """Sends messages, from any number of threads at once::

        with Producer({"namesrv.addr": "127.0.0.1:9876", "producer.group": "orders"}) as producer:
            producer.send(Message("orders", b"paid"))

    ``config`` has the keys of docs/CONFIGURATION.md. Timeouts are in seconds; without one ``send.timeout.ms`` counts.
    Every method may raise :class:`RocketMQError`.
    """

    def __init__(self, config: Mapping[str, ConfigValue]) -> None:
        super().__init__(config)
        # One at most. A dict, since its setdefault() needs no lock, which a fork might find taken.
        self._pollers: dict[int, Poller] = {}

    def start(self, timeout: float | None = None) -> None:
        """Connects to a name server: fails unless one answered in time, and does not wait with a timeout of 0.

        In a process that was forked after the producer was made, it makes the producer anew.
        """
        self._begin()
        _interruptibly(self._native.start, milliseconds(timeout))

    def _forget(self) -> None:
        self._pollers = {}

    def close(self, timeout: float | None = None) -> bool:
        """Refuses new sends, lets those under way end, cuts off at the limit what has not.

        True if all ended by themselves; False if some were cut off, each with its error. Futures are settled when it
        returns, unless a callback of theirs is at work. Closing again does no harm.
        """
        poller = self._pollers.get(0)
        try:
            all_ended = self._shut_down(milliseconds(timeout))
        finally:
            if poller:
                poller.close()
        if poller:
            poller.join(max(1.0, limit_ms(timeout, self._native) / 1000))
        return all_ended

    def _shut_down(self, limit_ms: int) -> bool:
        try:
            return self._native.shutdown(limit_ms) == Status.OK
        except RequestTimeoutError:  # what was cut off is on its way, and the library asks to be called again
            self._native.shutdown(CUT_OFF_MS)
            return False

    def __enter__(self) -> Producer:
        try:
            self.start()
        except BaseException:
            self._native.shutdown(0)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(
        self,
        message: Message,
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> SendResult:
        """Sends and waits for the broker's answer.

        ``queue`` sends it there and nowhere else; ``retry=False`` makes one attempt only.
        """
        return self._wait(message, timeout, queue, retry)

    def send_batch(
        self,
        messages: Iterable[Message],
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> SendResult:
        """Sends messages of one topic in one request: the broker stores all of them or none."""
        return self._wait(tuple(messages), timeout, queue, retry)

    def _wait(
        self, messages: Message | tuple[Message, ...], timeout: float | None, queue: Any, retry: bool
    ) -> SendResult:
        def attempt(timeout_ms: int) -> SendResult | None:
            return self._native.send(messages, timeout_ms, queue, 0 if retry else SEND_NO_RETRY)

        return attempt(milliseconds(timeout)) or self._when_there_is_room(attempt, timeout)

    def send_future(
        self,
        message: Message,
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> Future[SendResult]:
        """Sends without waiting for the answer; where the limit on what is in flight is reached it waits for room.

        Callbacks of the future run on a thread of the producer's, one after the other, and may call it. A send that is
        not accepted raises here; one that was accepted settles its future exactly once.
        """
        return self._submit(message, timeout, queue, retry)

    def send_batch_future(
        self,
        messages: Iterable[Message],
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> Future[SendResult]:
        """As :meth:`send_batch`, with a future for all of them."""
        return self._submit(tuple(messages), timeout, queue, retry)

    def _submit(
        self, messages: Message | tuple[Message, ...], timeout: float | None, queue: Any, retry: bool
    ) -> Future[SendResult]:
        poller = self._pollers.get(0) or self._poller()
        future: Future[SendResult] = Future()

        def attempt(timeout_ms: int) -> bool:
            flags = SEND_BLOCK if retry else SEND_BLOCK | SEND_NO_RETRY
            return self._native.submit(poller.completions, future, messages, timeout_ms, queue, flags)

        if not attempt(WAIT_DEFAULT if timeout is None else milliseconds(timeout)):
            self._when_there_is_room(attempt, timeout)
        return future

    def _when_there_is_room(self, attempt: Callable[[int], T | None], timeout: float | None) -> T:
        """Tries again until the limit what was refused because ends are taken too slowly."""
        limit = limit_ms(timeout, self._native)
        deadline = time.monotonic() + limit / 1000
        while limit < 0 or time.monotonic() < deadline:
            time.sleep(0.001)
            result = attempt(max(1, round((deadline - time.monotonic()) * 1000)) if limit >= 0 else limit)
            if result:
                return result
        raise make_error(Status.QUEUE_FULL, message="no room within the limit of the send", retriable=1)

    def _poller(self) -> Poller:
        mine = Poller()
        poller = self._pollers.setdefault(0, mine)
        if poller is mine:
            mine.start()
        return poller

    def send_oneway(
        self, message: Message, *, timeout: float | None = None, queue: Queue | tuple[str, int] | None = None
    ) -> None:
        """Sends and asks for no answer: it may be lost. Waits where the limit on what is in flight is reached."""
        self._native.oneway(message, milliseconds(timeout), queue, SEND_BLOCK)

    def flush(self, timeout: float | None = None) -> None:
        """Waits until every send accepted before has ended and its future is settled, callbacks included."""
        poller = self._pollers.get(0)
        if poller is None:
            self._native.flush(milliseconds(timeout))
            return
        if poller.is_current():
            raise make_error(
                Status.WOULD_DEADLOCK, message="flush() inside a future's callback waits for that callback"
            )
        flushed: Future[None] = Future()
        self._native.flush(milliseconds(timeout), poller.completions, flushed)
        flushed.result()

    def prepare_topic(self, topic: str, timeout: float | None = None) -> None:
        """Looks a topic up and connects to its brokers, so that the first send is fast."""
        _interruptibly(self._native.prepare_topic, topic, milliseconds(timeout))

    def fetch_queues(self, topic: str, timeout: float | None = None) -> list[Queue]:
        """The writable queues of a topic, by broker name and number."""
        found = _interruptibly(self._native.fetch_queues, topic, milliseconds(timeout))
        return [Queue(broker, number) for broker, number in found]

    def recall(self, topic: str, recall_handle: str, timeout: float | None = None) -> str:
        """Takes a message with a timer back, so that no consumer gets it; its id. The handle is in its result."""
        return _interruptibly(self._native.recall, topic, recall_handle, milliseconds(timeout))

    def __del__(self) -> None:
        super().__del__()
        # The futures of what is open are settled by the end of the native producer, which nobody else holds.
        for poller in getattr(self, "_pollers", {}).values():
            poller.close()


def _interruptibly(call: Callable[..., T], *arguments: Any) -> T:
    """Where Ctrl-C arrives it ends the wait; the call is left to end by its limit."""
    if threading.current_thread() is threading.main_thread():
        return on_a_thread(call, *arguments).result()
    return call(*arguments)
