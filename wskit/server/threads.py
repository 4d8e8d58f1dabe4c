"""Blocking mode: one thread per connection, which waits for its socket and for its waker."""

from __future__ import annotations

import socket
import threading

from ..conn import Address
from ..scratch import Scratch
from ..waiting import wait_readable
from ..wakers import Waker
from .hub import Hub, log
from .pending import Pending
from .session import Session
from .turns import Turns

__all__ = ["ConnectionThread"]


class ConnectionThread:
    """The thread of one connection, from its handshake to its end; the Runner of both."""

    def __init__(self, hub: Hub, forget: set[ConnectionThread]) -> None:
        """``forget`` is the server's set of threads; this one leaves it when it ends."""
        self._hub = hub
        self._registry = forget
        self._waker = Waker()
        self._again = True  # what came before the thread began was reported to nobody
        self._gone = False
        self._scratch: Scratch | None = None
        self.entry: Pending | Session
        self.in_turn = False
        self.thread = threading.Thread(target=self._run, name="wskit-connection", daemon=True)

    def handshake(self, sock: socket.socket, address: Address, counted: bool) -> None:
        """Start with the opening handshake of ``sock``."""
        self.start(Pending(self._hub, self, sock, address, counted))

    def start(self, entry: Pending | Session) -> None:
        """Start the thread; if that fails the connection ends."""
        self.entry = entry
        self._registry.add(self)
        try:
            self.thread.start()
        except RuntimeError as error:
            log.error("no thread for a connection: %s", error)
            entry.force_end()
            entry.on_ready(0)
            self._end()

    def dismiss(self) -> None:
        """Close what it holds; it was never started and will not be."""
        self._waker.close()

    def post(self, entry: Turns) -> None:
        """Wake the thread for a turn."""
        self._waker.wake()

    def again(self, entry: Turns) -> None:
        """Take another turn without waiting."""
        self._again = True

    def replace(self, old: Pending, new: Session) -> None:
        """The handshake is done."""
        self.entry = new

    def forget(self, entry: Turns, fd: int) -> None:
        """The connection has ended, and so does the thread."""
        self._gone = True

    def scratch(self) -> Scratch:
        """Return the scratch memory of this thread."""
        if self._scratch is None:
            self._scratch = Scratch(self._hub.config.thread_pool.buffer_size)
        return self._scratch

    def _run(self) -> None:
        waker = self._waker.fileno()
        while not self._gone:
            if not self._again:
                self._wait(waker)
            self._again = False
            self.in_turn = True
            self.entry.on_ready(0)
            self.in_turn = False
        self._end()

    def _wait(self, waker: int) -> None:
        # A peer whose replies are stuck is not read, so its socket is not watched either: that
        # would spin. drain() wakes us.
        fds = [waker] if self._stuck() else [waker, self.entry.fd]
        if waker in wait_readable(fds, None):
            self._waker.drain()

    def _stuck(self) -> bool:
        return isinstance(self.entry, Session) and self.entry.conn._outbound.blocked

    def _end(self) -> None:
        self._waker.close()
        self._registry.discard(self)
