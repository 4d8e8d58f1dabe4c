"""What runs for a test and takes connections until the test is over."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import HeaderFields
from ..protocol.extensions import Compression
from .clients import ws_client
from .failures import collected
from .faults.fault import Fault
from .peer import Peer

if TYPE_CHECKING:
    import ssl

__all__ = ["Live"]


class Live:
    """A running server of some kind. Its methods may be called from any thread.

    Leaving its ``with`` block ends it; then an exception of a handler that no test has seen is
    raised. ``ssl_context`` is for clients: it trusts the server; None without ``tls=True``.
    """

    _secure = False  # speaks TLS with a certificate that the test has brought

    def __init__(self, ssl_context: ssl.SSLContext | None) -> None:
        """Collect failures from here on; what has to be undone goes on ``_stack``."""
        self.ssl_context = ssl_context
        self._lock = threading.Lock()  # guards _peers and _over
        self._over = False
        self._stack = contextlib.ExitStack()
        self._failures = self._stack.enter_context(collected())
        self._peers: list[Peer] = []

    @property
    def port(self) -> int:
        """The port of loopback that it listens on."""
        raise AssertionError("port belongs to the subclasses")

    @property
    def url(self) -> str:
        """Where clients connect, such as "ws://127.0.0.1:40123"; without a path."""
        if self._secure or self.ssl_context is not None:
            return f"wss://localhost:{self.port}"
        return f"ws://127.0.0.1:{self.port}"

    @property
    def ca_pem(self) -> bytes:
        """The certificate that clients have to trust, in PEM; RuntimeError without ``tls=True``."""
        from .certificates import authority_pem

        return authority_pem(self.ssl_context)

    def connect(
        self,
        path: str = "/",
        *,
        headers: HeaderFields = (),
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        compression: Compression | None = None,
        ssl_context: ssl.SSLContext | None = None,
        faults: Sequence[Fault] = (),
    ) -> Peer:
        """Return the client's end of a new connection, as ``ws_client`` does.

        It is ended with the server if it was not before; RuntimeError if that has happened.
        ``ssl_context`` None stands for the server's own.
        """
        peer = ws_client(
            self.url + path,
            headers=headers,
            subprotocols=subprotocols,
            origin=origin,
            compression=compression,
            ssl_context=ssl_context or self.ssl_context,
            faults=faults,
        )
        peer._failures = self._failures
        with self._lock:
            if not self._over:
                self._peers.append(peer)
                return peer
        peer.end()
        raise RuntimeError("connect: the server has ended")

    def end(self) -> None:
        """End the connections made by ``connect``, then the server; may be called again."""
        with self._lock:
            self._over = True
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
        """End it, and raise what a handler raised unseen."""
        self.end()
        if kind is None:
            self._failures.raise_first()
