"""The keepalive: silence ends a connection, and nothing else does."""

from __future__ import annotations

import threading
import time

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, PING, PONG, frame
from tests.server.recording import Book, Recorded


class Silent(Recorded):
    def on_message(self, data: str | bytes) -> None:
        pass


def test_a_peer_that_answers_pings_stays(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Recorded, book, ping_interval=0.02, ping_timeout=scaled(1))
    peer = connect(server)
    for _ in range(5):
        ping = peer.read()
        assert ping.opcode == PING
        peer.send(frame(PONG, ping.payload))
    latency = wait_for(lambda: server.connections[0].stats().latency)
    assert latency is not None
    assert 0 < latency < scaled(1)


def test_any_sign_of_life_is_an_answer(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Silent, book, ping_interval=0.02, ping_timeout=scaled(0.2))
    peer = connect(server)
    end = time.monotonic() + scaled(0.6)
    while time.monotonic() < end:
        peer.read()
        peer.text("no pong")
    assert len(server.connections) == 1


def test_half_open_peers_are_found(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Recorded, book, ping_interval=0.02, ping_timeout=scaled(0.1))
    peers = [connect(server) for _ in range(8)]
    for peer in peers[:4]:
        peer.send(frame(BINARY, bytes(100))[:50])
    book.closed(8)
    assert all(peer.ended() for peer in peers)  # without waiting for their close frames
    wait_for(lambda: server.stats().connections == 0)
    assert all(handler.conn.close_code == 1011 for handler in book.handlers)


class Slow(Recorded):
    def on_message(self, data: str | bytes) -> None:
        threading.Event().wait(scaled(0.5))


def test_a_peer_that_answered_is_not_cut_while_its_handler_is_busy(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Slow, book, ping_interval=scaled(0.05), ping_timeout=scaled(0.1))
    peer = connect(server)
    peer.text("take long")
    while book.handler().calls != ["after_init", "message"]:
        if (got := peer.read()).opcode == PING:
            peer.send(frame(PONG, got.payload))
    assert peer.read().opcode == PING
    assert len(server.connections) == 1


class Generous(Recorded):
    narrow = True

    def on_message(self, data: str | bytes) -> None:
        for _ in range(8):
            self.conn.write(bytes(1 << 16))


def test_a_peer_that_reads_slowly_is_not_cut(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Generous, book, ping_interval=0.05, ping_timeout=scaled(0.2))
    peer = connect(server, narrow=True)
    peer.text("a lot, please")
    end = time.monotonic() + scaled(0.6)
    while time.monotonic() < end:
        peer.sock.recv(1000)
        threading.Event().wait(0.005)  # slow is what it is
    assert server.connections[0].stats().queued
    assert not server.connections[0].is_closed


def test_without_ping_interval_nobody_is_pinged(serve: Serve, connect: Connect, book: Book) -> None:
    peer = connect(serve(Recorded, book, ping_interval=None, ping_timeout=0.01))
    assert peer.nothing_arrives(0.05)


def test_without_ping_timeout_nobody_is_cut(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Recorded, book, ping_interval=0.01, ping_timeout=None)
    peer = connect(server)
    for _ in range(5):
        assert peer.read().opcode == PING
    assert len(server.connections) == 1
