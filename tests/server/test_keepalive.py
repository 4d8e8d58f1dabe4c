"""The keepalive: silence ends a connection, and nothing else does."""

from __future__ import annotations

import threading

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Live
from tests.server.peer import BINARY, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import Conn
from wskit.testing import ManualClock

pytestmark = pytest.mark.wskit(timeout=scaled(5))


class Silent(Recorded):
    def on_message(self, data: str | bytes) -> None:
        pass


def test_a_peer_that_answers_pings_stays(live: Live, book: Book) -> None:
    clock = ManualClock()
    server = live(Recorded, book, clock=clock, ping_interval=20, ping_timeout=30)
    peer = server.connect()
    for _ in range(5):
        clock.advance(20)
        peer.expect_ping()  # which answers it
    latency = wait_for(lambda: server.connections[0].stats().latency)
    assert latency is not None
    assert 0 < latency < scaled(1)


def test_any_sign_of_life_is_an_answer(live: Live, book: Book) -> None:
    clock = ManualClock()
    server = live(Silent, book, clock=clock, ping_interval=20, ping_timeout=30)
    peer = server.connect()
    peer.auto_pong = False
    for _ in range(5):
        clock.advance(20)
        peer.expect_ping()
        peer.send("no pong")
    assert len(server.connections) == 1


def test_half_open_peers_are_found(live: Live, book: Book) -> None:
    clock = ManualClock()
    server = live(Recorded, book, clock=clock, ping_interval=20, ping_timeout=30)
    peers = [server.connect() for _ in range(8)]
    for peer in peers[:4]:
        peer.send_raw(frame(BINARY, bytes(100))[:50])
    wait_for(lambda: server.stats().bytes_in == 4 * 50)
    clock.advance(20 + 30)
    book.closed(8)
    wait_for(lambda: server.stats().connections == 0)  # without waiting for their close frames
    assert all(handler.conn.close_code == 1011 for handler in book.handlers)
    for peer in peers:
        peer.expect_close(1011, "keepalive ping timeout", initiated_by="server")


def test_a_peer_that_answered_is_not_cut_while_its_handler_is_busy(live: Live, book: Book) -> None:
    entered, released = threading.Event(), threading.Event()

    class Slow(Recorded):
        def on_message(self, data: str | bytes) -> None:
            entered.set()
            released.wait(scaled(20))

    clock = ManualClock()
    server = live(Slow, book, clock=clock, ping_interval=20, ping_timeout=30)
    peer = server.connect()
    peer.send("take long")
    assert entered.wait(scaled(5))
    for _ in range(5):
        clock.advance(20)
        peer.expect_ping()
    released.set()
    wait_for(lambda: book.handler().calls == ["after_init", "message"])
    clock.advance(20)
    peer.expect_ping()
    assert len(server.connections) == 1


class Generous(Recorded):
    narrow = True

    def on_message(self, data: str | bytes) -> None:
        for _ in range(8):
            self.conn.write(bytes(1 << 16))


def read_a_little(peer: Peer, conn: Conn) -> None:
    """Read until the server has got rid of some more."""
    before = conn.stats().bytes_out
    while conn.stats().bytes_out == before:
        assert peer.sock.recv(1000), "it was cut"


def test_a_peer_that_reads_slowly_is_not_cut(live: Live, connect: Connect, book: Book) -> None:
    clock = ManualClock()
    server = live(Generous, book, clock=clock, ping_interval=20, ping_timeout=30)
    peer = connect(server.server, narrow=True)
    peer.text("a lot, please")
    conn = book.handler().conn
    wait_for(lambda: book.handler().calls == ["after_init", "message"])
    for _ in range(10):
        clock.advance(20)
        read_a_little(peer, conn)
    assert conn.stats().queued
    assert not conn.is_closed


def test_without_ping_interval_nobody_is_pinged(live: Live, book: Book) -> None:
    clock = ManualClock()
    peer = live(Recorded, book, clock=clock, ping_interval=None, ping_timeout=10).connect()
    clock.advance(1000)
    peer.expect_nothing(within=0)


def test_without_ping_timeout_nobody_is_cut(live: Live, book: Book) -> None:
    clock = ManualClock()
    server = live(Recorded, book, clock=clock, ping_interval=20, ping_timeout=None)
    peer = server.connect()
    peer.auto_pong = False
    clock.advance(5 * 20)
    for _ in range(5):
        peer.expect_ping()
    assert len(server.connections) == 1
