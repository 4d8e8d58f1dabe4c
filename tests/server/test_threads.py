"""Blocking mode: one thread for each connection, no more and no longer."""

from __future__ import annotations

import threading
import time

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, PING, PONG, TEXT, Frame, frame
from tests.server.recording import Book, Recorded
from wskit import HandshakeConfig


@pytest.fixture
def blocking() -> bool:
    return True


def connection_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "wskit-connection"]


def test_each_connection_has_a_thread_that_ends_with_it(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book)
    peers = [connect(server) for _ in range(5)]
    for peer in peers:
        peer.text("hello")
        assert peer.read_text() == "hello"
    assert len(connection_threads()) == server.stats().threads == 5
    assert len({thread for handler in book.handlers for thread in handler.threads}) == 5
    for peer in peers:
        peer.hang_up()
    wait_for(lambda: not connection_threads())
    assert server.stats().threads == 0


def test_handlers_that_take_long_delay_nobody(serve: Serve, connect: Connect, book: Book) -> None:
    released = threading.Event()

    class Sleeper(Recorded):
        def on_message(self, data: str | bytes) -> None:
            if data == "stay":
                assert released.wait(scaled(20))
            self.conn.write(data)

    server = serve(Sleeper, book)
    busy = [connect(server) for _ in range(10)]
    for peer in busy:
        peer.text("stay")
    quick = connect(server)
    quick.text("quick")
    assert quick.read_text() == "quick"
    wait_for(lambda: server.stats().threads_busy == 10)
    released.set()
    for peer in busy:
        assert peer.read_text() == "stay"


def test_a_close_from_another_thread_wakes_the_waiting_one(
    serve: Serve, connect: Connect, book: Book
) -> None:
    peer = connect(serve(Recorded, book))
    book.handler().conn.close(4000)
    assert peer.read_close() == 4000
    peer.close_frame(4000)
    peer.read_end()
    wait_for(lambda: not connection_threads())


def test_a_thread_whose_peer_does_not_read_waits_without_spinning(
    serve: Serve, connect: Connect, book: Book
) -> None:
    class Narrow(Recorded):
        narrow = True

    server = serve(Narrow, book)
    peer = connect(server, narrow=True)
    data = frame(BINARY, bytes(1000)) * 64
    wait_for(lambda: not peer.fill(data) and server.stats().queued > 0)
    peer.fill(data)  # so there is input, which nobody reads
    used = time.process_time()
    assert not threading.Event().wait(0.3)
    assert time.process_time() - used < 0.2
    peer.reset()
    book.closed()


def test_a_connection_for_which_there_is_no_thread_is_closed_and_counted_out(
    serve: Serve,
    connect: Connect,
    book: Book,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = serve(Recorded, book, max_conn=2)
    starts = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name == "wskit-connection":
            raise RuntimeError("can't start new thread")
        starts(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        for _ in range(4):
            assert connect(server, opened=False).ended()
    assert "can't start new thread" in caplog.text
    wait_for(lambda: server.stats().handshakes_pending == 0)
    assert server.stats().threads == 0
    peers = [connect(server) for _ in range(2)]  # the books are right: as many as max_conn
    refused = connect(server, opened=False)
    refused.send(refused.request())
    assert " 503 " in refused.read_head()
    for peer in peers:
        peer.send(frame(PING))
        assert peer.read() == Frame(PONG, b"")


def test_a_slow_handshake_ends_its_thread_in_time(
    serve: Serve, connect: Connect, book: Book
) -> None:
    server = serve(Recorded, book, handshake=HandshakeConfig(timeout=0.1))
    peer = connect(server, opened=False)
    peer.send(peer.request()[:30])
    assert " 408 " in peer.read_head()
    peer.hang_up()
    wait_for(lambda: not connection_threads())


def test_a_message_in_many_packets_with_pauses(serve: Serve, connect: Connect, book: Book) -> None:
    server = serve(Recorded, book)
    peer = connect(server)
    data = frame(TEXT, b"word " * 50)
    for start in range(0, len(data), 60):
        peer.send(data[start : start + 60])
        wait_for(lambda: server.stats().bytes_in == min(start + 60, len(data)))  # noqa: B023
    assert peer.read_text() == "word " * 50
