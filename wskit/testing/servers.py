"""A live server for a test: port 0, read back, and TLS with a certificate made on the spot."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..conn import Conn, format_address
from ..errors import HeaderFields
from ..protocol.extensions import Compression
from ..server import Server, ServerConfig
from ..server.monitor import Clock
from ..stats import ServerStats
from .clients import ws_client
from .failures import collected
from .faults.stages import Fault
from .peer import Peer

if TYPE_CHECKING:
    import ssl

__all__ = ["LiveServer", "ws_server"]

_CONFIG = ServerConfig(port=0)


def ws_server(
    Handler: type,
    *,
    app: object = None,
    config: ServerConfig | None = None,
    tls: bool = False,
    clock: Clock = time.monotonic,
) -> LiveServer:
    """Start a server with ``Handler`` on a free port of loopback and return it, a context manager.

    ``config`` may say everything but the port; ``tls`` needs trustme (the extra ``testing``).
    ``clock`` is the server's, such as a ManualClock.
    Raises what ``Server`` and ``listen`` do.
    """
    config = _CONFIG if config is None else replace(config, port=0)
    client_context = None
    if tls:
        from .certificates import contexts

        server_context, client_context = contexts()
        config = replace(config, ssl_context=server_context)
    return LiveServer(Server(Handler, config, clock=clock), app, client_context)


class LiveServer:
    """A running server. Its methods may be called from any thread.

    Leaving its ``with`` block stops it; then an exception of a handler that no test has seen is
    raised. ``ssl_context`` is for clients: it trusts the server; None without TLS.
    """

    def __init__(self, server: Server, app: object, ssl_context: ssl.SSLContext | None) -> None:
        """Live servers are made by ``ws_server``."""
        self.server = server
        self.ssl_context = ssl_context
        self._stack = contextlib.ExitStack()
        self._failures = self._stack.enter_context(collected())
        try:
            server.listen_in_new_thread(app)
        except BaseException:
            self._stack.close()
            raise
        self._stack.callback(server.stop, timeout=1.0)
        self._peers: list[Peer] = []

    @property
    def url(self) -> str:
        """Where clients connect, such as "ws://127.0.0.1:40123"; without a path."""
        scheme = "ws" if self.server.config.ssl_context is None else "wss"
        address = self.server.address
        if self.ssl_context is not None and isinstance(address, tuple):
            address = ("localhost", address[1])
        assert address is not None
        return f"{scheme}://{format_address(address)}"

    @property
    def connections(self) -> list[Conn]:
        """The open connections at this moment, the server's ends."""
        return self.server.connections

    def stats(self) -> ServerStats:
        """Return the server's counters."""
        return self.server.stats()

    def connect(
        self,
        path: str = "/",
        *,
        headers: HeaderFields = (),
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        compression: Compression | None = None,
        faults: Sequence[Fault] = (),
    ) -> Peer:
        """Return the client's end of a new connection, as ``ws_client`` does.

        It is ended with the server if it was not before.
        """
        peer = ws_client(
            self.url + path,
            headers=headers,
            subprotocols=subprotocols,
            origin=origin,
            compression=compression,
            ssl_context=self.ssl_context,
            faults=faults,
        )
        peer._failures = self._failures
        self._peers.append(peer)
        return peer

    def stop(self, code: int = 1001, reason: str = "") -> None:
        """Stop now, closing connections with ``code``; peers can still expect what came."""
        self.server.stop(code, reason, timeout=1.0)

    def end(self) -> None:
        """End the connections made by ``connect``, then the server; may be called again."""
        for peer in self._peers:
            peer.end()
        self._stack.close()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and raise what a handler raised unseen."""
        self.end()
        unseen = self._failures.first() if kind is None else None
        if unseen is not None:
            raise unseen
