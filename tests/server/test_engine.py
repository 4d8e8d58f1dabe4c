"""Stopping: from anywhere, any number of times, whatever the connections are doing."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, TEXT, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, Conn, Handshake, Server, ServerConfig


def server_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("wskit-")]


@pytest.fixture
def one(blocking: bool, book: Book) -> Server:
    """Give a server that does not listen yet."""
    return Server(Recorded, ServerConfig(port=0, blocking=blocking))


def test_every_peer_is_told_1001_and_the_stop_waits_for_their_answers(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peers = [connect(server) for _ in range(3)]
    wait_for(lambda: len(server.connections) == 3)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    for peer in peers:
        assert peer.read_close() == 1001
    assert stopping.is_alive()
    for peer in peers:
        peer.close_frame(1001)
        peer.read_end()
    stopping.join(scaled(5))
    assert not stopping.is_alive()
    assert not server_threads()
    book.closed(3)


def test_code_and_reason_can_be_chosen(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    wait_for(lambda: server.connections)
    server.stop(1012, "back soon", timeout=0)
    assert peer.read().payload == b"\x03\xf4back soon"


def test_what_may_not_be_sent_is_refused_and_nothing_stops(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    with pytest.raises(ValueError, match=r"^code:"):
        server.stop(1006)
    with pytest.raises(ValueError, match=r"^timeout:"):
        server.stop(timeout=-1)
    peer.text("still here")
    assert peer.read_text() == "still here"


def test_peers_that_do_not_answer_are_cut_at_the_timeout(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peers = [connect(server) for _ in range(3)]
    wait_for(lambda: len(server.connections) == 3)
    started = time.perf_counter()
    server.stop(timeout=0.1)
    assert 0.1 <= time.perf_counter() - started < scaled(0.9)
    for peer in peers:
        assert peer.read_close() == 1001
        assert peer.ended()
    book.closed(3, timeout=0)
    assert not server_threads()


def test_when_stop_returns_every_handler_is_closed_and_every_thread_joined(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peers = [connect(server) for _ in range(20)]
    for peer in peers[:10]:
        peer.text("x")
        peer.hang_up()
    server.stop(timeout=0)
    assert not server_threads()
    assert [handler.calls[-1] for handler in book.handlers] == ["close"] * 20


def test_stop_is_idempotent_and_concurrent_stops_all_wait(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    wait_for(lambda: server.connections)
    stops = [threading.Thread(target=server.stop) for _ in range(5)]
    for thread in stops:
        thread.start()
    assert peer.read_close() == 1001
    assert all(thread.is_alive() for thread in stops)
    peer.close_frame(1001)
    for thread in stops:
        thread.join(scaled(5))
        assert not thread.is_alive()
    server.stop()
    server.stop()
    assert not server_threads()
    assert book.handlers[0].calls == ["after_init", "client_close", "close"][::2]


def test_stop_before_listen_does_nothing(one: Server, book: Book) -> None:
    one.stop()
    one.listen_in_new_thread(book)
    assert one.port is not None
    with Peer(one.port) as peer:
        peer.open().text("served")
        assert peer.read_text() == "served"
    one.stop()


def test_stop_at_once_after_listen_in_new_thread(one: Server, book: Book) -> None:
    for _ in range(20):
        thread = one.listen_in_new_thread(book)
        one.stop()
        thread.join(scaled(5))
        assert not server_threads()


def test_a_server_can_listen_again_after_a_stop(one: Server, book: Book) -> None:
    for number in range(3):
        one.listen_in_new_thread(book)
        assert one.port is not None
        with Peer(one.port) as peer:
            peer.open().text(str(number))
            assert peer.read_text() == str(number)
        one.stop()
    book.closed(3)


def test_two_listens_at_once_are_refused(serve: Serve, book: Book) -> None:
    server = serve(Recorded, book)
    with pytest.raises(RuntimeError, match="listening already"):
        server.listen(book)
    server.stop()


def test_leaving_the_with_block_stops(one: Server, book: Book) -> None:
    with one:
        thread = one.listen_in_new_thread(book)
    assert not thread.is_alive()
    assert not server_threads()


class Stopper(Recorded):
    """Stops its server when told so, from inside callbacks."""

    server: Server

    def on_message(self, data: str | bytes) -> None:
        self.server.stop()

    def on_close(self) -> None:
        self.server.stop()


def test_stop_from_a_handler_begins_the_stop(serve: Serve, connect: Connect, book: Book) -> None:
    server = Stopper.server = serve(Stopper, book)
    peers = [connect(server) for _ in range(3)]
    peers[1].text("stop")
    for peer in peers:
        assert peer.read_close() == 1001
        peer.close_frame(1001)
        peer.read_end()
    server.stop()
    book.closed(3)
    assert not server_threads()


class StopsInInit(Recorded):
    server: Server

    def __init__(self, handshake: Handshake, conn: Conn, app: Book) -> None:
        super().__init__(handshake, conn, app)
        self.server.stop()
        # The stop has gone over the connections, and this is none of them yet.
        wait_for(lambda: self.server._engine is not None and self.server._engine.hub.stopping)


def test_a_connection_that_opens_during_a_stop_is_told_1001(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = StopsInInit.server = serve(StopsInInit, book)
    peer = connect(server)
    assert peer.read_close() == 1001
    peer.close_frame(1001)
    peer.read_end()
    server.stop()
    book.closed()


def test_handshakes_under_way_do_not_delay_a_stop(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server, opened=False)
    peer.send(peer.request()[:40])
    wait_for(lambda: server.stats().handshakes_pending == 1)
    started = time.perf_counter()
    server.stop()
    assert time.perf_counter() - started < scaled(2)
    assert peer.ended()


class Sleeper(Recorded):
    """Stays in its callback until the test lets it go."""

    entered = threading.Event()
    released = threading.Event()

    def on_message(self, data: str | bytes) -> None:
        self.entered.set()
        assert self.released.wait(scaled(30))


@pytest.fixture
def sleeper() -> type[Sleeper]:
    Sleeper.entered, Sleeper.released = threading.Event(), threading.Event()
    return Sleeper


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give handlers that do not return less time than users would."""
    monkeypatch.setattr("wskit.server.engine._FORCED", 0.1)
    monkeypatch.setattr("wskit.server.engine._JOIN", 0.1)


def test_a_handler_that_returns_in_time_is_waited_for(
    serve: Serve, connect: Connect, book: Book, sleeper: type[Sleeper]
) -> None:
    server = serve(sleeper, book)
    peer = connect(server)
    peer.text("stay")
    assert sleeper.entered.wait(scaled(5))
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert peer.read_close() == 1001  # though the handler is busy
    peer.close_frame(1001)
    assert stopping.is_alive()
    assert book.handlers[0].calls == ["after_init"]
    sleeper.released.set()
    stopping.join(scaled(5))
    assert not stopping.is_alive()
    assert book.handlers[0].calls == ["after_init", "message", "close"]


def test_a_handler_that_does_not_return_does_not_hang_the_stop(
    serve: Serve,
    connect: Connect,
    book: Book,
    sleeper: type[Sleeper],
    caplog: pytest.LogCaptureFixture,
    short_grace: None,
) -> None:
    server = serve(sleeper, book)
    peer = connect(server)
    peer.text("stay")
    assert sleeper.entered.wait(scaled(5))
    started = time.perf_counter()
    with caplog.at_level(logging.ERROR, "wskit.server"):
        server.stop(timeout=0)
    assert time.perf_counter() - started < scaled(4)
    assert "does not return" in caplog.text
    assert len(server_threads()) == 1
    assert peer.read_close() == 1001
    assert peer.ended()
    assert book.handlers[0].calls == ["after_init"]
    sleeper.released.set()
    book.closed()  # after all, and last
    assert book.handlers[0].calls == ["after_init", "message", "close"]
    wait_for(lambda: not server_threads())


def test_a_stuck_writer_that_outlives_the_stop_leaves_no_socket(
    serve: Serve, connect: Connect, book: Book, sleeper: type[Sleeper], short_grace: None
) -> None:
    class Writes(sleeper):  # type: ignore[misc, valid-type]
        narrow = True

        def on_message(self, data: str | bytes) -> None:
            self.conn.write(bytes(1 << 20))
            super().on_message(data)

    server = serve(Writes, book)
    peer = connect(server, narrow=True)
    peer.text("stay")
    assert sleeper.entered.wait(scaled(5))
    server.stop(timeout=0)
    sleeper.released.set()
    book.closed()
    wait_for(lambda: book.handlers[0].conn._outbound.transport.fileno() == -1)


@pytest.mark.parametrize("small_pool", [None, 0, 2])
def test_no_buffer_is_lent_after_a_stop_in_mid_message(
    small_pool: int | None, serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(
        Recorded, book, buffers=BufferConfig(small_size=256, small_pool=small_pool, large_size=4096)
    )
    beginnings = [
        frame(TEXT, b"whole")[:1],
        frame(BINARY, bytes(200))[:-1],
        frame(BINARY, bytes(3000))[:-1],
        frame(BINARY, bytes(300_000))[:-1],
        frame(BINARY, bytes(100), fin=False),
        frame(BINARY, bytes(5000), fin=False) + frame(9, b"ping")[:-1],
    ]
    peers = [connect(server) for _ in beginnings]
    for peer, beginning in zip(peers, beginnings, strict=True):
        peer.send(beginning)
    received = sum(map(len, beginnings))
    wait_for(lambda: server.stats().bytes_in == received)
    if small_pool is not None and not server.config.blocking:
        assert server.stats().small_buffers.in_use > 0
    assert server.stats().large_buffers.in_use > 0
    server.stop(timeout=0.05)
    stats = server.stats()
    assert (stats.small_buffers.in_use, stats.large_buffers.in_use) == (0, 0)
    assert stats.small_buffers.available <= (small_pool or 0)


def test_the_port_is_free_and_the_listener_closed_as_soon_as_the_stop_begins(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert peer.read_close() == 1001
    assert server.port is not None
    with pytest.raises(ConnectionRefusedError):
        Peer(server.port)
    peer.close_frame()
    stopping.join(scaled(5))


def test_a_unix_socket_that_another_server_made_meanwhile_is_left_alone(
    blocking: bool, book: Book, tmp_path: Path
) -> None:
    path = str(tmp_path / "socket")
    config = ServerConfig(unix_path=path, blocking=blocking, close_timeout=scaled(5))
    first, second = Server(Recorded, config), Server(Recorded, config)
    first.listen_in_new_thread(book)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(scaled(5))
        raw.connect(path)
        raw.sendall(Peer.request(Peer.__new__(Peer)))
        assert raw.recv(1000).startswith(b"HTTP/1.1 101")
        stopping = threading.Thread(target=first.stop)
        stopping.start()
        assert raw.recv(1000)[:1] == b"\x88"
        second.listen_in_new_thread(book)
    stopping.join(scaled(5))
    try:
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(path)
    finally:
        second.stop()


def test_a_bind_error_is_raised_and_leaves_nothing(serve: Serve, book: Book, one: Server) -> None:
    taken = serve(Recorded, book)
    assert taken.port is not None
    second = Server(Recorded, ServerConfig(port=taken.port, blocking=one.config.blocking))
    with pytest.raises(OSError, match="in use"):
        second.listen_in_new_thread(book)
    with pytest.raises(OSError, match="in use"):
        second.listen(book)


SIGNALLED = """
import signal, sys
from wskit import Server, ServerConfig

class Echo:
    def __init__(self, handshake, conn):
        self.conn = conn
    def after_init(self):
        self.conn.write(str(server.port))
    def client_message(self, data):
        self.conn.write(data)
    def close(self):
        print("closed", flush=True)

class Announced(Server):
    def _open(self, app):
        engine = super()._open(app)
        print(engine.address[1], flush=True)
        return engine

server = Announced(Echo, ServerConfig(port=0, blocking=BLOCKING))
HANDLER
try:
    server.listen()
    print("returned", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("handler", "number", "last"),
    [
        ("signal.signal(signal.SIGTERM, lambda *_: server.stop())", signal.SIGTERM, "returned"),
        ("signal.signal(signal.SIGINT, signal.default_int_handler)", signal.SIGINT, "interrupted"),
    ],
    ids=["stop() in a signal handler", "Ctrl-C without one"],
)
def test_a_signal_stops_a_server_that_listens_in_the_main_thread(
    handler: str, number: signal.Signals, last: str, blocking: bool
) -> None:
    code = SIGNALLED.replace("BLOCKING", str(blocking)).replace("HANDLER", handler)
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            with Peer(int(process.stdout.readline()), timeout=20) as peer:
                peer.open().read_text()
                process.send_signal(number)
                assert peer.read_close() == 1001
                peer.close_frame(1001)
                peer.read_end()
            output, _ = process.communicate(timeout=scaled(20))
        finally:
            process.kill()
    assert output.split() == ["closed", last]
    assert process.returncode == 0
