"""Stopping: from anywhere, any number of times, whatever the connections are doing."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, TEXT, frame
from tests.server.recording import Book, Recorded
from wskit import BufferConfig, Conn, Handshake, Server


def server_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("wskit-")]


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
