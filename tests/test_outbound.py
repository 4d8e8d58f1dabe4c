"""The way out: what goes at once, what waits for what, and who is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from wskit.errors import WriteTimeout
from wskit.outbound import Outbound

Pair = tuple[socket.socket, socket.socket]
BIG = bytes(range(256)) * (4 << 12)  # 4 MiB, more than the kernel takes at once


class Engine:
    """Writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def watch_writable(self, outbound: Outbound) -> None:
        self.asked.append("watch")

    def flush_soon(self, outbound: Outbound) -> None:
        self.asked.append("flush")

    def attend(self) -> None:
        self.asked.append("attend")

    def unwatch(self) -> None:
        self.asked.append("unwatch")


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(scaled(5))
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def out(pair: Pair, engine: Engine) -> Outbound:
    return Outbound(pair[0], engine, limit=1000, timeout=0.1)


def nothing() -> None:
    pass


def put(out: Outbound, *frames: bytes) -> None:
    for frame in frames:
        with out.lock:
            out.put(frame)


def receive(pair: Pair, size: int, out: Outbound | None = None) -> bytes:
    """Read ``size`` bytes at the other end, draining ``out`` meanwhile."""
    data = bytearray()
    while len(data) < size:
        if out is not None:
            out.drain(nothing)
        data += pair[1].recv(min(1 << 20, size - len(data)))
    return bytes(data)


def test_a_frame_goes_at_once(out: Outbound, pair: Pair, engine: Engine) -> None:
    put(out, b"one", b"two")
    assert pair[1].recv(100) == b"onetwo"
    assert (out.sent, out.queued, engine.asked) == (6, 0, [])


def test_what_is_gathered_goes_together_when_flushed(
    out: Outbound, pair: Pair, engine: Engine
) -> None:
    out.gathering = True
    put(out, b"one", b"two")
    assert (out.sent, out.queued) == (0, 6)
    assert engine.asked == ["flush"]
    with out.lock:
        out.flush()
    assert pair[1].recv(100) == b"onetwo"
    assert (out.sent, out.queued) == (6, 0)
    put(out, b"three")
    assert engine.asked == ["flush", "flush"]


def test_what_is_gathered_goes_with_the_first_frame_that_is_not(out: Outbound, pair: Pair) -> None:
    out.gathering = True
    put(out, b"one")
    out.gathering = False
    put(out, b"two")
    assert pair[1].recv(100) == b"onetwo"


def test_gathering_has_an_end(out: Outbound, pair: Pair) -> None:
    out.gathering = True
    put(out, *[bytes(1000)] * 70)
    assert out.sent > 65_000
    assert out.queued < 5000


def test_what_does_not_go_waits_for_the_engine_in_order(
    out: Outbound, pair: Pair, engine: Engine
) -> None:
    put(out, BIG, b"behind it", b"and that")
    assert out.blocked
    assert out.watched
    assert engine.asked == ["watch"]
    assert out.sent + out.queued == len(BIG) + 17
    assert receive(pair, len(BIG) + 17, out) == BIG + b"behind itand that"
    assert not out.blocked
    assert out.queued == 0
    out.drain(engine.unwatch)
    assert not out.watched
    assert engine.asked[-2:] == ["unwatch", "attend"]  # it may read again


def test_it_is_watched_until_all_is_out(out: Outbound, pair: Pair, engine: Engine) -> None:
    put(out, BIG)
    out.drain(engine.unwatch)
    assert out.watched
    assert engine.asked == ["watch"]
    unwatched: list[bool] = []
    while out.watched:
        pair[1].recv(1 << 20)
        out.drain(lambda: unwatched.append(out.watched))
    assert unwatched == [True]  # let go first, then said so: whoever sees it may close the socket


def test_a_flush_leaves_what_is_blocked_to_the_engine(out: Outbound, pair: Pair) -> None:
    put(out, BIG)
    sent = out.sent
    pair[1].recv(1 << 20)
    with out.lock:
        out.flush()
    assert out.sent == sent


def test_what_is_held_comes_behind_the_first(out: Outbound, pair: Pair, engine: Engine) -> None:
    out.hold()
    put(out, b"two", b"three")
    with out.lock:
        out.flush()
    assert out.sent == 0
    out.open(b"one")
    assert pair[1].recv(100) == b"onetwothree"
    put(out, b"four")
    assert pair[1].recv(100) == b"four"
    assert "watch" not in engine.asked


def test_nothing_is_sent_on_opening_what_was_lost(out: Outbound, pair: Pair) -> None:
    out.hold()
    with out.lock:
        out.abandon()
    out.open(b"101")
    pair[0].close()
    assert pair[1].recv(100) == b""


def test_opening_may_block_too(out: Outbound, pair: Pair, engine: Engine) -> None:
    out.hold()
    put(out, BIG)
    out.open(b"first")
    assert out.blocked
    assert engine.asked == ["flush", "watch"]
    assert receive(pair, len(BIG) + 5, out) == b"first" + BIG


def test_a_transport_that_fails_is_given_up(out: Outbound, pair: Pair, engine: Engine) -> None:
    pair[1].close()
    put(out, b"into the void")
    assert out.lost
    assert engine.asked == ["attend"]


def test_a_transport_that_fails_while_blocked_is_given_up(
    out: Outbound, pair: Pair, engine: Engine
) -> None:
    put(out, BIG)
    pair[1].close()
    out.drain(engine.unwatch)
    assert out.lost
    assert not out.queued
    assert engine.asked == ["watch", "attend", "unwatch", "attend"]


# -- waiting for room ----------------------------------------------------------------------------


def test_an_empty_queue_takes_any_size(out: Outbound) -> None:
    with out.lock:
        out.wait_for_room(len(BIG))
        assert out.has_room(len(BIG))


def test_up_to_the_limit_nobody_waits(out: Outbound) -> None:
    out.hold()
    put(out, bytes(900))
    with out.lock:
        out.wait_for_room(100)
        assert out.has_room(100)
        assert not out.has_room(101)


def test_what_is_only_gathered_is_sent_instead_of_waiting(out: Outbound, pair: Pair) -> None:
    out.gathering = True
    put(out, bytes(900))
    with out.lock:
        out.wait_for_room(500)
    assert out.sent == 900


def test_without_room_in_time_the_transport_is_lost(
    out: Outbound, pair: Pair, engine: Engine
) -> None:
    put(out, BIG)
    started = time.monotonic()
    with out.lock, pytest.raises(WriteTimeout) as raised:
        out.wait_for_room(1)
    assert 0.1 <= time.monotonic() - started < scaled(2)
    assert raised.value.code == 1006
    assert out.lost
    assert engine.asked[-1] == "attend"


def test_room_is_found_before_all_is_out(pair: Pair, engine: Engine) -> None:
    out = Outbound(pair[0], engine, limit=len(BIG), timeout=scaled(20))
    put(out, BIG)
    left = out.queued
    started = time.monotonic()

    def read_a_little() -> None:
        # Enough that the kernel, which has watermarks, takes more; then the engine drains.
        while out.queued == left:
            pair[1].recv(1 << 18)
            out.drain(nothing)

    reader = threading.Thread(target=read_a_little)
    with out.lock:
        reader.start()  # it cannot drain before the writer waits
        out.wait_for_room(len(BIG) - left + 1)
        assert 0 < out.queued < left
    assert time.monotonic() - started < scaled(10)
    reader.join(scaled(5))


def test_the_lock_is_free_while_a_writer_waits(pair: Pair, engine: Engine) -> None:
    out = Outbound(pair[0], engine, limit=10, timeout=None)
    put(out, BIG)
    entered = threading.Event()

    def write() -> None:
        with out.lock:
            entered.set()
            out.wait_for_room(1)

    writer = threading.Thread(target=write)
    writer.start()
    assert entered.wait(scaled(5))
    wait_for(lambda: out.lock.acquire(timeout=scaled(1)))
    out.abandon()  # which wakes it
    out.lock.release()
    writer.join(scaled(5))
    assert not writer.is_alive()
    assert out.lost
