"""A listening socket: each connection has a thread, and the end leaves nothing behind."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from ..conn import Address
from ..waiting import wait_readable
from ..wakers import Waker

__all__ = ["Listener"]

_BACKLOG = 128
_PAUSE = 0.1  # seconds without accepting after the system ran out of something


class Listener:
    """Listens from construction on, accepts from ``start`` on.

    ``serve`` is called for each connection in its own thread, with the client's socket, which is
    not blocking and belongs to it, and its address.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket, Address], None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        name: str = "wskit-listener",
    ) -> None:
        """Listen on ``host``, a name or an address; port 0: a free one. Raises OSError."""
        self._serve = serve
        self._name = name
        self._lock = threading.Lock()  # guards _connections and _ending
        self._connections: dict[threading.Thread, Callable[[], None]] = {}
        self._ending = False
        self._socket = _listening(host, port)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._waker = Waker()
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def on_end(self, call: Callable[[], None]) -> None:
        """From a connection's thread: at the end call this, and no more what was said before.

        It must make ``serve`` return soon. If the end has come already it is called at once.
        """
        with self._lock:
            self._connections[threading.current_thread()] = call
            ending = self._ending
        if ending:
            call()

    def end(self) -> None:
        """Accept no more, end every connection, join all threads; may be called again."""
        with self._lock:
            self._ending = True
            connections = list(self._connections.items())
        self._waker.wake()
        self._thread.join()
        for _, call in connections:
            call()
        for thread, _ in connections:
            thread.join()
        self._socket.close()
        self._waker.close()

    def _accept(self) -> None:
        listening, woken = self._socket.fileno(), self._waker.fileno()
        while not self._ending:
            if listening in wait_readable([listening, woken], None):
                try:
                    client, address = self._socket.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                except OSError:  # no descriptors left, most likely: others may be closed meanwhile
                    wait_readable([woken], _PAUSE)
                    continue
                self._begin(client, (str(address[0]), int(address[1])))

    def _begin(self, client: socket.socket, address: Address) -> None:
        client.setblocking(False)
        with contextlib.suppress(OSError):  # it may be gone already
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(
            target=self._run, args=(client, address), name=f"{self._name}-connection", daemon=True
        )
        with self._lock:
            if self._ending:
                client.close()
                return
            self._connections[thread] = _nothing
            try:
                thread.start()
            except RuntimeError:  # no more threads
                del self._connections[thread]
                client.close()

    def _run(self, client: socket.socket, address: Address) -> None:
        try:
            self._serve(client, address)
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]


def _listening(host: str, port: int) -> socket.socket:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = infos[0]
    listening = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


def _nothing() -> None:
    """Until a connection says what its end is, there is nothing to wait for."""
