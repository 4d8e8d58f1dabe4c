"""Connections that were accepted, or even upgraded, elsewhere."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.adopting import WiredPeer, upgraded
from tests.server.conftest import Serve
from tests.server.peer import TEXT, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import Conn, ConnectionClosed, Handshake, HandshakeRejected, Server
from wskit.protocol.extensions import DeflateParameters

Pair = tuple[socket.socket, Peer]


@pytest.fixture(autouse=True)
def handed_over() -> Iterator[list[socket.socket]]:
    """Close what no server has taken, when all are stopped: their pollers would miss an end."""
    socks: list[socket.socket] = []
    yield socks
    for sock in socks:
        sock.close()


@pytest.fixture
def pair(handed_over: list[socket.socket]) -> Iterator[Pair]:
    """Give a socket to hand over and the Peer at its other end."""
    ours, theirs = socket.socketpair()
    handed_over.append(ours)
    with WiredPeer(theirs) as peer:
        yield ours, peer


class TestAdopting:
    @pytest.fixture
    def server(self, serve: Serve, book: Book) -> Server:
        return serve(Recorded, book, port=None)

    def test_a_server_without_a_port_only_adopts(self, server: Server) -> None:
        assert (server.port, server.address) == (None, None)

    def test_a_connection_that_was_accepted_elsewhere(
        self, server: Server, pair: Pair, book: Book
    ) -> None:
        sock, peer = pair
        server.adopt(sock)
        peer.open("/path")
        peer.text("hi")
        assert peer.read_text() == "hi"
        assert server.stats().connections == 1
        peer.close_frame()
        assert peer.read_close() == 1000
        peer.read_end()
        book.closed()
        wait_for(lambda: sock.fileno() == -1, what="the server to close what belongs to it")

    def test_one_that_sends_nonsense_is_refused(self, server: Server, pair: Pair) -> None:
        sock, peer = pair
        server.adopt(sock)
        peer.send(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert peer.read_head().startswith("HTTP/1.1 405 ")
        peer.ended()
        peer.hang_up()
        wait_for(lambda: sock.fileno() == -1)

    def test_a_connection_that_was_upgraded_elsewhere(
        self, server: Server, pair: Pair, book: Book
    ) -> None:
        sock, peer = pair
        handshake = upgraded()
        handshake.remote_address = ("192.0.2.1", 99)  # as a proxy knows it
        server.adopt(sock, handshake)
        assert book.handler().conn.address == ("192.0.2.1", 99)
        peer.text("hi")
        assert peer.read_text() == "hi"
        book.handler().conn.write("from elsewhere")
        assert peer.read_text() == "from elsewhere"
        assert book.handlers[0].calls == ["after_init", "message"]
        peer.hang_up()
        book.closed()

    @pytest.mark.parametrize("size", [1, 3000, 200_000])
    def test_what_was_read_beyond_the_request_comes_first(
        self, server: Server, pair: Pair, book: Book, size: int
    ) -> None:
        sock, peer = pair
        stream = frame(TEXT, b"a" * size) + frame(TEXT, b"b") + frame(TEXT, b"c")
        cut = len(stream) - 10
        peer.send(stream[cut:])  # in the kernel already when it is adopted
        reading: list[str] = []
        reader = threading.Thread(target=lambda: reading.extend(peer.read_text() for _ in range(3)))
        reader.start()
        server.adopt(sock, upgraded(), leftover=stream[:cut])
        reader.join(scaled(5))
        assert reading == ["a" * size, "b", "c"]

    def test_the_compression_agreed_on_elsewhere_is_used(
        self, server: Server, pair: Pair, book: Book
    ) -> None:
        sock, peer = pair
        server.adopt(sock, upgraded(deflate=DeflateParameters()))
        book.handler().conn.write("a" * 1000, compress=True)
        got = peer.read()
        assert got.rsv == 4
        assert len(got.payload) < 50

    def test_what_the_handler_raises_comes_out_and_nothing_is_left(
        self, serve: Serve, pair: Pair
    ) -> None:
        class Refuses(Recorded):
            def __init__(self, handshake: Handshake, conn: Conn, app: Book) -> None:
                kept.append(conn)
                raise HandshakeRejected(401)

        kept: list[Conn] = []
        sock, peer = pair
        server = serve(Refuses, Book(), port=None)
        descriptors = len(os.listdir("/dev/fd"))
        with pytest.raises(HandshakeRejected):
            server.adopt(sock, upgraded())
        assert len(os.listdir("/dev/fd")) == descriptors - 1
        with pytest.raises(ConnectionClosed):
            kept[0].write("too late")
        assert peer.ended(), "the socket belonged to the server"
        assert server.connections == []
        assert server.stats().handshakes_pending == 0

    def test_a_server_that_does_not_run_takes_nothing(self, server: Server, pair: Pair) -> None:
        server.stop()
        for each in (server, Server(Recorded)):
            with pytest.raises(RuntimeError, match="does not run"):
                each.adopt(pair[0])

    def test_leftover_needs_the_handshake_that_it_came_after(
        self, server: Server, pair: Pair
    ) -> None:
        with pytest.raises(ValueError, match=r"^leftover: "):
            server.adopt(pair[0], leftover=b"x")

    def test_limits_of_connections_do_not_apply(self, serve: Serve, book: Book) -> None:
        server = serve(Recorded, book, port=None, max_conn=1)
        pairs = [socket.socketpair() for _ in range(3)]
        for ours, _ in pairs:
            server.adopt(ours, upgraded())
        assert len(server.connections) == 3
        for _, theirs in pairs:
            theirs.close()
        book.closed(3)
        wait_for(lambda: server.stats().connections == 0)
