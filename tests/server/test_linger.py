"""What a connection still does when its handler is gone."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.deadlines import wait_for
from wskit.conn import Conn
from wskit.outbound import Outbound
from wskit.protocol.connection import Protocol
from wskit.protocol.opcodes import Side
from wskit.server.linger import Linger, Progress

KEY = b"\x00\x00\x00\x00"  # masks to the same bytes
CLOSE_1000 = b"\x88\x82" + KEY + b"\x03\xe8"
TEXT_HI = b"\x81\x82" + KEY + b"hi"
BAD_OPCODE = b"\x83\x80" + KEY


class Idle:
    """An engine that does nothing."""

    def watch_writable(self, outbound: Outbound) -> None:
        """Nobody watches."""

    def flush_soon(self, outbound: Outbound) -> None:
        """Nobody flushes."""

    def attend(self) -> None:
        """Nobody attends."""


@pytest.fixture
def ends() -> Iterator[tuple[Conn, socket.socket]]:
    """A server's connection that has sent its close frame, and the peer."""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.setblocking(False)
        outbound = Outbound(ours, Idle(), limit=1 << 20, timeout=1)
        conn = Conn(Protocol(Side.SERVER), outbound, "", None)
        conn.close(1001)
        assert peer.recv(16) == b"\x88\x02\x03\xe9"
        yield conn, peer


def run(linger: Linger) -> Progress:
    """Step until there is nothing more to read."""
    progress = Progress.MORE
    while progress is Progress.MORE:
        progress = linger.step()
    return progress


def test_waits_for_the_peers_close(ends: tuple[Conn, socket.socket]) -> None:
    linger = Linger(ends[0])
    assert run(linger) is Progress.WAITING
    ends[1].sendall(CLOSE_1000)
    assert run(linger) is Progress.OVER
    assert ends[0].close_code == 1000


def test_messages_that_come_late_are_passed_over(ends: tuple[Conn, socket.socket]) -> None:
    ends[1].sendall(TEXT_HI * 2000 + CLOSE_1000)
    assert run(Linger(ends[0])) is Progress.OVER
    assert ends[0].close_code == 1000


def test_what_the_parser_had_counts(ends: tuple[Conn, socket.socket]) -> None:
    protocol = ends[0]._protocol
    protocol.parser.target()[: len(CLOSE_1000)] = CLOSE_1000
    protocol.parser.received(len(CLOSE_1000))
    assert run(Linger(ends[0])) is Progress.OVER


def test_end_of_the_stream_ends_it(ends: tuple[Conn, socket.socket]) -> None:
    ends[1].close()
    assert run(Linger(ends[0])) is Progress.OVER


def test_after_a_violation_our_half_is_closed_and_theirs_read_to_the_end(
    ends: tuple[Conn, socket.socket],
) -> None:
    """Unread input would make the close a reset, which can destroy the close frame on its way."""
    conn, peer = ends
    linger = Linger(conn)
    peer.sendall(BAD_OPCODE)
    assert run(linger) is Progress.WAITING
    assert peer.recv(16) == b""
    peer.sendall(bytes(100_000))
    assert run(linger) is Progress.WAITING
    peer.close()
    assert wait_for(lambda: run(linger) is Progress.OVER)


def test_a_violation_that_the_parser_had_is_one_at_the_first_step(
    ends: tuple[Conn, socket.socket],
) -> None:
    """Else nobody would step again before close_timeout, and the peer would wait for our end."""
    conn, peer = ends
    target = conn._protocol.parser.target()
    target[: len(BAD_OPCODE)] = BAD_OPCODE
    conn._protocol.parser.received(len(BAD_OPCODE))
    assert Linger(conn).step() is Progress.WAITING
    assert peer.recv(16) == b""


def test_close_frame_that_is_not_out_yet_is_waited_for(ends: tuple[Conn, socket.socket]) -> None:
    conn, peer = ends
    peer.sendall(CLOSE_1000)
    conn._outbound.blocked = True
    assert Linger(conn).step() is Progress.WAITING
    conn._outbound.blocked = False
    assert run(Linger(conn)) is Progress.OVER
