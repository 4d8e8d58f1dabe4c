"""wss: servers under TLS, with peers that are real sockets under Python's own TLS."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time

import pytest
from websocket import create_connection

from tests.certificates import client_context, server_context
from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, PING, PONG, TEXT, Frame, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, HandshakeConfig, Server


class Secure:
    """A wss server and its peers."""

    server: Server

    def __init__(self, serve: Serve, connect: Connect, book: Book) -> None:
        self._serve, self._connect, self._book = serve, connect, book

    def start(self, **config: object) -> Secure:
        self.server = self._serve(Recorded, self._book, ssl_context=server_context(), **config)
        return self

    def peer(self, *, tls: bool = True, **options: object) -> Peer:
        return self._connect(self.server, tls=client_context() if tls else None, **options)


@pytest.fixture
def secure(serve: Serve, connect: Connect, book: Book) -> Secure:
    return Secure(serve, connect, book)


@pytest.mark.parametrize("small_pool", [None, 2])
def test_messages_of_every_size_come_back(small_pool: int | None, secure: Secure) -> None:
    peer = secure.start(buffers=BufferConfig(small_pool=small_pool)).peer()
    for size in [0, 1, 125, 2048, 16384, 16385, 65536, 1 << 20]:
        data = bytes([size % 251]) * size
        peer.binary(data)
        assert peer.read() == Frame(BINARY, data)


def test_messages_in_one_record_are_all_delivered(secure: Secure) -> None:
    """The kernel says once that there is something, and OpenSSL has it all by then."""
    peer = secure.start().peer()
    texts = [str(number) * 10 for number in range(400)]
    data = b"".join(frame(TEXT, text.encode()) for text in texts)
    assert 4096 < len(data) < 16384
    for _ in range(3):
        peer.send(data)
        assert [peer.read_text() for _ in texts] == texts


def test_first_messages_with_the_request(secure: Secure) -> None:
    peer = secure.start().peer(opened=False)
    peer.open(after=frame(TEXT, b"first") + frame(BINARY, bytes(12_000)))
    assert peer.read_text() == "first"
    assert peer.read() == Frame(BINARY, bytes(12_000))


def test_to_a_slow_consumer_arrives_intact(secure: Secure) -> None:
    peer = secure.start(max_write_buffer=1 << 16).peer(narrow=True)
    sent = [bytes([number]) * (1 << 16 if number % 3 else 100) for number in range(150)]
    total = b"".join(frame(BINARY, data) for data in sent)
    peer.sock.settimeout(0)
    position = received = 0
    deadline = time.monotonic() + scaled(20)
    expected = b"".join(frame(BINARY, data, mask=None) for data in sent)
    while received < len(expected):  # in one thread, since OpenSSL wants that
        assert time.monotonic() < deadline
        with contextlib.suppress(ssl.SSLWantWriteError, ssl.SSLWantReadError):
            position += peer.sock.send(total[position : position + (1 << 14)])
        try:
            data = peer.sock.recv(3000)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            threading.Event().wait(0.0001)
            continue
        assert data == expected[received : received + len(data)]
        received += len(data)


def test_closes_in_order(secure: Secure, book: Book) -> None:
    peer = secure.start().peer()
    peer.close_frame(3000)
    assert peer.read_close() == 3000
    peer.read_end()
    book.closed()
    other = secure.peer()
    book.handler(1).conn.close(4000)
    assert other.read_close() == 4000
    other.close_frame(4000)
    other.read_end()
    book.closed(2)
    wait_for(lambda: not secure.server.connections)


def test_input_that_nobody_reads_does_not_destroy_the_close_frame(
    secure: Secure, book: Book
) -> None:
    peer = secure.start().peer()
    peer.send(frame(3, b"violation"))
    book.closed()
    peer.send(bytes(1 << 20))
    assert peer.read_close() == 1002


@pytest.mark.parametrize("ending", ["reset", "hang_up"])
def test_peers_that_go_without_a_word(ending: str, secure: Secure, book: Book) -> None:
    peer = secure.start().peer()
    peer.send(frame(BINARY, bytes(1000))[:-1])
    getattr(peer, ending)()
    book.closed()


def test_a_write_from_another_thread_while_messages_arrive(secure: Secure, book: Book) -> None:
    peer = secure.start().peer()
    conn = book.handler().conn

    def write() -> None:
        for _ in range(200):
            conn.write_ping(b"x" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(200):
        peer.text(str(number))
    texts: list[str] = []
    pings = 0
    while len(texts) < 200 or pings < 200:
        got = peer.read()
        if got.opcode == PING:
            pings += 1
        else:
            texts.append(got.payload.decode())
    writer.join(scaled(5))
    assert texts == [str(number) for number in range(200)]


def test_plain_http_on_the_port_ends_that_connection_only(
    secure: Secure,
) -> None:
    secure.start(max_conn=1)
    for _ in range(3):
        plain = secure.peer(tls=False, opened=False)
        plain.send(plain.request())
        assert plain.ended()
    wait_for(lambda: secure.server.stats().handshakes_pending == 0)
    peer = secure.peer()
    peer.send(frame(PING, b"alive"))
    assert peer.read() == Frame(PONG, b"alive")


def test_a_slow_tls_handshake_is_cut_in_time(secure: Secure) -> None:
    secure.start(handshake=HandshakeConfig(timeout=0.1))
    silent = secure.peer(tls=False, opened=False)
    begun = secure.peer(tls=False, opened=False)
    begun.send(b"\x16\x03\x01\x02\x00")
    assert silent.ended()
    assert begun.ended()
    wait_for(lambda: secure.server.stats().handshakes_pending == 0)


def test_a_slow_request_gets_408_under_tls(secure: Secure) -> None:
    peer = secure.start(handshake=HandshakeConfig(timeout=0.3)).peer(opened=False)
    peer.send(peer.request()[:30])
    assert " 408 " in peer.read_head()


def test_stop_says_1001_and_waits(secure: Secure, book: Book) -> None:
    secure.start()
    peers = [secure.peer() for _ in range(3)]
    stopping = threading.Thread(target=secure.server.stop)
    stopping.start()
    for peer in peers:
        assert peer.read_close() == 1001
        peer.close_frame(1001)
        peer.read_end()
    stopping.join(scaled(5))
    assert not stopping.is_alive()
    book.closed(3)


def test_with_an_independent_client(secure: Secure) -> None:
    """It is one that uses a TLS connection in one thread only.

    That of websockets.sync reads in another thread than it writes: of its requests to a TLS server
    of the standard library alone, about one in 500 never left.
    """
    port = secure.start().server.port
    client = create_connection(
        f"wss://localhost:{port}/",
        timeout=scaled(5),
        sslopt={"context": client_context()},
        http_no_proxy=["*"],
    )
    client.send("text")
    assert client.recv() == "text"
    client.send_binary(bytes(100_000))
    assert client.recv() == bytes(100_000)
    client.close()
