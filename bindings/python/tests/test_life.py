"""Ends: of interpreters with sends in flight, by Ctrl-C, of brokers under load, and a thousand times over."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import cluster as fault
import pytest
from cluster import Mock
from conftest import Program

import rocketmq_producer as rmq
from rocketmq_producer import AsyncProducer, Message, Outcome, Producer

Config = dict[str, str]

HEAD = """
import asyncio, contextlib, os, signal, sys, threading, time, warnings
import rocketmq_producer as rmq
from rocketmq_producer import AsyncProducer, Message, Producer
config = {"namesrv.addr": sys.argv[1], "producer.group": "tests"}
message = Message("life", b"x")
"""
# Programs that end without closing are told so, which some of these do on purpose.
UNCLOSED = 'warnings.simplefilter("ignore", ResourceWarning)\n'


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(0)",
        "os._exit(0)",
        "del producer, futures",
        "import gc; producer.cycle = producer; del producer; gc.collect()",
        "threading.Thread(target=lambda: [producer.send_future(message) for _ in range(1000)], daemon=True).start()",
        "futures[0].add_done_callback(lambda _: time.sleep(60)); mock_answers()",
    ],
)
def test_an_interpreter_ends_with_sends_in_flight(mock: Mock, end: str) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    text = (
        HEAD
        + UNCLOSED
        + """
producer = Producer(config)
producer.start()
futures = [producer.send_future(message, timeout=100) for _ in range(500)]

def mock_answers():
    producer.purge()
    while not futures[1].done() and producer.in_flight: time.sleep(0.01)


def wait():
    with contextlib.suppress(rmq.RocketMQError):
        producer.send(message, timeout=100)

threading.Thread(target=wait, daemon=True).start()
time.sleep(0.05)
"""
        + end
    )
    begun = time.monotonic()
    Program(text, mock.address).end()
    assert time.monotonic() - begun < 15


def test_a_loop_and_its_interpreter_end_with_sends_in_flight(mock: Mock) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    text = (
        HEAD
        + UNCLOSED
        + """
async def main():
    global producer, sends
    producer = AsyncProducer(config)
    await producer.start()
    sends = [producer.send(message, timeout=100) for _ in range(100)]

asyncio.run(main())
"""
    )
    Program(text, mock.address).end()


@pytest.mark.parametrize(
    "call",
    [
        "producer.send(message, timeout=100)",
        "producer.send_future(message, timeout=100).result()",
        "[producer.send_future(message, timeout=100), producer.flush(100)]",
        "[producer.send_future(message, timeout=100), producer.close(100)]",
        "producer.fetch_queues('unknown', 100)",
        "Producer({**config, 'namesrv.addr': sys.argv[2]}).start(100)",
    ],
)
def test_ctrl_c_ends_a_wait_and_the_producer_still_works(mock: Mock, call: str) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    text = (
        HEAD
        + f"""
import socket
silent = socket.create_server(("127.0.0.1", 0))
sys.argv.append("127.0.0.1:%d" % silent.getsockname()[1])
producer = Producer(config)
producer.start()
print("started", flush=True)
sys.stdin.readline()
print("ready", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
if producer.state == rmq.State.RUNNING:
    producer.send_oneway(message)
producer.close(0.2)
silent.close()
"""
    )
    program = Program(text, mock.address)
    assert program.line() == "started" and program.process.stdin
    if "unknown" in call:
        mock.answer(fault.SUCCESS, delay_ms=-1, count=-1, broker=fault.NAMESRV, request=fault.ROUTE)
    program.process.stdin.write("\n")
    program.process.stdin.flush()
    assert program.line() == "ready"
    time.sleep(0.3)
    begun = time.monotonic()
    program.process.send_signal(signal.SIGINT)
    assert program.end() == "interrupted\n"
    assert time.monotonic() - begun < 10


def test_ctrl_c_in_a_loop_cancels_and_closes(mock: Mock) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    text = (
        HEAD
        + """
async def main():
    async with AsyncProducer({**config, "send.timeout.ms": 500}) as producer:
        print("ready", flush=True)
        await asyncio.gather(*(producer.send(message) for _ in range(100)))

try:
    asyncio.run(main())
except (KeyboardInterrupt, rmq.RequestTimeoutError):
    print("interrupted", flush=True)
"""
    )
    program = Program(text, mock.address)
    assert program.line() == "ready"
    program.process.send_signal(signal.SIGINT)
    assert program.end() == "interrupted\n"


def test_another_copy_of_the_library_in_the_process_is_another_copy(mock: Mock, tmp_path: Path) -> None:
    other = tmp_path / "libother.so"
    archive = Path(os.environ["TARGET"]) / "release" / "librocketmq_producer.a"
    names = [
        line
        for line in (Path(__file__).parents[3] / "abi" / "symbols.txt").read_text().split()
        if line.startswith("rocketmq_")
    ]
    link = [
        "cc",
        "-shared",
        "-o",
        str(other),
        "-Wl,-soname,libother.so.9",
        "-Wl,-z,nodelete",
        *(f"-Wl,-u,{name}" for name in names),
    ]
    subprocess.run([*link, str(archive), "-lgcc_s", "-lm", "-lpthread", "-ldl"], check=True)
    text = (
        HEAD
        + """
import ctypes
other = ctypes.CDLL(sys.argv[2], ctypes.RTLD_GLOBAL)
new = lambda: ctypes.c_void_p()
other.rocketmq_config_create.restype = ctypes.c_void_p

def other_sends():
    config, producer, message = ctypes.c_void_p(other.rocketmq_config_create()), new(), new()
    for key, value in ((b"namesrv.addr", sys.argv[1].encode()), (b"producer.group", b"other")):
        assert other.rocketmq_config_set(config, key, value, None) == 0
    assert other.rocketmq_producer_create(config, ctypes.byref(producer), None) == 0
    assert other.rocketmq_producer_start(producer, ctypes.c_int64(3000), None) == 0
    assert other.rocketmq_message_create(b"other", ctypes.byref(message)) == 0
    assert other.rocketmq_message_set_body(message, b"x", ctypes.c_size_t(1)) == 0
    assert other.rocketmq_producer_send(producer, message, None, None, None) == 0
    return producer

def both():
    theirs = other_sends()
    with Producer(config) as producer:
        producer.send(message)
        assert other.rocketmq_producer_send(theirs, new(), None, None, None) == -1
    assert other.rocketmq_producer_shutdown(theirs, ctypes.c_int64(3000), None) == 0

theirs, ours = other_sends(), Producer(config)
ours.start()
both()
child = os.fork()
if child == 0:
    status = 1
    try:
        assert other.rocketmq_producer_state(theirs) == -1 and ours.state == rmq.State.FORKED
        both()
        ours.start()
        ours.send(message)
        ours.close()
        status = 0
    finally:
        os._exit(status)
assert os.waitpid(child, 0)[1] == 0
ours.send(message)
ours.close()
assert other.rocketmq_global_shutdown(ctypes.c_int64(3000), None) == 0
"""
    )
    Program(text, mock.address, str(other)).end()
    assert (mock.count("other"), mock.count("life")) == (3, 4)


def test_a_broker_dies_under_load_and_every_future_ends_once_with_an_outcome(mock: Mock, config: Config) -> None:
    ends: list[object] = []
    with Producer({**config, "send.timeout.ms": 2000}) as producer:
        futures = []

        def send() -> None:
            for number in range(1500):
                future = producer.send_future(Message("killed", b"%d" % number))
                future.add_done_callback(lambda ended: ends.append(ended.exception() or ended.result()))
                futures.append(future)

        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        mock.wait("killed", 500)
        mock.set_broker(False)
        for sender in senders:
            sender.join(30)
        producer.flush(10)
        assert len(ends) == len(futures) == 3000 and all(future.done() for future in futures)
        mock.set_broker(True)
        assert producer.send(Message("killed", b"again"), timeout=10)
    check_ends(ends, {stored.message_id for stored in mock.messages("killed")})


def test_the_same_in_a_loop(mock: Mock, config: Config) -> None:
    mock.set_latency_ms(30)

    async def main() -> list[object]:
        async with AsyncProducer({**config, "send.timeout.ms": 2000, "inflight.max.messages": 500}) as producer:
            sends = [producer.send(Message("killed", b"%d" % number)) for number in range(3000)]
            await sends[700]
            mock.set_broker(False)
            return await asyncio.gather(*sends, return_exceptions=True)

    check_ends(asyncio.run(main(), debug=False), {stored.message_id for stored in mock.messages("killed")})


def check_ends(ends: list[object], stored: set[str]) -> None:
    failed = [end for end in ends if isinstance(end, rmq.RocketMQError)]
    succeeded = [end.message_id for end in ends if isinstance(end, rmq.SendResult)]
    assert len(failed) + len(succeeded) == len(ends) and failed and succeeded
    assert set(succeeded) <= stored
    for error in failed:
        if error.outcome != Outcome.UNKNOWN:
            assert error.message_id not in stored, error


def resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def held() -> tuple[int, int]:
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("kind", ["sync", "futures", "asyncio", "garbage"])
def test_a_thousand_rounds_hold_nothing(mock: Mock, config: Config, kind: str) -> None:
    """Memory, threads and descriptors; but for 64 bytes by which the library knows that a producer is gone."""
    message = Message("rounds", b"x")

    def sync() -> None:
        with Producer(config) as producer:
            producer.send(message)

    def futures() -> None:
        with Producer(config) as producer:
            producer.send_future(message)

    def garbage() -> None:
        Producer(config)
        AsyncProducer(config)
        Message("rounds", b"x" * 100_000, properties={"a": "b"})
        with pytest.raises(rmq.RocketMQError):
            Producer({"no.such.key": "x"})
        with pytest.raises(UnicodeEncodeError):
            Message("rounds", b"x" * 100_000, properties={"a": "b", "c": "\ud800"})

    async def in_a_loop(rounds: int) -> None:
        for _ in range(rounds):
            async with AsyncProducer(config) as producer:
                await producer.send(message)

    rounds = {"sync": sync, "futures": futures, "garbage": garbage}

    def run(count: int) -> None:
        if kind == "asyncio":
            asyncio.run(in_a_loop(count), debug=False)
        for _ in range(count if kind != "asyncio" else 0):
            rounds[kind]()

    run(150)
    gc.collect()
    time.sleep(0.2)
    before, kib = held(), resident_kib()
    run(1000)
    gc.collect()
    deadline = time.monotonic() + 5
    while held() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held() <= before
    assert resident_kib() - kib < 4096, "KiB more after a thousand rounds"


def test_messages_results_and_errors_are_freed() -> None:
    """Against a cluster in a process of its own, which keeps nothing."""
    program = Path(os.environ["TARGET"]) / "release" / "rocketmq-mock"
    cluster = subprocess.Popen([program, "--discard"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert cluster.stdout

    async def main(address: str) -> int:
        async with AsyncProducer({"namesrv.addr": address, "producer.group": "tests"}) as producer:

            async def send(rounds: int) -> None:
                for _ in range(rounds):
                    messages = [Message("freed", b"x" * 100, keys="k", properties={"a": "b"}) for _ in range(500)]
                    await asyncio.gather(*(producer.send(message) for message in messages))
                    ends = await asyncio.gather(
                        *(producer.send(Message("freed", b"")) for _ in range(50)), return_exceptions=True
                    )
                    assert all(isinstance(end, rmq.InvalidArgumentError) for end in ends)

            await send(10)
            gc.collect()
            before = resident_kib()
            await send(60)
            gc.collect()
            return resident_kib() - before

    growth = asyncio.run(main(cluster.stdout.readline().split()[-1]), debug=False)
    cluster.communicate(timeout=30)
    assert growth < 3072, "KiB more after 30,000 sends"
