"""Where an asyncio producer meets its loop: events settle futures, and sends stand in line for room in flight."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import os
from collections import deque
from typing import Any

from . import _native
from ._errors import RocketMQError, Status, make_error
from ._native import Message, SendResult

# No signal says that room came back without an end, as of one-way sends: the library asks to try again after this time.
AGAIN_SECONDS = 0.01
# What is done at most for waiting sends in one go, so that the loop is not held up; errors take longer than sends.
AT_ONCE = 256
AT_ONCE_SECONDS = 0.001


class Parked:
    """A send that waits for room."""

    __slots__ = ("deadline", "flags", "future", "messages", "queue")

    def __init__(
        self,
        future: asyncio.Future[SendResult],
        messages: Message | tuple[Message, ...],
        deadline: float,
        queue: tuple[str, int] | None,
        flags: int,
    ) -> None:
        self.future = future
        self.messages: Message | tuple[Message, ...] | None = messages  # None when it waits no longer
        self.deadline = deadline
        self.queue = queue
        self.flags = flags

    def end(self, error: RocketMQError) -> None:
        self.messages = None
        if not self.future.done():
            self.future.set_exception(error)


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
        # The same sends by the time at which they are given up, and some that wait no longer.
        self._deadlines: list[tuple[float, int, Parked]] = []
        self._number = itertools.count()
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
        deadline = math.inf if limit_ms < 0 else self.loop.time() + limit_ms / 1000
        parked = Parked(future, messages, deadline, queue, flags)
        heapq.heappush(self._deadlines, (deadline, next(self._number), parked))
        self.parked.append(parked)
        self._try_again_after(AGAIN_SECONDS)

    def _try_again_after(self, seconds: float) -> None:
        if self._again is None:
            self._again = self.loop.call_later(seconds, self._try_again)

    def _try_again(self) -> None:
        self._again = None
        more = self._give_up_late()
        self._submit_parked()
        if self.parked or self._deadlines:
            self._try_again_after(0 if more or not self.parked else AGAIN_SECONDS)

    def _give_up_late(self) -> bool:
        """Ends some of the sends whose limit is over; whether there may be more."""
        begun = self.loop.time()
        while self.loop.time() < begun + AT_ONCE_SECONDS:
            if not self._deadlines or self._deadlines[0][0] > begun:
                return False
            parked = heapq.heappop(self._deadlines)[2]
            if parked.messages is not None:
                parked.end(make_error(Status.QUEUE_FULL, message="no room within the limit of the send", retriable=1))
        return True

    def _forget_ended(self) -> None:
        for _ in range(AT_ONCE):
            if not self._deadlines or self._deadlines[0][2].messages is not None:
                return
            heapq.heappop(self._deadlines)

    def _submit_parked(self) -> None:
        until = self.loop.time() + AT_ONCE_SECONDS
        while self.parked and self.loop.time() < until and self._submit(self.parked[0]):
            self.parked.popleft()
        self._forget_ended()

    def _submit(self, parked: Parked) -> bool:
        """Whether it waits no longer."""
        native = self._native
        if parked.messages is None or parked.future.done() or native is None:
            parked.messages = None
            return True
        left = -1 if parked.deadline == math.inf else max(1, round((parked.deadline - self.loop.time()) * 1000))
        try:
            accepted = native.submit(self.completions, parked.future, parked.messages, left, parked.queue, parked.flags)
        except RocketMQError as error:
            parked.end(error)
            return True
        if accepted:
            parked.messages = None
        return accepted

    async def emptied(self, limit_ms: int) -> None:
        """Waits until the sends that wait for room have been accepted, and ended, or the limit is over."""
        if self.parked:
            await asyncio.wait([self.parked[-1].future], timeout=None if limit_ms < 0 else limit_ms / 1000)

    async def refuse_parked(self) -> bool:
        """Ends what still waits for room; whether anything did."""
        waited = any(not parked.future.done() for parked in self.parked)
        while self.parked:
            self._refuse_some()
            await asyncio.sleep(0)
        return waited

    def _refuse_some(self) -> None:
        closed = make_error(Status.CLOSED, message="the producer was closed before there was room for the send")
        for _ in range(min(AT_ONCE, len(self.parked))):
            self.parked.popleft().end(closed)
        self._forget_ended()

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
        self._refuse_some()
        if self.parked:
            self.loop.call_soon(self._abandoned)
        self.release_if_done()

    def forget(self) -> None:
        """Lets the descriptor go without the loop, which is closed or another process's."""
        if not self.released:
            self.released = True
            self._native = None
            os.close(self._descriptor)
