"""Where an asyncio producer meets its loop: events settle futures, and sends stand in line for room in flight."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any

from . import _native
from ._errors import RocketMQError, Status, make_error
from ._native import Message, SendResult

# No signal says that room came back without an end, as of one-way sends: the library asks to try again after this time.
AGAIN_SECONDS = 0.01
# Sends that are submitted in one turn of the loop, so that it is not held up.
AT_ONCE = 256


class Parked:
    """A send that waits for room."""

    __slots__ = ("deadline", "expiry", "flags", "future", "messages", "queue")

    def __init__(
        self,
        future: asyncio.Future[SendResult],
        messages: Message | tuple[Message, ...],
        deadline: float | None,
        queue: tuple[str, int] | None,
        flags: int,
    ) -> None:
        self.future = future
        self.messages = messages
        self.deadline = deadline
        self.queue = queue
        self.flags = flags
        self.expiry: asyncio.TimerHandle | None = None

    def expire(self) -> None:
        self.end(make_error(Status.QUEUE_FULL, message="no room within the limit of the send", retriable=1))

    def end(self, error: RocketMQError) -> bool:
        """Whether this ended it."""
        if self.expiry:
            self.expiry.cancel()
        if self.future.done():
            return False
        self.future.set_exception(error)
        return True


class Line:
    """Lives as long as something is open, also when the producer is gone; the loop holds it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, native: _native.Producer, waiting_max: int) -> None:
        self.loop = loop
        self.completions = _native.Completions()
        self.parked: deque[Parked] = deque()
        self.closing = False
        self.closes = 0  # under way: each may have another end to wait for
        self.released = False
        self._native: _native.Producer | None = native
        self._waiting_max = waiting_max
        self._again: asyncio.Handle | None = None
        self._descriptor = self.completions.descriptor()
        loop.add_reader(self._descriptor, self._settle)

    def _settle(self) -> None:
        self.completions.settle(0)
        if self.parked:
            self._submit_parked()
        if self.closing:
            self.release_if_done()

    def park(self, future: asyncio.Future[SendResult], messages: Any, limit_ms: int, queue: Any, flags: int) -> None:
        """Has a send wait for room, behind those that wait already."""
        if self.closing:
            raise make_error(Status.CLOSED, message="the producer is closed")
        if len(self.parked) >= self._waiting_max:
            raise make_error(Status.QUEUE_FULL, message="too many sends wait for room in flight", retriable=1)
        parked = Parked(future, messages, None, queue, flags)
        if limit_ms >= 0:
            parked.deadline = self.loop.time() + limit_ms / 1000
            parked.expiry = self.loop.call_at(parked.deadline, parked.expire)
        self.parked.append(parked)
        self._try_again_later()

    def _try_again_later(self) -> None:
        if self._again is None:
            self._again = self.loop.call_later(AGAIN_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._again = None
        self._submit_parked()

    def _submit_parked(self) -> None:
        for _ in range(AT_ONCE):
            if not self.parked:
                return
            if not self._submit(self.parked[0]):
                break
            self.parked.popleft()
        self._try_again_later()

    def _submit(self, parked: Parked) -> bool:
        """Whether it waits no longer."""
        native = self._native
        if parked.future.done() or native is None:
            return True
        left = -1 if parked.deadline is None else max(1, round((parked.deadline - self.loop.time()) * 1000))
        try:
            accepted = native.submit(self.completions, parked.future, parked.messages, left, parked.queue, parked.flags)
        except RocketMQError as error:
            parked.end(error)
            return True
        if accepted and parked.expiry:
            parked.expiry.cancel()
        return accepted

    async def emptied(self, limit_ms: int) -> None:
        """Waits until the sends that wait for room have been accepted, and ended, or the limit is over."""
        if self.parked:
            await asyncio.wait([self.parked[-1].future], timeout=None if limit_ms < 0 else limit_ms / 1000)

    def refuse_parked(self) -> int:
        """Ends what still waits for room; how many that were."""
        closed = make_error(Status.CLOSED, message="the producer was closed before there was room for the send")
        ended = sum(parked.end(closed) for parked in self.parked)
        self.parked.clear()
        return ended

    def release_if_done(self) -> None:
        """Leaves the loop when nothing can come any more."""
        if not self.released and not self.closes and not self.parked and len(self.completions) == 0:
            self.released = True
            self._native = None
            if self._again:
                self._again.cancel()
            if not self.loop.is_closed():
                self.loop.remove_reader(self._descriptor)
            os.close(self._descriptor)

    def abandon(self) -> None:
        """The producer is garbage, which may be noticed on any thread: what is open ends, then the line goes."""
        if self.released:
            return
        self.closing = True
        self._native = None
        try:
            self.loop.call_soon_threadsafe(self._abandoned)
        except RuntimeError:  # the loop is closed, and with it everything that waited in it
            self.forget()

    def _abandoned(self) -> None:
        self.refuse_parked()
        self.release_if_done()

    def forget(self) -> None:
        """Lets the descriptor go without the loop, which is closed or another process's."""
        if not self.released:
            self.released = True
            self._native = None
            os.close(self._descriptor)
