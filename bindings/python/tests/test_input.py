"""What is wrong is an error of Python's, before anything is sent."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable

import pytest
from cluster import Mock

import rocketmq_producer as rmq
from rocketmq_producer import Message, Producer, Status

Config = dict[str, str]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: Message(1, b"x"), TypeError),
        (lambda: Message("t", "text"), TypeError),
        (lambda: Message("t", [1, 2]), TypeError),
        (lambda: Message("t", None), TypeError),
        (lambda: Message("t"), TypeError),
        (lambda: Message("t", b"x", colour="red"), TypeError),
        (lambda: Message("t", b"x", tags=1), TypeError),
        (lambda: Message("t", b"x", keys=[1]), TypeError),
        (lambda: Message("t", b"x", properties=[("a", "b")]), (TypeError, AttributeError)),
        (lambda: Message("t", b"x", properties={"a": 1}), TypeError),
        (lambda: Message("t", b"x", properties={1: "a"}), TypeError),
        (lambda: Message("t", b"x", flag="1"), TypeError),
        (lambda: Message("t", b"x", flag=2**40), OverflowError),
        (lambda: Message("t", b"x", delay_ms="1"), TypeError),
        (lambda: Message("t", b"x", delay_ms=2**80), OverflowError),
        (lambda: Message("t", b"x", delay_ms=0), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", delay_level=19), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", delay_level=2**40), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", delay_level=1, delay_ms=1), ValueError),
        (lambda: Message("\ud800", b"x"), UnicodeEncodeError),
        (lambda: Message("t", b"x", tags="\udfff"), UnicodeEncodeError),
        (lambda: Message("t", b"x", properties={"a": "\ud83d"}), UnicodeEncodeError),
        (lambda: Message("t", b"x", properties={"\ud83d": "a"}), UnicodeEncodeError),
        (lambda: Message("t\0u", b"x"), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", tags="a\0b"), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", keys="a\0b"), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", sharding_key="a\0b"), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", properties={"a": "b\0c"}), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", properties={"a\0": "b"}), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", properties={"a": "b\2TAGS\1forged"}), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", properties={"UNIQ_KEY": "b"}), rmq.InvalidArgumentError),
        (lambda: Message("t", b"x", properties={"": "b"}), rmq.InvalidArgumentError),
        (lambda: Producer("namesrv.addr"), TypeError),
        (lambda: Producer({1: "a"}), TypeError),
        (lambda: Producer({"producer.group": b"g"}), TypeError),
        (lambda: Producer({"producer.group": "g\0h"}), ValueError),
        (lambda: Producer({"producer.group": "\ud800"}), UnicodeEncodeError),
        (lambda: Producer({"producer.group": "g", "no.such.key": "1"}), rmq.InvalidArgumentError),
        (lambda: Producer({"producer.group": "g", "send.retries": "many"}), rmq.InvalidArgumentError),
        (lambda: Producer({"producer.group": "g", "send.timeout.ms": 1.5}), rmq.InvalidArgumentError),
        (lambda: Producer({"namesrv.addr": "127.0.0.1:1"}), rmq.InvalidArgumentError),
        (lambda: rmq.SendResult(), TypeError),
    ],
)
def test_wrong_arguments(make: Callable[[], object], kind: type[BaseException]) -> None:
    with pytest.raises(kind):
        make()


def test_an_error_names_the_property_or_key_concerned() -> None:
    with pytest.raises(rmq.InvalidArgumentError, match="property 'colour'") as caught:
        Message("t", b"x", properties={"colour": "\0"})
    assert caught.value.status == Status.INVALID_PROPERTY
    with pytest.raises(rmq.InvalidArgumentError, match=r"no\.such\.key") as caught:
        Producer({"no.such.key": "1"})
    assert caught.value.status == Status.UNKNOWN_KEY


def test_a_message_cannot_be_changed_and_bodies_are_whatever_shows_bytes() -> None:
    message = Message("t", memoryview(b"0123456789")[::2])
    assert message.body == b"02468" and Message("t", b"").body == b""
    with pytest.raises(AttributeError):
        message.body = b"other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        type("Sub", (Message,), {})
    assert repr(message) == "<Message to t, 5 bytes>"


def test_limits_queues_and_updates_of_the_wrong_kind(mock: Mock, config: Config) -> None:
    with Producer(config) as producer:
        message = Message("t", b"x")
        for timeout in (-1, -0.001, math.nan):
            with pytest.raises(ValueError):
                producer.send(message, timeout=timeout)
        with pytest.raises(rmq.InvalidArgumentError):
            producer.send(message, timeout=0)
        with pytest.raises(TypeError):
            producer.send(message, timeout="soon")  # type: ignore[arg-type]
        for queue in (1, ("broker-a",), (1, 1), ("broker-a", "1"), ("\ud800", 1), ("broker-a", 2**70)):
            with pytest.raises((TypeError, IndexError, UnicodeEncodeError, OverflowError)):
                producer.send(message, queue=queue)  # type: ignore[arg-type]
        for topic in ("a\0b", "\ud800", 5):
            with pytest.raises((ValueError, TypeError)):
                producer.fetch_queues(topic)  # type: ignore[arg-type]
        with pytest.raises(rmq.InvalidArgumentError):
            producer.update("no.such.key", 1)
        assert producer.send(message, timeout=math.inf)
        assert producer.send(message, timeout=5, queue=("broker-a", 1))


def test_numbers_and_booleans_of_a_configuration_are_written_as_the_library_reads_them(
    mock: Mock, config: Config
) -> None:
    with Producer(
        {**config, "send.retries": 0, "batch.auto": False, "send.timeout.ms": 2000.0, "compress.type": None}
    ) as producer:
        assert producer.send(Message("t", b"x")).attempts == 1


def test_exceptions_can_be_sent_to_another_process(mock: Mock, config: Config) -> None:
    with Producer(config) as producer, pytest.raises(rmq.InvalidArgumentError) as caught:
        producer.send(Message("t", b""))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (
        type(copy) is rmq.InvalidArgumentError
        and copy.__dict__ == caught.value.__dict__
        and str(copy) == str(caught.value)
    )
    assert isinstance(copy, ValueError) and issubclass(rmq.NetworkError, ConnectionError)
    network = pickle.loads(pickle.dumps(rmq.NetworkError("gone", status=Status.CONNECT)))
    assert str(network) == "gone" and network.status_name == "ROCKETMQ_ERR_CONNECT"
