"""Processes that fork, as gunicorn and multiprocessing do, with producers made before and after."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path

import pytest
from cluster import Mock
from conftest import README_BLOCKS, Program

PARENT = """
import asyncio, os, sys, time
import rocketmq_producer as rmq
from rocketmq_producer import AsyncProducer, Message, Producer
config = {"namesrv.addr": sys.argv[1], "producer.group": "tests"}

def in_child(work):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            sys.stdout.flush()
            status = 0
        finally:
            os._exit(status)
    ended, status = os.waitpid(child, 0)
    assert status == 0, status
"""


def test_a_producer_of_the_parent_says_so_in_the_child_and_a_start_makes_it_anew(mock: Mock) -> None:
    text = (
        PARENT
        + """
producer = Producer(config)
producer.start()
before = producer.send(Message("fork", b"parent")).message_id
open_sends = [producer.send_future(Message("fork", b"open")) for _ in range(100)]

def child():
    begun = time.monotonic()
    calls = [producer.send, producer.send_future, producer.send_oneway, lambda _: producer.flush(),
             lambda _: producer.close(), lambda _: producer.fetch_queues("fork"), lambda _: producer.purge(),
             lambda _: producer.statistics()]
    for call in calls:
        try:
            call(Message("fork", b"never"))
        except rmq.ForkedError as error:
            assert error.status == rmq.Status.FORKED
        else:
            raise AssertionError(call)
    assert producer.state == rmq.State.FORKED and time.monotonic() - begun < 1
    producer.start()
    message = Message("fork", b"child")
    after = {producer.send(message).message_id, producer.send_future(message).result(5).message_id}
    assert before not in after and len(after) == 2
    assert producer.close()

in_child(child)
in_child(lambda: Producer(config))
assert all(future.result(5) for future in open_sends)
assert producer.send(Message("fork", b"parent again"))
producer.close()
"""
    )
    Program(text, mock.address).end()
    bodies = [stored.body for stored in mock.messages("fork")]
    assert sorted(set(bodies)) == [b"child", b"open", b"parent", b"parent again"] and len(bodies) == 104


def test_a_producer_that_is_made_before_and_started_after_works_as_does_one_for_asyncio(mock: Mock) -> None:
    text = (
        PARENT
        + """
producer = AsyncProducer(config)
message = Message("fork", b"made before")

async def send():
    async with producer:
        await asyncio.gather(*(producer.send(message) for _ in range(100)))

async def refused():
    try:
        producer.send(message)
    except rmq.ForkedError:
        return
    raise AssertionError("accepted")

def child():
    asyncio.run(send())

in_child(child)

async def started():
    await producer.start()
    in_child_of_a_loop = os.fork()
    if in_child_of_a_loop == 0:
        status = 1
        try:
            asyncio.events._set_running_loop(None)
            asyncio.run(refused())
            child()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(in_child_of_a_loop, 0)[1] == 0
    await producer.send(message)
    await producer.close()

asyncio.run(started())
"""
    )
    Program(text, mock.address).end()
    assert mock.count("fork") == 201


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(mock: Mock, method: str, tmp_path: Path) -> None:
    text = """
import multiprocessing, multiprocessing.util, sys
import rocketmq_producer as rmq
from rocketmq_producer import Message, Producer

producer = None

def begin(address):
    global producer
    producer = Producer({"namesrv.addr": address, "producer.group": "tests"})
    producer.start()
    # Workers of a pool run no atexit functions.
    if multiprocessing.parent_process():
        multiprocessing.util.Finalize(None, producer.close, exitpriority=10)

def send(number):
    return producer.send(Message("pool", b"%d" % number)).message_id

def fail(number):
    producer.send(Message("pool", b""))

if __name__ == "__main__":
    begin(sys.argv[1])
    ids = {send(-1)}
    with multiprocessing.get_context(sys.argv[2]).Pool(2, begin, sys.argv[1:2]) as pool:
        ids.update(pool.map(send, range(50)))
        try:
            pool.map(fail, [1])
        except rmq.InvalidArgumentError as error:
            assert error.status == rmq.Status.EMPTY_BODY and error.__cause__
        else:
            raise AssertionError
        pool.close()
        pool.join()
    assert len(ids) == 51, len(ids)
    producer.close()
"""
    path = tmp_path / "program.py"
    path.write_text(text)
    Program(path, mock.address, method).end()
    assert mock.count("pool") == 51


def test_a_fork_server_whose_application_is_loaded_first(mock: Mock) -> None:
    """As gunicorn with --preload: the application starts its producer when it is loaded, workers start it anew."""
    text = (
        PARENT
        + """
producer = Producer(config)
producer.start()
producer.send(Message("preload", b"master"))

def worker():
    producer.start()  # what post_fork does
    futures = [producer.send_future(Message("preload", b"worker")) for _ in range(50)]
    assert all(future.result(5) for future in futures)
    producer.close()

for _ in range(3):
    in_child(worker)
producer.close()
"""
    )
    Program(text, mock.address).end()
    assert mock.count("preload") == 151


def test_gunicorn_with_an_application_that_is_loaded_first(mock: Mock, tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(
        f"""
import os
from rocketmq_producer import Message, Producer

producer = Producer({{"namesrv.addr": "{mock.address}", "producer.group": "tests"}})
producer.start()
producer.send(Message("gunicorn", b"master"))

def application(environ, start_response):
    sent = producer.send(Message("gunicorn", b"worker"))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{os.getpid()}} {{sent.message_id}}".encode()]
"""
    )
    (configuration,) = (block for block in README_BLOCKS if "post_fork" in block)
    (tmp_path / "gunicorn.conf.py").write_text(
        configuration
        + """
preload_app, workers, bind = True, 2, "127.0.0.1:0"

def when_ready(server):
    print(server.LISTENERS[0].getsockname()[1], flush=True)
"""
    )
    arguments = ["--chdir", str(tmp_path), "--config", str(tmp_path / "gunicorn.conf.py"), "--log-level", "warning"]
    # It leaves sockets open when it ends.
    quiet = "import warnings\nwarnings.simplefilter('ignore', ResourceWarning)\n"
    server = Program(f"{quiet}from gunicorn.app.wsgiapp import run\nrun()", *arguments, "application")
    answers, end = set(), time.monotonic() + 30
    try:
        url = f"http://127.0.0.1:{int(server.line())}/"
        while len({answer.split()[0] for answer in answers}) < 2 or len(answers) < 40:
            with urllib.request.urlopen(url, timeout=20) as answer:
                answers.add(answer.read())
            assert time.monotonic() < end, "one worker answers everything"
    finally:
        server.process.terminate()
        server.end()
    assert mock.count("gunicorn") == 1 + len(answers)


def test_log_lines_of_a_child_reach_its_own_logger(mock: Mock) -> None:
    text = (
        PARENT
        + """
import logging, io
lines = io.StringIO()
logger = logging.getLogger("rocketmq_producer")
logger.addHandler(logging.StreamHandler(lines))
logger.setLevel(logging.DEBUG)

def logged():
    lines.truncate(0)
    with Producer(config) as producer:
        producer.send(Message("log", b"x"))
        deadline = time.monotonic() + 5
        while "rocketmq_producer" not in lines.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "rocketmq_producer" in lines.getvalue()

logged()
in_child(logged)
"""
    )
    Program(text, mock.address).end()
