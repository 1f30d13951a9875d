"""The library's log lines, in the logger "rocketmq_producer".

They come through a completion queue, and a Python thread hands them to the logger: no thread of the library's runs
Python.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading

from . import _native

logger = logging.getLogger("rocketmq_producer")

# By the library's number for a level; its last one is below what logging has a name for.
LEVELS = (0, logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG, 5)


class _Lines:
    def __init__(self) -> None:
        self.completions = _native.Completions()
        self._ending = False
        self.thread = threading.Thread(target=self._run, name="rocketmq-log", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self._ending:
            lines = self.completions.lines(-1)
            if lines is None:
                return
            for level, text in lines:
                logger.log(LEVELS[level], "%s", text)

    def end(self) -> None:
        self._ending = True
        self.completions.interrupt()
        self.thread.join(1)


_lines: _Lines | None = None


def level_of_the_library() -> int:
    """What the logger would show, as the library's number: what it would not show is not made."""
    wanted = logger.getEffectiveLevel()
    return max((number for number, level in enumerate(LEVELS) if number and level >= wanted), default=0)


def attach() -> None:
    """Has lines logged from now on, at the level that the logger has now. Each start of a producer does it."""
    global _lines
    if _lines is None:
        _lines = _Lines()
    _lines.completions.take_log(level_of_the_library())


@atexit.register
def _end() -> None:
    global _lines
    lines, _lines = _lines, None
    if lines:
        lines.end()


def _after_fork() -> None:
    global _lines
    _lines = None


os.register_at_fork(after_in_child=_after_fork)
