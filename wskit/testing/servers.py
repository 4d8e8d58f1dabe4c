"""A live server for a test: port 0, read back, and TLS with a certificate made on the spot."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import fields
from ..conn import Conn
from ..server import Server, ServerConfig
from ..stats import ServerStats
from ..timers import Clock
from .live import Live

if TYPE_CHECKING:
    import ssl

__all__ = ["LiveServer", "ws_server"]


def ws_server(
    Handler: type,
    *,
    app: object = None,
    config: ServerConfig | None = None,
    tls: bool = False,
    clock: Clock = time.monotonic,
) -> LiveServer:
    """Start a server with ``Handler`` on a free port of loopback and return it, a context manager.

    ``config`` may say everything but the address; ``tls`` needs trustme (the extra ``testing``);
    ``clock`` is the server's, such as a ManualClock. Raises what ``Server`` and ``listen`` do.
    """
    fields.boolean("tls", tls)
    config = ServerConfig() if config is None else config
    fields.instance("config", config, ServerConfig)
    address = ServerConfig().address
    config = replace(config, port=0, address=address, unix_path=None, unix_mode=None)
    client_context = None
    if tls:
        from .certificates import contexts

        server_context, client_context = contexts()
        config = replace(config, ssl_context=server_context)
    return LiveServer(Server(Handler, config, clock=clock), app, client_context)


class LiveServer(Live):
    """A running server of wskit; ``server`` is it."""

    def __init__(self, server: Server, app: object, ssl_context: ssl.SSLContext | None) -> None:
        """Live servers are made by ``ws_server``."""
        super().__init__(ssl_context)
        self.server = server
        self._secure = server.config.ssl_context is not None
        try:
            server.listen_in_new_thread(app)
        except BaseException:
            self._stack.close()
            raise
        self._stack.callback(server.stop, timeout=1.0)

    @property
    def port(self) -> int:
        """The port of loopback that it listens on."""
        port = self.server.port
        assert port is not None
        return port

    @property
    def connections(self) -> list[Conn]:
        """The open connections at this moment, the server's ends."""
        return self.server.connections

    def stats(self) -> ServerStats:
        """Return the server's counters."""
        return self.server.stats()

    def stop(self, code: int = 1001, reason: str = "", *, timeout: float = 1.0) -> None:
        """Stop now, closing connections with ``code``; peers can still expect what came.

        Clients have ``timeout`` seconds to answer. A peer of this test answers when it is asked for
        something, so while one is open in the thread that calls, this takes all of them.
        """
        self.server.stop(code, reason, timeout=timeout)
