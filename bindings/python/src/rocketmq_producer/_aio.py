"""The producer for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from ._base import Base, limit_ms, on_a_thread
from ._errors import RequestTimeoutError, RocketMQError, Status, make_error
from ._line import Line
from ._native import Message, SendResult
from ._types import CUT_OFF_MS, SEND_NO_RETRY, WAIT_DEFAULT, ConfigValue, Queue, State, milliseconds


class AsyncProducer(Base):
    """Sends messages from the event loop that it is started in::

        async with AsyncProducer({"namesrv.addr": "127.0.0.1:9876", "producer.group": "orders"}) as producer:
            await producer.send(Message("orders", b"paid"))

    ``config`` has the keys of docs/CONFIGURATION.md. Timeouts are in seconds; without one ``send.timeout.ms`` counts.
    Each loop has a producer of its own. Nothing here blocks the loop: its events are read where the loop says there are
    some, and what has to wait in a thread waits in one.

    ``waiting_max``: how many sends may wait for room in flight; one more fails with QUEUE_FULL.
    """

    def __init__(self, config: Mapping[str, ConfigValue], *, waiting_max: int = 100_000) -> None:
        super().__init__(config)
        self._waiting_max = waiting_max
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: Line | None = None

    async def start(self, timeout: float | None = None) -> None:
        """Connects to a name server: fails unless one answered in time, and does not wait with a timeout of 0.

        In a process that was forked after the producer was made, it makes the producer anew.
        """
        limit = milliseconds(timeout)
        self._begin()
        await asyncio.wrap_future(on_a_thread(self._native.start, limit))
        if self._line is None:
            self._loop = asyncio.get_running_loop()
            self._line = Line(self._loop, self._native, self._waiting_max)

    def _forget(self) -> None:
        if self._line:
            self._line.forget()
        self._loop = self._line = None

    async def close(self, timeout: float | None = None) -> bool:
        """Refuses new sends, lets those under way end, cuts off at the limit what has not.

        True if all ended by themselves; False if some were cut off, each with its error. Closing again does no harm.
        """
        limit = limit_ms(timeout, self._native)
        if self._line is None:
            self._native.shutdown(0)
            return True
        if self._line.released:
            return True
        line = self._here()
        line.closing = True
        line.closes += 1
        try:
            return await self._close(line, limit)
        finally:
            line.closes -= 1
            line.release_if_done()

    async def _close(self, line: Line, limit: int) -> bool:
        begun = time.monotonic()
        await line.emptied(limit)
        ended = self._shut_down(line, _left(limit, begun))
        refused = await line.refuse_parked()
        try:
            return await ended and not refused
        except RequestTimeoutError:  # what was cut off is on its way, and the library asks to be called again
            await self._shut_down(line, CUT_OFF_MS)
            return False

    def _shut_down(self, line: Line, limit_ms: int) -> asyncio.Future[bool]:
        ended: asyncio.Future[bool] = line.loop.create_future()
        self._native.shutdown(limit_ms, line.completions, ended)
        return ended

    async def __aenter__(self) -> AsyncProducer:
        try:
            await self.start()
        except BaseException:
            self._native.shutdown(0)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def send(
        self,
        message: Message,
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> asyncio.Future[SendResult]:
        """Sends at once; the future, which may be awaited, cancelled or gathered, tells the broker's answer.

        It is no coroutine: sends go out in the order of these calls, and thousands need no task each. Where the limit
        on what is in flight is reached, the send waits for room, in its turn and within its limit. Cancelling the
        future does not call the message back. ``queue`` sends it there and nowhere else; ``retry=False`` makes one
        attempt only. Bodies that are to be compressed are so inside the call.
        """
        return self._submit(message, timeout, queue, retry)

    def send_batch(
        self,
        messages: Iterable[Message],
        *,
        timeout: float | None = None,
        queue: Queue | tuple[str, int] | None = None,
        retry: bool = True,
    ) -> asyncio.Future[SendResult]:
        """Sends messages of one topic in one request: the broker stores all of them or none."""
        return self._submit(tuple(messages), timeout, queue, retry)

    def _submit(
        self, messages: Message | tuple[Message, ...], timeout: float | None, queue: Any, retry: bool
    ) -> asyncio.Future[SendResult]:
        line = self._here()
        future: asyncio.Future[SendResult] = line.loop.create_future()
        limit = WAIT_DEFAULT if timeout is None else milliseconds(timeout)
        flags = 0 if retry else SEND_NO_RETRY
        try:
            # What waits for room is not overtaken.
            if line.parked or not self._native.submit(line.completions, future, messages, limit, queue, flags):
                line.park(future, messages, limit_ms(timeout, self._native), queue, flags)
        except RocketMQError as error:
            future.set_exception(error)
        return future

    def send_oneway(self, message: Message, *, queue: Queue | tuple[str, int] | None = None) -> None:
        """Sends and asks for no answer: it may be lost. Without room it raises :class:`QueueFullError`."""
        self._here()
        self._native.oneway(message, WAIT_DEFAULT, queue, 0)

    def _here(self) -> Line:
        """The line of sends, in the loop that it belongs to."""
        line = self._line
        if line is not None and asyncio.get_running_loop() is line.loop:
            return line
        if line is not None and self.state != State.FORKED:
            raise RuntimeError("an AsyncProducer belongs to the event loop in which it was started")
        status = Status.FORKED if self.state == State.FORKED else Status.INVALID_STATE
        raise make_error(status, message="the producer is not started in this process")

    async def flush(self, timeout: float | None = None) -> None:
        """Waits until every send before it has ended and its future is settled; later ones do not hold it up."""
        line = self._here()
        limit = limit_ms(timeout, self._native)
        begun = time.monotonic()
        await line.emptied(limit)
        flushed: asyncio.Future[None] = line.loop.create_future()
        self._native.flush(_left(limit, begun), line.completions, flushed)
        await flushed

    async def prepare_topic(self, topic: str, timeout: float | None = None) -> None:
        """Looks a topic up and connects to its brokers, so that the first send is fast."""
        await asyncio.wrap_future(on_a_thread(self._native.prepare_topic, topic, milliseconds(timeout)))

    async def fetch_queues(self, topic: str, timeout: float | None = None) -> list[Queue]:
        """The writable queues of a topic, by broker name and number."""
        found = await asyncio.wrap_future(on_a_thread(self._native.fetch_queues, topic, milliseconds(timeout)))
        return [Queue(broker, number) for broker, number in found]

    async def recall(self, topic: str, recall_handle: str, timeout: float | None = None) -> str:
        """Takes a message with a timer back, so that no consumer gets it; its id. The handle is in its result."""
        return await asyncio.wrap_future(on_a_thread(self._native.recall, topic, recall_handle, milliseconds(timeout)))

    def __del__(self) -> None:
        super().__del__()
        line = getattr(self, "_line", None)
        if line and self.state == State.FORKED:
            line.forget()  # the loop wakes by descriptors that the parent has too
        elif line:
            line.abandon()


def _left(limit_ms: int, begun: float) -> int:
    """What is left of a limit."""
    if limit_ms < 0:
        return limit_ms
    return max(0, limit_ms - round((time.monotonic() - begun) * 1000))
