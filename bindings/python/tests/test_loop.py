"""AsyncProducer never holds its loop up for long, however much ends at once: all goes in portions, and the loop turns
in between. Counted in turns, not in time, which on a busy machine is anything."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import cluster as fault
from cluster import Mock

import rocketmq_producer as rmq
from rocketmq_producer import AsyncProducer, Message, _native
from rocketmq_producer._types import WAIT_DEFAULT

Config = dict[str, str]
SENDS = 5000
# What is settled in one turn, and what of it before the clock is looked at.
TURN, PORTION = 256, 64


async def most_in_a_turn(sends: list[asyncio.Future[Any]]) -> int:
    """How many of the sends end in one turn of the loop at most."""
    now = most = ended = 0

    def count(_: object) -> None:
        nonlocal now, most, ended
        now += 1
        most = max(most, now)
        ended += 1

    for send in sends:
        send.add_done_callback(count)
    while ended < len(sends):
        now = 0
        await asyncio.sleep(0)
    return most


def stand_still_until_all_ended(producer: AsyncProducer) -> None:
    end = time.monotonic() + 20
    while producer.in_flight:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_thousands_of_sends_that_end_at_once_are_settled_over_many_turns(mock: Mock, config: Config) -> None:
    async def main() -> None:
        async with AsyncProducer(config) as producer:
            await producer.prepare_topic("turns")
            for code in (fault.SUCCESS, fault.NO_PERMISSION):
                mock.answer(code, count=-1)
                sends = [producer.send(Message("turns", b"x")) for _ in range(SENDS)]
                stand_still_until_all_ended(producer)
                assert await most_in_a_turn(sends) <= TURN
                assert {type(send.exception()) for send in sends} == {rmq.BrokerError if code else type(None)}
                mock.clear_faults()

    asyncio.run(main(), debug=False)


def test_ends_that_take_long_go_in_smaller_portions(mock: Mock, config: Config) -> None:
    class Slow:
        def set_result(self, _: object) -> None:
            end = time.monotonic() + 20e-6
            while time.monotonic() < end:
                pass

    async def main() -> None:
        async with AsyncProducer(config) as producer:
            await producer.prepare_topic("slow")
            completions = _native.Completions()
            for _ in range(SENDS):
                assert producer._native.submit(completions, Slow(), Message("slow", b"x"), WAIT_DEFAULT, None, 0)
            stand_still_until_all_ended(producer)
            assert completions.settle(0) == PORTION
            while len(completions):
                assert completions.settle(0) <= PORTION

    asyncio.run(main(), debug=False)


def test_sends_in_line_are_given_up_made_and_refused_over_many_turns(mock: Mock, config: Config) -> None:
    message = Message("line", b"x")

    async def main() -> None:
        async with AsyncProducer({**config, "inflight.max.messages": SENDS}) as producer:
            await producer.prepare_topic("line")
            mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
            stuck = [producer.send(message, timeout=60) for _ in range(SENDS)]
            # The clock ends these portions: no machine does so many within a millisecond.
            assert await most_in_a_turn([producer.send(message, timeout=0.02) for _ in range(SENDS)]) < SENDS // 3

            line = [producer.send(message, timeout=60) for _ in range(SENDS)]
            producer.purge()
            stand_still_until_all_ended(producer)
            most = before = 0
            while producer.in_flight < SENDS:
                await asyncio.sleep(0)
                most, before = max(most, producer.in_flight - before), producer.in_flight
            assert most < SENDS // 3

            refused = [producer.send(message, timeout=60) for _ in range(SENDS)]
            closing = asyncio.ensure_future(producer.close(0.05))
            assert await most_in_a_turn(refused) < SENDS // 3
            assert await closing is False
            for send in stuck + line + refused:
                send.exception()

    asyncio.run(main(), debug=False)
