"""The server suite runs over both modes; servers and peers end with the test."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.deadlines import scaled
from tests.server.peer import Peer
from tests.server.recording import Book
from wskit import Server, ServerConfig
from wskit.testing import LiveServer
from wskit.timers import Clock

Serve = Callable[..., Server]
Live = Callable[..., LiveServer]
Connect = Callable[..., Peer]


@pytest.fixture(params=[False, True], ids=["event", "blocking"])
def blocking(request: pytest.FixtureRequest) -> bool:
    """Whether servers run one thread per connection."""
    return bool(request.param)


@pytest.fixture
def serve(blocking: bool) -> Iterator[Serve]:
    """Give ``serve(Handler, app=None, **config)``: a server on a free port, stopped at the end."""
    servers: list[Server] = []

    def start(handler: type, app: object = None, **config: object) -> Server:
        options: dict[str, object] = {"port": 0, "blocking": blocking, **config}
        server = Server(handler, ServerConfig(**options))  # type: ignore[arg-type]
        servers.append(server)
        server.listen_in_new_thread(app)
        return server

    yield start
    for server in servers:
        server.stop(timeout=scaled(2))


@pytest.fixture
def live(blocking: bool, ws_server: Live) -> Live:
    """Give ``live(Handler, app=None, clock=, **config)``: as ``serve``, for wskit.testing."""

    def start(
        handler: type, app: object = None, *, clock: Clock = time.monotonic, **config: object
    ) -> LiveServer:
        options: dict[str, object] = {"blocking": blocking, **config}
        settings = ServerConfig(**options)  # type: ignore[arg-type]
        return ws_server(handler, app=app, config=settings, clock=clock)

    return start


@pytest.fixture
def connect(serve: Serve) -> Iterator[Connect]:
    """Give ``connect(server, **options)``: an open Peer, hung up before its server stops.

    ``opened=False`` leaves the opening handshake to the test.
    """
    with contextlib.ExitStack() as peers:

        def make(server: Server, *, opened: bool = True, **options: object) -> Peer:
            assert server.port is not None
            peer = peers.enter_context(Peer(server.port, **options))  # type: ignore[arg-type]
            return peer.open() if opened else peer

        yield make


@pytest.fixture
def book() -> Iterator[Book]:
    """Give the app for Recorded handlers; what they found broken fails the test."""
    kept = Book()
    yield kept
    kept.check()
