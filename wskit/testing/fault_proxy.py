"""A proxy that puts faults in front of any WebSocket server."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..client.config import ClientConfig
from ..client.dial import dial
from ..conn import Address
from ..relaying.listener import Listener
from ..relaying.relay import Relay
from ..urls import parse_url
from .faults.fault import Fault, check_faults, stages_of

if TYPE_CHECKING:
    import ssl

__all__ = ["FaultProxy", "fault_proxy"]


def fault_proxy(
    url: str,
    faults: Sequence[Fault] = (),
    *,
    ssl_context: ssl.SSLContext | None = None,
    connect_timeout: float = 5.0,
) -> FaultProxy:
    """Start a proxy in front of the server at ``url`` and return it, a context manager.

    Clients always speak plain ws:// to it; to a wss:// server it speaks TLS itself, so faults see
    frames there, too (``ssl_context`` None: the system's authorities). The bytes are not changed
    but by ``faults``: the Host header names the proxy. Raises ValueError and TypeError.
    """
    parts = parse_url(url)
    check_faults(faults)
    config = ClientConfig(
        host=parts.host,
        port=parts.port,
        tls=parts.secure,
        ssl_context=ssl_context,
        proxy=None,
        connect_timeout=connect_timeout,
    )
    return FaultProxy(config, parts.target if parts.target != "/" else "", faults)


class FaultProxy:
    """A running proxy. Every connection has its own counts of each fault; any thread may call.

    ``url`` is where clients connect: the port of the proxy on loopback, the path of the server.
    ``errors`` are those of connecting to the server; the client's connection is dropped then.
    """

    def __init__(self, config: ClientConfig, target: str, faults: Sequence[Fault]) -> None:
        """Proxies are made by ``fault_proxy``."""
        self._config = config
        self._faults = tuple(faults)
        self.errors: list[OSError] = []
        self._listener = Listener(self._carry, name="wskit-proxy")
        self.port: int = self._listener.address[1]
        self.url = f"ws://127.0.0.1:{self.port}{target}"
        self._listener.start()

    def end(self) -> None:
        """Drop every connection, join all threads; may be called again.

        A connection that is just being made to the server is waited for, up to its time limit.
        """
        self._listener.end()

    def __enter__(self) -> Self:
        """Return the proxy."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.end()

    def __repr__(self) -> str:
        """Say where it leads."""
        return f"<FaultProxy {self.url} -> {self._config.host}:{self._config.port}>"

    def _carry(self, client: socket.socket, address: Address) -> None:
        try:
            server = dial(self._config)
        except OSError as error:
            self.errors.append(error)
            client.close()
            return
        relay = Relay(client, server, *stages_of(self._faults))
        self._listener.on_end(relay.end)
        relay.run()
