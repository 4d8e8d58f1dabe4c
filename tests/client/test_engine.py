"""The engine of a client: a writer that meets a full socket waits for it itself."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.client.limits import within
from tests.deadlines import scaled
from wskit import ConnectionClosed, WriteTimeout
from wskit.client.engine import WriterEngine
from wskit.outbound import Outbound

LARGE = bytes(4_000_000)


@contextlib.contextmanager
def way_out(timeout: float | None) -> Iterator[tuple[Outbound, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        one.setblocking(False)
        other.settimeout(scaled(5))
        yield Outbound(one, WriterEngine(timeout), limit=1 << 20, timeout=timeout), other


@contextlib.contextmanager
def reading(sock: socket.socket, size: int) -> Iterator[list[int]]:
    """Read so many bytes in a thread meanwhile, then hang up."""
    total = [0]

    def read() -> None:
        while total[0] < size:
            total[0] += len(sock.recv(65536))
        sock.close()

    thread = threading.Thread(target=read)
    thread.start()
    yield total
    thread.join(scaled(5))


def test_a_frame_is_sent_whole_before_put_returns() -> None:
    with way_out(None) as (outbound, other), reading(other, len(LARGE)) as total:
        with outbound.lock:
            outbound.put(LARGE)
        assert (outbound.queued, outbound.blocked, outbound.watched) == (0, False, False)
        assert outbound.sent == len(LARGE)
    assert total == [len(LARGE)]


def test_a_large_frame_in_small_pieces_takes_time_linear_in_its_size() -> None:
    """What is left must not be copied for each piece."""
    large = bytes(48 << 20)
    with way_out(None) as (outbound, other), reading(other, len(large)):
        for sock in (outbound.transport, other):
            assert isinstance(sock, socket.socket)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with within(4.0), outbound.lock:  # 0.2 s; with the copies 10 s
            outbound.put(large)


def test_a_peer_that_does_not_read_loses_the_connection() -> None:
    with way_out(0.1) as (outbound, other):
        with within(2.0), outbound.lock, pytest.raises(WriteTimeout):
            outbound.put(LARGE)
        assert outbound.lost
        with contextlib.suppress(OSError):
            while other.recv(1 << 20):  # its end of the connection ends, too
                pass


def test_a_peer_that_goes_away_ends_the_write() -> None:
    with way_out(None) as (outbound, other), reading(other, 100_000):
        with outbound.lock, pytest.raises(ConnectionClosed, match="before all was sent"):
            outbound.put(LARGE)
        assert outbound.lost
        assert not outbound.watched


def test_the_timeout_may_change() -> None:
    with way_out(None) as (outbound, _):
        assert isinstance(outbound.engine, WriterEngine)
        outbound.engine.write_timeout = 0.05
        with within(2.0), outbound.lock, pytest.raises(WriteTimeout):
            outbound.put(LARGE)


def test_nothing_is_gathered_or_attended_to() -> None:
    with way_out(None) as (outbound, other):
        outbound.gathering = True
        with outbound.lock:
            outbound.put(b"one")
            outbound.put(b"two")
            outbound.flush()
        outbound.engine.attend()
        assert other.recv(100) == b"onetwo"
