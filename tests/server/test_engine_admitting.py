"""Amid the admission of a connection: a timeout, or a stop, that comes before its turns."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.conftest import Serve
from tests.server.recording import Book, Recorded
from tests.testing.conversing import Echo
from wskit.server import engine as engine_module
from wskit.server.engine import Engine
from wskit.server.pending import Pending
from wskit.server.worker import Worker
from wskit.testing import LiveServer, ManualClock, ws_server

pytestmark = pytest.mark.wskit(timeout=scaled(5))


def worker(server: LiveServer) -> Worker:
    engine = server.server._engine
    assert engine is not None
    return engine.workers[0]


def test_a_timeout_that_comes_before_it_is_watched_is_that_of_one_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    with ws_server(Echo, clock=clock) as server:
        poller = worker(server)._poller
        watch = poller.watch

        def late(fd: int, *, edge: bool = True) -> None:
            clock.advance(10)  # returns when the timer of the connection has run
            watch(fd, edge=edge)

        monkeypatch.setattr(worker(server), "_poller", Patched(poller, late))
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.settimeout(scaled(5))
            assert sock.recv(1000).startswith(b"HTTP/1.1 408")
        wait_for(lambda: server.stats().handshakes_pending == 0)
        monkeypatch.undo()
        assert server.stats().handshake_failures == {408: 1}
        with server.connect() as peer:
            peer.send("still there")
            peer.expect_text("still there")


def test_a_stop_that_comes_before_it_is_known_ends_it_at_once(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, book: Book
) -> None:
    gone_over = threading.Event()  # the stop has, all that was known

    def stopping(*args: Any) -> Pending:
        threading.Thread(target=server.stop).start()
        assert gone_over.wait(scaled(5))
        return Pending(*args)

    def finish_if_empty(engine: Engine) -> None:
        if engine._stop is not None:
            gone_over.set()
        finish(engine)

    finish = Engine._finish_if_empty
    server = serve(Recorded, book)
    monkeypatch.setattr(Engine, "_finish_if_empty", finish_if_empty)
    monkeypatch.setattr(engine_module, "Pending", stopping)
    ours, theirs = socket.socketpair()
    with ours:
        server.adopt(theirs)
        ours.settimeout(scaled(5))  # half of what a handshake may take
        assert ours.recv(1000) == b""


class Patched:
    """A poller with another ``watch``."""

    def __init__(self, poller: object, watch: object) -> None:
        self.watch = watch
        self._poller = poller

    def __getattr__(self, name: str) -> object:
        return getattr(self._poller, name)
