"""The poller of this platform: edges for connections, levels for listeners, who hung up."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled
from wskit.server.poller import HUNG_UP, Poller, make_poller

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def poller() -> Iterator[Poller]:
    made = make_poller()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def reported(poller: Poller, timeout: float = 0) -> list[int]:
    return [fd for fd, _ in poller.poll(scaled(timeout), 100)]


def test_what_arrives_is_reported_once(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.watch(ours.fileno())
    assert reported(poller) == []
    theirs.send(b"a")
    assert reported(poller, 5) == [ours.fileno()]
    assert reported(poller) == [], "though it was not read"
    theirs.send(b"b")
    assert reported(poller, 5) == [ours.fileno()]


def test_what_arrived_before_is_reported_too(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"a")
    poller.watch(ours.fileno())
    assert reported(poller, 5) == [ours.fileno()]


def test_a_listener_is_reported_as_long_as_somebody_waits(poller: Poller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        poller.watch(server.fileno(), edge=False)
        assert reported(poller) == []
        with socket.create_connection(server.getsockname()):
            assert reported(poller, 5) == [server.fileno()]
            assert reported(poller) == [server.fileno()]
            server.accept()[0].close()
            assert reported(poller) == []


def test_a_descriptor_that_is_unwatched_is_not_reported(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.watch(ours.fileno())
    poller.unwatch(ours.fileno())
    theirs.send(b"a")
    assert reported(poller) == []


def test_hung_up_is_told_from_readable(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.watch(ours.fileno())
    theirs.send(b"a")
    [(_, mask)] = poller.poll(scaled(5), 10)
    assert not mask & HUNG_UP
    theirs.shutdown(socket.SHUT_WR)
    [(_, mask)] = poller.poll(scaled(5), 10)
    assert mask & HUNG_UP


def test_no_more_events_than_asked_for(poller: Poller) -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    try:
        for ours, theirs in pairs:
            poller.watch(ours.fileno())
            theirs.send(b"a")
        first = poller.poll(scaled(5), 3)
        second = poller.poll(scaled(5), 3)
        assert (len(first), len(second)) == (3, 2)
        assert {fd for fd, _ in first + second} == {ours.fileno() for ours, _ in pairs}
    finally:
        for each in pairs:
            for sock in each:
                sock.close()


@pytest.mark.skipif(not hasattr(select, "epoll"), reason="epoll is Linux")
def test_a_listener_is_exclusive_to_one_of_several_pollers() -> None:
    """Else every worker would wake for every connection, and all but one in vain."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        flags = _epoll_flags(server.fileno())
    assert flags & select.EPOLLEXCLUSIVE


def _epoll_flags(fd: int) -> int:
    poller = make_poller()
    poller.watch(fd, edge=False)
    epoll = poller._epoll.fileno()  # type: ignore[attr-defined]
    lines = Path(f"/proc/self/fdinfo/{epoll}").read_text().splitlines()
    poller.close()
    # "tfd: 5 events: 10000001 data: ..."
    return next(int(line.split()[3], 16) for line in lines if line.startswith("tfd:"))
