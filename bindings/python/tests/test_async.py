"""AsyncProducer: futures that end in their loop, once, whatever becomes of who waits."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings
from typing import Any

import cluster as fault
import pytest
from cluster import Mock

import rocketmq_producer as rmq
from rocketmq_producer import AsyncProducer, Message, Outcome, Queue, State, Status
from rocketmq_producer._errors import make_error
from rocketmq_producer._line import Line

Config = dict[str, str]


def test_sends_of_every_kind_arrive(mock: Mock, config: Config) -> None:
    async def main() -> None:
        async with AsyncProducer(config) as producer:
            results = await asyncio.gather(*(producer.send(Message("all", b"%d" % number)) for number in range(3000)))
            assert len({result.message_id for result in results}) == 3000
            batch = await producer.send_batch([Message("all", b"a"), Message("all", b"b")])
            assert len(batch.message_ids) == 2
            assert (await producer.send(Message("all", b"q"), queue=Queue("broker-a", 2))).queue_id == 2
            producer.send_oneway(Message("all", b"oneway"))
            await producer.prepare_topic("all")
            assert len(await producer.fetch_queues("all")) == 4
            waiting = producer.send(Message("all", b"flushed"))
            await producer.flush()
            assert waiting.done()
            with pytest.raises(rmq.RocketMQError):
                await producer.recall("all", "no handle")
        assert producer.state == State.CLOSED and await producer.close() is True

    asyncio.run(main(), debug=False)
    assert mock.count("all") == 3005


def test_futures_end_in_the_loops_thread_in_the_order_of_the_sends(mock: Mock, config: Config) -> None:
    mock.add_topic("one", 1)

    async def main() -> None:
        threads = set()
        async with AsyncProducer({**config, "inflight.max.messages": 50}) as producer:
            sends = [producer.send(Message("one", b"%d" % number)) for number in range(1000)]
            for future in sends:
                future.add_done_callback(lambda _: threads.add(threading.get_ident()))
            offsets = [result.queue_offset for result in await asyncio.gather(*sends)]
        assert offsets == list(range(1000)) and threads == {threading.get_ident()}

    asyncio.run(main(), debug=False)
    assert [stored.body for stored in mock.messages("one")] == [b"%d" % number for number in range(1000)]


def test_sends_wait_for_room_in_line_within_their_limit_and_the_line_has_a_limit(mock: Mock, config: Config) -> None:
    async def main() -> None:
        mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
        async with AsyncProducer({**config, "inflight.max.messages": 5}, waiting_max=20) as producer:
            flight = [producer.send(Message("line", b"x"), timeout=30) for _ in range(5)]
            line = [producer.send(Message("line", b"x"), timeout=0.2) for _ in range(20)]
            assert line[3].cancel()
            with pytest.raises(rmq.QueueFullError):
                await producer.send(Message("line", b"x"))
            with pytest.raises(rmq.QueueFullError):
                producer.send_oneway(Message("line", b"x"))
            begun = time.monotonic()
            ends = await asyncio.gather(*line, return_exceptions=True)
            assert time.monotonic() - begun < 10
            for index, end in enumerate(ends):
                if index == 3:
                    assert isinstance(end, asyncio.CancelledError)
                else:
                    assert isinstance(end, rmq.QueueFullError) and end.outcome == Outcome.NOT_SENT and end.retriable
            mock.clear_faults()
            producer.purge()
            assert all(
                isinstance(end, rmq.RocketMQError) for end in await asyncio.gather(*flight, return_exceptions=True)
            )
            # Room came back, also that of what was written one-way.
            for number in range(200):
                try:
                    producer.send_oneway(Message("after", b"x"))
                except rmq.QueueFullError:
                    assert await producer.send(Message("after", b"%d" % number))

    asyncio.run(main())


def test_a_cancelled_task_is_freed_at_once_and_the_late_end_is_dropped(mock: Mock, config: Config) -> None:
    async def main() -> None:
        failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
        async with AsyncProducer(config) as producer:
            await producer.prepare_topic("late")
            mock.set_latency_ms(300)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(producer.send(Message("late", b"x")), 0.05)
            task = asyncio.ensure_future(producer.flush())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert producer.in_flight == 1
            await producer.flush()
        assert failures == []

    asyncio.run(main())
    assert mock.count("late") == 1


def test_errors_are_in_the_future_and_mistakes_are_raised(mock: Mock, config: Config) -> None:
    async def main() -> None:
        producer = AsyncProducer(config)
        with pytest.raises(rmq.InvalidStateError):
            producer.send(Message("errors", b"x"))
        await producer.start()
        empty = producer.send(Message("errors", b""))
        error = empty.exception()
        assert isinstance(error, rmq.InvalidArgumentError) and error.status == Status.EMPTY_BODY
        with pytest.raises(TypeError):
            producer.send(b"no message")  # type: ignore[arg-type]
        with pytest.raises(ValueError):
            producer.send(Message("errors", b"x"), timeout=-1)
        mock.answer(fault.NO_PERMISSION)
        with pytest.raises(rmq.BrokerError):
            await producer.send(Message("errors", b"x"), retry=False)
        assert await producer.close() is True
        with pytest.raises(rmq.ClosedError):
            await producer.send(Message("errors", b"x"))

    asyncio.run(main())


def test_a_close_with_a_limit_cuts_off_what_is_in_flight_and_in_line(mock: Mock, config: Config) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)

    async def main() -> None:
        producer = AsyncProducer({**config, "inflight.max.messages": 5})
        await producer.start()
        sends = [producer.send(Message("cut", b"x"), timeout=30) for _ in range(10)]
        begun = time.monotonic()
        assert await producer.close(0.2) is False
        assert time.monotonic() - begun < 5
        ends = await asyncio.gather(*sends, return_exceptions=True)
        assert [type(end) for end in ends] == [rmq.ClosedError] * 10
        assert {end.outcome for end in ends[5:]} == {Outcome.NOT_SENT}  # type: ignore[union-attr]

    asyncio.run(main())


def test_a_close_that_asks_again_is_told_the_end(config: Config) -> None:
    async def main() -> None:
        producer = AsyncProducer(config)
        await producer.start()
        shut_down = producer._shut_down

        def given_up(line: Line, limit_ms: int) -> asyncio.Future[bool]:
            """As the library answers while what it cut off is on its way; all of that has come then."""
            producer._shut_down = shut_down  # type: ignore[method-assign]
            ended: asyncio.Future[bool] = line.loop.create_future()
            ended.set_exception(make_error(Status.TIMEOUT, message="call again"))
            line._settle()
            return ended

        producer._shut_down = given_up  # type: ignore[method-assign]
        assert await asyncio.wait_for(producer.close(), 10) is False
        assert producer.state == State.CLOSED

    asyncio.run(main())


def test_a_producer_belongs_to_its_loop_and_loops_in_threads_have_one_each(mock: Mock, config: Config) -> None:
    shared: list[AsyncProducer] = []
    barrier = threading.Barrier(4)

    async def main(number: int) -> None:
        async with AsyncProducer(config) as producer:
            if number == 0:
                shared.append(producer)
            await asyncio.get_running_loop().run_in_executor(None, barrier.wait)
            if number:
                with pytest.raises(RuntimeError, match="belongs to the event loop"):
                    shared[0].send(Message("loops", b"x"))
            await asyncio.gather(*(producer.send(Message("loops", b"x")) for _ in range(200)))
            await asyncio.get_running_loop().run_in_executor(None, barrier.wait)

    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            asyncio.run(main(number), debug=False)
        except BaseException as error:
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == [] and mock.count("loops") == 800


def test_a_producer_that_is_garbage_ends_what_is_open_and_says_that_it_was_not_closed(
    mock: Mock, config: Config
) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)

    async def main() -> list[object]:
        producer = AsyncProducer({**config, "inflight.max.messages": 5})
        await producer.start()
        sends = [producer.send(Message("garbage", b"x"), timeout=30) for _ in range(10)]
        with pytest.warns(ResourceWarning, match="unclosed producer"):
            del producer
            gc.collect()
        return await asyncio.wait_for(asyncio.gather(*sends, return_exceptions=True), 10)

    assert [type(end) for end in asyncio.run(main())] == [rmq.ClosedError] * 10


def test_objects_may_go_in_any_order_after_their_loop(mock: Mock, config: Config) -> None:
    mock.set_latency_ms(50)
    kept: list[object] = []

    async def main() -> None:
        producer = AsyncProducer(config)
        await producer.start()
        result = await producer.send(Message("order", b"x"))
        kept.extend([producer, result, producer.send(Message("order", b"x"))])

    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        kept.clear()
        asyncio.run(main())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for index in order:
                kept[index] = None
                gc.collect()


def test_starts_that_fail_or_are_cancelled_leave_nothing(mock: Mock, config: Config) -> None:
    async def main() -> None:
        with pytest.raises(rmq.RocketMQError) as caught:
            await AsyncProducer({**config, "namesrv.addr": "127.0.0.1:1"}).start(0.3)
        assert caught.value.status in (Status.NO_NAMESRV, Status.TIMEOUT, Status.CONNECT)
        silent = socket.create_server(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        producer = AsyncProducer({**config, "namesrv.addr": f"127.0.0.1:{port}"})

        async def enter() -> None:
            async with producer:
                pass

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(enter(), 0.2)
        for _ in range(100):
            if producer.state == State.CLOSED:
                break
            await asyncio.sleep(0.05)
        assert producer.state == State.CLOSED
        silent.close()

    asyncio.run(main())
