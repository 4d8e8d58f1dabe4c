"""A proxy that puts faults in front of any WebSocket server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..client.config import ClientConfig
from ..client.dial import dial
from ..urls import parse_url
from ..waiting import wait_readable
from ..wakers import Waker
from .faults.stages import Fault, check_faults
from .relay import Relay

if TYPE_CHECKING:
    import ssl

__all__ = ["FaultProxy", "fault_proxy"]

_BACKLOG = 128


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
        self._lock = threading.Lock()  # guards _threads, _relays and _ending
        self._threads: set[threading.Thread] = set()
        self._relays: set[Relay] = set()
        self._ending = False
        self.errors: list[OSError] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}{target}"
        self._waker = Waker()
        self._thread = threading.Thread(target=self._accept, name="wskit-proxy", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Drop every connection, join all threads; may be called again.

        A connection that is just being made to the server is waited for, up to its time limit.
        """
        with self._lock:
            self._ending = True
            relays, threads = list(self._relays), list(self._threads)
        self._waker.wake()
        self._thread.join()
        for relay in relays:
            relay.end()
        for thread in threads:
            thread.join()
        self._listener.close()
        self._waker.close()

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

    def _accept(self) -> None:
        while not self._ending:
            ready = wait_readable([self._listener.fileno(), self._waker.fileno()], None)
            if self._listener.fileno() in ready:
                with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
                    self._serve(self._listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(
            target=self._carry, args=(client,), name="wskit-proxy-connection", daemon=True
        )
        with self._lock:
            if self._ending:
                client.close()
                return
            self._threads.add(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        relay = self._relay(client)
        if relay is not None:
            relay.run()
        with self._lock:
            if relay is not None:
                self._relays.discard(relay)
            self._threads.discard(threading.current_thread())

    def _relay(self, client: socket.socket) -> Relay | None:
        """Connect to the server; None, and the client dropped, if that fails."""
        try:
            server = dial(self._config)
        except OSError as error:
            self.errors.append(error)
            client.close()
            return None
        relay = Relay(client, server, self._faults)
        with self._lock:
            self._relays.add(relay)
            if self._ending:
                relay.end()
        return relay
