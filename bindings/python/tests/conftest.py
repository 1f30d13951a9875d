"""The mock cluster, as the C library that it is, for tests of this process and for the programs that tests run."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cluster import Mock

ROOT = Path(__file__).resolve().parents[3]
# The README's programs.
README = (ROOT / "bindings" / "python" / "README.md").read_text()
README_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def mock() -> Iterator[Mock]:
    cluster = Mock()
    yield cluster
    cluster.close()


@pytest.fixture
def config(mock: Mock) -> dict[str, str]:
    return {"namesrv.addr": mock.address, "producer.group": "tests"}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No thread but that of the log outlives a test's producers, which some tests leave to the garbage collector."""
    yield
    gc.collect()
    for thread in threading.enumerate():
        if thread.name.startswith("rocketmq-") and thread.name != "rocketmq-log":
            thread.join(5)
            assert not thread.is_alive(), thread


# In development mode a loop says what took it longer than 100 ms, which on a busy machine is anything. And Ctrl-C does
# what it does from a terminal: who runs the tests in the background has it ignored, and programs inherit that.
PRELUDE = """
import logging, signal
logging.getLogger("asyncio").setLevel(logging.ERROR)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


class Program:
    """A Python program with everything on that finds mistakes, in a process of its own."""

    def __init__(self, program: str | Path, *arguments: str, **environment: str) -> None:
        """`program` is its text or its file."""
        what = [str(program)] if isinstance(program, Path) else ["-c", PRELUDE + program]
        command = [sys.executable, "-X", "dev", "-W", "error", *what, *arguments]
        path = str(Path(__file__).parent)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **environment},
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self, status: int = 0, seconds: float = 30) -> str:
        """What it printed, when it has ended with this status and has nothing to complain of."""
        try:
            output, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
            pytest.fail(f"the program did not end\n{output}\n{errors}")
        assert self.process.returncode == status, f"{self.process.returncode}\n{output}\n{errors}"
        assert status != 0 or errors == "", errors
        self.errors = errors
        return output
