"""The client suite: no proxy of the developer's, an echo server, certificates, limits on time."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Callable, Iterator

import pytest
import trustme

from tests.deadlines import scaled
from wskit import Conn, Handshake, Server, ServerConfig

Serve = Callable[..., Server]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the proxies of the environment."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


class Echo:
    """Sends back what it gets."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Give ``serve(Handler=Echo, **config)``: a server on a free port, stopped at the end."""
    with contextlib.ExitStack() as servers:

        def start(handler: type = Echo, **config: object) -> Server:
            options: dict[str, object] = {"port": 0, **config}
            server = Server(handler, ServerConfig(**options))  # type: ignore[arg-type]
            server.listen_in_new_thread()
            servers.callback(server.stop, timeout=scaled(2))
            return server

        yield start


@pytest.fixture
def echo(serve: Serve) -> str:
    """Give the URL of an echo server."""
    return f"ws://127.0.0.1:{serve().port}/"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Give a certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a server's context, with a certificate for localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Give a client's context that trusts ``authority``."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
