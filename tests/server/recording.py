"""Handlers that write down what was called, and notice whoever breaks the promises of callbacks."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

from tests.deadlines import wait_for
from wskit import Conn, Handshake

__all__ = ["Book", "Recorded"]


class Book:
    """The ``app`` of Recorded handlers: all of them, and every promise that was broken."""

    def __init__(self) -> None:
        self.handlers: list[Recorded] = []
        self.broken: list[str] = []

    def handler(self, index: int = 0) -> Recorded:
        """Wait for the handler that was made as number ``index``."""
        wait_for(lambda: len(self.handlers) > index, what=f"handler {index}")
        return self.handlers[index]

    def closed(self, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until ``count`` handlers were closed."""
        wait_for(
            lambda: sum(h.calls[-1:] == ["close"] for h in list(self.handlers)) >= count,
            timeout,
            f"close() of {count} handlers",
        )

    def check(self) -> None:
        """Fail if a promise was broken."""
        assert not self.broken, self.broken[:5]


class Recorded:
    """Echoes; subclasses override ``on_message`` and the other ``on_`` methods.

    ``narrow`` makes the kernel's buffer small, so that a peer that does not read is soon noticed.
    """

    narrow = False

    def __init__(self, handshake: Handshake, conn: Conn, app: Book) -> None:
        self.conn, self.app = conn, app
        self.calls: list[str] = []
        self.messages: list[str | bytes] = []
        self.threads: set[int] = set()
        self._inside = threading.Lock()
        if self.narrow:
            transport = conn._outbound.transport
            with socket.socket(fileno=os.dup(transport.fileno())) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        app.handlers.append(self)

    def on_message(self, data: str | bytes) -> None:
        self.conn.write(data)

    def on_after_init(self) -> None:
        pass

    def on_close_frame(self) -> None:
        pass

    def on_close(self) -> None:
        pass

    def after_init(self) -> None:
        with self._callback("after_init"):
            self.on_after_init()

    def client_message(self, data: str | bytes) -> None:
        with self._callback("message"):
            self.messages.append(data)
            self.on_message(data)

    def client_close(self, data: bytes) -> None:
        with self._callback("client_close"):
            self.on_close_frame()

    def close(self) -> None:
        with self._callback("close"):
            self.on_close()

    @contextlib.contextmanager
    def _callback(self, name: str) -> Iterator[None]:
        if not self._inside.acquire(blocking=False):
            self.app.broken.append(f"{name} while another callback ran: {self.calls}")
            yield
            return
        if "close" in self.calls:
            self.app.broken.append(f"{name} after close: {self.calls}")
        self.threads.add(threading.get_ident())
        try:
            yield
        finally:
            # Written down when it returns, so that whoever sees it knows that it is over.
            self.calls.append(name)
            self._inside.release()
