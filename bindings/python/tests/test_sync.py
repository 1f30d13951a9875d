"""Producer: every kind of send, and what else it can do."""

from __future__ import annotations

import concurrent.futures
import gc
import threading
import time

import cluster as fault
import pytest
from cluster import Mock

import rocketmq_producer as rmq
from rocketmq_producer import Message, Outcome, Producer, Purge, Queue, SendStatus, State, Status

Config = dict[str, str]


def test_a_message_arrives_as_it_was_made_and_its_result_says_where(mock: Mock, config: Config) -> None:
    with Producer(config) as producer:
        message = Message(
            "orders",
            bytearray(b"\x00body\xff"),
            tags="標籤",
            keys=["k1", "schlüssel"],
            properties={"城市": "杭州 🚀"},
            flag=7,
        )
        result = producer.send(message)
        assert producer.connected == 1
    [stored] = mock.messages("orders")
    assert (stored.body, stored.tags, stored.keys) == (b"\x00body\xff", "標籤", "k1 schlüssel")
    assert stored.property("城市") == "杭州 🚀"
    assert (result.message_id, result.message_ids) == (stored.message_id, [stored.message_id])
    assert (result.queue_id, result.queue_offset, result.broker) == (stored.queue_id, stored.queue_offset, "broker-a")
    assert (result.topic, result.status, result.attempts) == ("orders", SendStatus.OK, 1)
    assert result.latency_us > 0 and len(result.offset_id) == 32 and result.recall_handle == ""
    assert message.properties == {"TAGS": "標籤", "KEYS": "k1 schlüssel", "城市": "杭州 🚀"}
    assert (message.topic, message.body, message.tags, message.keys) == (
        "orders",
        stored.body,
        stored.tags,
        stored.keys,
    )


def test_futures_are_settled_each_with_its_own_result(mock: Mock, config: Config) -> None:
    with Producer(config) as producer:
        futures = {producer.send_future(Message("futures", b"%d" % number)): b"%d" % number for number in range(2000)}
        producer.flush()
        assert all(future.done() for future in futures)
    bodies = {stored.message_id: stored.body for stored in mock.messages("futures")}
    assert {future.result().message_id: body for future, body in futures.items()} == bodies


def test_a_batch_is_one_result_with_all_ids_in_order(mock: Mock, config: Config) -> None:
    with Producer(config) as producer:
        waited = producer.send_batch(Message("batch", b"%d" % number) for number in range(3))
        later = producer.send_batch_future([Message("batch", b"%d" % number) for number in range(3, 5)]).result(5)
        with pytest.raises(rmq.InvalidArgumentError, match="message 1: "):
            producer.send_batch([Message("batch", b"1"), Message("other", b"2")])
        with pytest.raises(ValueError, match="a batch needs a message"):
            producer.send_batch([])
        with pytest.raises(TypeError, match="a message must be a Message"):
            producer.send_batch([Message("batch", b"1"), "no message"])  # type: ignore[list-item]
    bodies = {stored.message_id: stored.body for stored in mock.messages("batch")}
    assert [bodies[key] for key in waited.message_ids + later.message_ids] == [b"0", b"1", b"2", b"3", b"4"]


def test_ordered_sends_go_to_the_queue_of_their_key_or_the_one_that_is_named(mock: Mock, config: Config) -> None:
    mock.add_topic("ordered", 8)
    with Producer(config) as producer:
        queues = producer.fetch_queues("ordered")
        assert queues == [Queue("broker-a", number) for number in range(8)]
        for number in range(20):
            producer.send(Message("ordered", b"%d" % number, sharding_key="customer-1"))
        assert len({stored.queue_id for stored in mock.messages("ordered")}) == 1
        assert [stored.body for stored in mock.messages("ordered")] == [b"%d" % number for number in range(20)]
        # What a selector's callback does elsewhere.
        chosen = queues[12345 % len(queues)]
        assert producer.send(Message("ordered", b"x"), queue=chosen).queue_id == chosen.queue_id
        assert producer.send_future(Message("ordered", b"x"), queue=("broker-a", 3)).result(5).queue_id == 3
        with pytest.raises(rmq.InvalidArgumentError):
            producer.send(Message("ordered", b"x"), queue=("broker-a", -1))


def test_oneway_sends_delays_and_automatic_batches_arrive(mock: Mock, config: Config) -> None:
    with Producer({**config, "batch.auto": True, "batch.linger.ms": 20}) as producer:
        producer.send_oneway(Message("various", b"oneway"))
        producer.send(Message("various", b"level", delay_level=3))
        futures = [producer.send_future(Message("various", b"auto")) for _ in range(100)]
        concurrent.futures.wait(futures, 10)
        assert producer.statistics()["batches"]["messages"] > 50
    mock.wait("various", 102)
    by_body = {stored.body: stored for stored in mock.messages("various")}
    assert by_body[b"level"].property("DELAY") == "3" and b"oneway" in by_body
    # The mock answers as a broker that knows no timers, to which none is sent.
    for timer in (Message("various", b"ms", delay_ms=1500), Message("various", b"at", deliver_at_ms=2_000_000_000_000)):
        with Producer(config) as producer, pytest.raises(rmq.RocketMQError) as caught:
            producer.send(timer)
        assert (caught.value.status, caught.value.outcome) == (Status.NOT_SUPPORTED, Outcome.NOT_SENT)


def test_a_status_other_than_ok_is_a_result(mock: Mock, config: Config) -> None:
    mock.answer(fault.FLUSH_DISK_TIMEOUT)
    with Producer(config) as producer:
        assert producer.send(Message("late", b"x")).status == SendStatus.FLUSH_DISK_TIMEOUT


def test_a_refusal_is_an_exception_that_says_everything(mock: Mock, config: Config) -> None:
    with Producer(config) as producer:
        mock.answer(fault.NO_PERMISSION, count=2)
        for send in (producer.send, lambda message, **how: producer.send_future(message, **how).result(5)):
            with pytest.raises(rmq.BrokerError) as caught:
                send(Message("refused", b"x"), retry=False)
            error = caught.value
            assert (error.status, error.status_name) == (Status.NO_PERMISSION, "ROCKETMQ_ERR_NO_PERMISSION")
            assert (error.outcome, error.broker_code, error.attempts) == (Outcome.REJECTED, fault.NO_PERMISSION, 1)
            assert (
                not error.retriable and len(error.message_id) == 32 and error.broker.startswith("broker-a@127.0.0.1:")
            )


def test_a_silent_broker_is_a_timeout_whose_outcome_is_unknown(mock: Mock, config: Config) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    with Producer(config) as producer:
        begun = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            producer.send(Message("silent", b"x"), timeout=0.3)
        assert 0.2 < time.monotonic() - begun < 5
        error = caught.value
        assert isinstance(error, rmq.RequestTimeoutError) and error.outcome == Outcome.UNKNOWN


def test_a_cancelled_future_frees_its_caller_and_waiters_of_a_set(mock: Mock, config: Config) -> None:
    mock.set_latency_ms(300)
    with Producer(config) as producer:
        futures = [producer.send_future(Message("cancelled", b"%d" % number)) for number in range(10)]
        assert all(future.cancel() for future in futures[:5])
        done, _ = concurrent.futures.wait(futures, 10)
        assert len(done) == 10
        assert [future.cancelled() for future in futures] == [True] * 5 + [False] * 5
    assert mock.count("cancelled") == 10


def test_callbacks_run_one_by_one_may_send_and_may_fail(
    mock: Mock, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    threads: set[int] = set()
    again: list[concurrent.futures.Future[rmq.SendResult]] = []
    closed: list[object] = []

    def callback(_: concurrent.futures.Future[rmq.SendResult]) -> None:
        threads.add(threading.get_ident())
        again.append(producer.send_future(Message("again", b"x")))
        producer.send(Message("again", b"y"))
        with pytest.raises(rmq.InvalidStateError):
            producer.flush()
        raise ZeroDivisionError("a listener's mistake")

    with Producer(config) as producer:
        for _ in range(3):
            producer.send_future(Message("first", b"x")).add_done_callback(callback)
        producer.flush()
        assert len(again) == 3 and all(future.result(5) for future in again)
        producer.send_future(Message("first", b"x")).add_done_callback(lambda _: closed.append(producer.close()))
    assert closed == [True] and len(threads) == 1 and threading.get_ident() not in threads
    assert mock.count("again") == 6 and "a listener's mistake" in caplog.text


def test_purge_update_and_statistics(mock: Mock, config: Config) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    with Producer(config) as producer:
        future = producer.send_future(Message("purged", b"x"))
        while producer.in_flight and not mock.count("purged"):
            time.sleep(0.001)
        producer.purge(Purge.ALL)
        error = future.exception(5)
        assert isinstance(error, rmq.RocketMQError) and error.status == Status.CANCELLED
        producer.update("namesrv.addr", mock.address)
        with pytest.raises(rmq.InvalidArgumentError):
            producer.update("producer.group", "other")
        assert producer.statistics()["sends"]["failed"]["by_status"] == [
            {"status": "ROCKETMQ_ERR_CANCELLED", "count": 1}
        ]
        with pytest.raises(rmq.RocketMQError):
            producer.recall("purged", "no handle")


def test_states_and_a_close_with_a_limit(mock: Mock, config: Config) -> None:
    producer = Producer(config)
    assert producer.state == State.CREATED and producer.client_id == ""
    with pytest.raises(rmq.InvalidStateError):
        producer.send(Message("states", b"x"))
    producer.start()
    producer.prepare_topic("states")
    with pytest.raises(rmq.InvalidStateError):
        producer.start()
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    futures = [producer.send_future(Message("states", b"x"), timeout=30) for _ in range(10)]
    begun = time.monotonic()
    assert producer.close(0.2) is False
    assert time.monotonic() - begun < 5
    for future in futures:
        error = future.exception(0)
        assert isinstance(error, rmq.ClosedError) and error.outcome == Outcome.UNKNOWN
    assert producer.state == State.CLOSED and producer.close() is True
    for send in (producer.send, producer.send_future, producer.send_oneway):
        with pytest.raises(rmq.ClosedError):
            send(Message("states", b"x"))


def test_a_full_producer_makes_its_sender_wait_within_the_limit(mock: Mock, config: Config) -> None:
    mock.set_latency_ms(20)
    with Producer({**config, "inflight.max.messages": 10, "completion.max": 20}) as producer:
        futures = [producer.send_future(Message("full", b"%d" % number)) for number in range(200)]
        assert all(future.result(10) for future in futures)
        mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
        stuck = [producer.send_future(Message("full", b"x"), timeout=20) for _ in range(10)]
        with pytest.raises((rmq.QueueFullError, rmq.RequestTimeoutError)) as caught:
            producer.send_future(Message("full", b"x"), timeout=0.1)
        assert caught.value.outcome == Outcome.NOT_SENT
        producer.purge()
        assert all(future.exception(5) for future in stuck)


def test_a_producer_that_is_garbage_ends_what_is_open_and_says_that_it_was_not_closed(
    mock: Mock, config: Config
) -> None:
    mock.answer(fault.SUCCESS, delay_ms=-1, count=-1)
    producer = Producer(config)
    producer.start()
    futures = [producer.send_future(Message("garbage", b"x"), timeout=30) for _ in range(10)]
    with pytest.warns(ResourceWarning, match="unclosed producer"):
        del producer
        gc.collect()
    assert [type(future.exception(5)) for future in futures] == [rmq.ClosedError] * 10


def test_threads_share_a_producer_and_a_message(mock: Mock, config: Config) -> None:
    message = Message("shared", b"x")
    with Producer(config) as producer, concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = [result.message_id for result in pool.map(lambda _: producer.send(message), range(400))]
    assert len(set(ids)) == 400 and mock.count("shared") == 400
