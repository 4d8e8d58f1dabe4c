"""Waiting for descriptors, with poll and without."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled
from wskit.waiting import Readable, wait_either, wait_readable, wait_writable

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        yield one, other


@pytest.fixture(params=["poll", "select"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without poll(2) once, as on a system that has none."""
    if request.param == "select":
        monkeypatch.delattr(select, "poll", raising=False)


def fill(sock: socket.socket) -> None:
    try:
        while True:
            sock.send(bytes(65536))
    except BlockingIOError:
        pass


def test_one_can_be_waited_for_again_and_again(pair: Pair) -> None:
    one, other = pair
    readable = Readable(one.fileno())
    for _ in range(3):
        assert not readable.wait(0)
        other.send(b"x")
        assert readable.wait(scaled(5))
        assert readable.wait(None)
        one.recv(1)
    other.close()
    assert readable.wait(None)


def test_readable_is_what_has_data_or_has_ended(pair: Pair) -> None:
    one, other = pair
    assert wait_readable([one.fileno()], 0) == []
    other.send(b"x")
    assert wait_readable([one.fileno(), other.fileno()], scaled(5)) == [one.fileno()]
    one.recv(1)
    other.close()
    assert wait_readable([one.fileno()], scaled(5)) == [one.fileno()]


def test_writable_is_what_has_room(pair: Pair) -> None:
    one, other = pair
    assert wait_writable(one.fileno(), 0)
    fill(one)
    assert not wait_writable(one.fileno(), 0)
    other.close()
    assert wait_writable(one.fileno(), scaled(5)), "a write would fail at once"


def test_either_tells_which(pair: Pair) -> None:
    one, other = pair
    assert wait_either(one.fileno(), scaled(5)) == (False, True)
    other.send(b"x")
    assert wait_either(one.fileno(), scaled(5)) == (True, True)
    fill(one)
    assert wait_either(one.fileno(), scaled(5)) == (True, False)
    one.recv(1)
    assert wait_either(one.fileno(), 0) == (False, False)
    other.close()
    assert wait_either(one.fileno(), scaled(5)) == (True, True)


def test_the_timeout_is_kept(pair: Pair) -> None:
    one, _ = pair
    fill(one)
    for wait in (
        lambda: wait_readable([one.fileno()], 0.02),
        lambda: wait_writable(one.fileno(), 0.02),
        lambda: any(wait_either(one.fileno(), 0.02)),
    ):
        start = time.monotonic()
        assert not wait()
        assert 0.019 <= time.monotonic() - start < scaled(2)


def test_none_waits_as_long_as_it_takes(pair: Pair) -> None:
    one, other = pair
    other.send(b"x")
    assert wait_readable([one.fileno()], None) == [one.fileno()]
    assert wait_writable(one.fileno(), None)
    assert wait_either(one.fileno(), None) == (True, True)
