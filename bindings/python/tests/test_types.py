"""Types: the package's own, and those that its users see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import ROOT

USER = """
import asyncio
from concurrent.futures import Future

from rocketmq_producer import AsyncProducer, Message, Producer, RocketMQError, SendResult

def sync(producer: Producer) -> str:
    later: Future[SendResult] = producer.send_future(Message("t", b"x", properties={"a": "b"}), timeout=1.5)
    result = producer.send(Message("t", bytearray(b"x"), keys=["a", "b"]), queue=producer.fetch_queues("t")[0])
    return result.message_id + later.result().broker

async def loop(producer: AsyncProducer) -> list[SendResult]:
    reveal_type(await producer.send(Message("t", b"x")))
    return await asyncio.gather(*[producer.send(Message("t", b"x")) for _ in range(3)])

def code(error: RocketMQError) -> int:
    return error.broker_code or 0
"""
WRONG = """
from rocketmq_producer import Message, Producer

Message("t", "text")
Message("t", b"x", delay_level="3")
Producer({"namesrv.addr": ["a"]})
Producer({}).send("text")
Producer({}).send(Message("t", b"x")).message_id = "other"
"""


def mypy(*arguments: str, cwd: Path | None = None) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.stderr == "", done.stderr
    return done.stdout


def test_the_package_has_types_and_its_users_see_them(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text(WRONG)
    binding = ROOT / "bindings" / "python"
    assert "Success: no issues" in mypy("--config-file", "pyproject.toml", "src", cwd=binding)
    said = mypy("user.py", "wrong.py", cwd=tmp_path)
    assert 'user.py:13: note: Revealed type is "rocketmq_producer._native.SendResult"' in said
    assert [line.split(":")[:2] for line in said.splitlines() if ": error:" in line] == [
        ["wrong.py", str(number)] for number in range(4, 9)
    ], said
