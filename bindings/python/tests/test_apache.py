"""A thousand messages from the installed wheel, in an empty folder: a mock cluster and Apache's broker have the same.

What the broker has is read back by Apache's Java client. Servers and reader are those of the root's `make apache`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

VERSION = "5.5.0"
COUNT = 1000
SENDER = r"""
import asyncio, json, sys
from rocketmq_producer import AsyncProducer, Message, Producer

def message(number):
    properties = {"城市": "杭州-%d" % number, "emoji 😀": "🚀\u0301 é %d" % number, "quo\"te\\": "a\"b\\c\n\t"}
    keys = ["key-%d" % number, "schlüssel"]
    return Message(sys.argv[2], contents(number), tags="標籤-%d" % (number % 3), keys=keys,
        properties=properties, flag=number, sharding_key="shard-%d" % (number % 7) if number % 2 else None)

def contents(number):
    return ("text é %d " % number).encode() * 10 if number % 5 else bytes(range(256)) + number.to_bytes(4, "big")

async def send():
    async with AsyncProducer(config) as producer:
        await producer.prepare_topic(sys.argv[2])
        results = await asyncio.gather(*(producer.send(message(number)) for number in range(COUNT - 10)))
        with Producer(config) as other:
            results += [await asyncio.to_thread(other.send, message(number)) for number in range(COUNT - 10, COUNT)]
    return results

config = {"namesrv.addr": sys.argv[1], "producer.group": "installed", "send.timeout.ms": 10000,
          "compress.min.bytes": 500}
COUNT = int(sys.argv[3])
results = asyncio.run(send())
print(json.dumps([{"id": result.message_id, "queue": result.queue_id, "offset": result.queue_offset,
                   "offset_id": result.offset_id} for result in results]))
"""
# What the library, the broker and the reader add.
ADDED = {"UNIQ_KEY", "WAIT", "CLUSTER", "MSG_REGION", "TRACE_ON", "MIN_OFFSET", "MAX_OFFSET"}


@pytest.fixture(scope="module")
def apache() -> Iterator[str]:
    """The address of a name server with one broker."""
    cluster = subprocess.Popen(
        [ROOT / "scripts" / "apache-cluster.sh", VERSION, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert cluster.stdin and cluster.stdout
    line = cluster.stdout.readline()
    assert line.startswith("name server "), line
    yield line.split()[-1]
    cluster.stdin.close()
    cluster.wait(30)
    cluster.stdout.close()


def sent(folder: Path, name_server: str, topic: str) -> list[dict[str, Any]]:
    """What the sender was told of each message."""
    folder.mkdir()
    command = [sys.executable, "-I", "-W", "error", "-c", SENDER, name_server, topic, str(COUNT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, list(folder.iterdir())) == (0, "", []), done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def contents(stored: dict[str, Any]) -> tuple[Any, ...]:
    """What a stored message has of its sender's."""
    body = stored["body"].encode() if "body" in stored else bytes.fromhex(stored["bodyHex"])
    own = {name: value for name, value in stored["properties"].items() if name not in ADDED}
    return stored["flag"], body, stored["tags"], stored["keys"], sorted(own.items()), stored["sysFlag"]


def test_the_wheel_sends_to_a_mock_and_to_apache_what_is_read_back_equal(tmp_path: Path, apache: str) -> None:
    program = Path(os.environ["TARGET"]) / "release" / "rocketmq-mock"
    mock = subprocess.Popen(
        [program, "--topic", "Wheel:4", "--list-on-exit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert mock.stdout
    told_by_mock = sent(tmp_path / "mock", mock.stdout.readline().split()[-1], "Wheel")
    output, _ = mock.communicate(timeout=30)
    in_mock = [json.loads(line) for line in output.splitlines()][:-1]

    told = sent(tmp_path / "apache", apache, "Wheel")
    reader = ["java", "-cp", f"{os.environ['APACHE']}/reader/*", str(ROOT / "tests" / "apache" / "ReadBack.java")]
    read = subprocess.run(
        [*reader, "read", apache, "Wheel", str(COUNT), "20000"], capture_output=True, text=True, timeout=60
    )
    in_apache = [json.loads(line) for line in read.stdout.splitlines()]
    assert in_apache.pop() == {"end": True, "count": COUNT}, read.stdout[-1000:]

    for results, stored in ((told_by_mock, in_mock), (told, in_apache)):
        by_id = {message["msgId"]: message for message in stored}
        assert len(by_id) == len(results) == COUNT
        for number, result in enumerate(results):
            message = by_id[result["id"]]
            assert (message["flag"], message["queueId"], message["queueOffset"]) == (
                number,
                result["queue"],
                result["offset"],
            )
            assert message["offsetMsgId"] == result["offset_id"]
    assert sorted(map(contents, in_mock)) == sorted(map(contents, in_apache))
    some = dict(sorted(map(contents, in_apache))[7][4])
    assert (
        some["城市"] == "杭州-7"
        and some["emoji 😀"] == "🚀\u0301 é 7"
        and re.fullmatch(r"shard-\d", some["__SHARDINGKEY"])
    )
