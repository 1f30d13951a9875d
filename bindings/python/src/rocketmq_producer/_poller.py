"""The thread that settles the futures of a synchronous producer."""

from __future__ import annotations

import atexit
import threading
import weakref

from . import _native


class Poller:
    """A completion queue and the Python thread that waits for its events.

    It knows nothing of its producer, so that one that nobody holds any more goes, and with it all that is open: each
    accepted send ends by one event, and with the last of them the thread ends.
    """

    def __init__(self) -> None:
        self.completions = _native.Completions()
        self.thread = threading.Thread(target=self._run, name="rocketmq-futures", daemon=True)
        self._closing = False
        self._halted = False

    def start(self) -> None:
        self.thread.start()
        _running.add(self)

    def _run(self) -> None:
        while not self._halted and not (self._closing and len(self.completions) == 0):
            if self.completions.settle(-1) < 0:
                return

    def close(self) -> None:
        """Has the thread end as soon as every future is settled."""
        self._closing = True
        self.completions.interrupt()

    def halt(self) -> None:
        """Has the thread end at once: what is open stays open, since the process ends."""
        self._halted = True
        self.completions.interrupt()

    def join(self, seconds: float) -> None:
        """Waits for the thread, unless it is the one that asks, as when a future's callback closes the producer."""
        if not self.is_current() and self.thread.ident is not None:
            self.thread.join(seconds)

    def is_current(self) -> bool:
        return self.thread is threading.current_thread()


_running: weakref.WeakSet[Poller] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    pollers = list(_running)
    for poller in pollers:
        poller.halt()
    for poller in pollers:
        poller.join(1)
