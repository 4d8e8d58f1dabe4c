"""A descriptor that one thread waits on and any other, even a signal handler, can make readable."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

__all__ = ["Waker"]


class Waker:
    """Wakes a thread that waits for readability of ``fileno()``.

    Every method may be called from any thread, ``wake`` from a signal handler too. An eventfd on
    Linux (one descriptor), else a socket pair.
    """

    __slots__ = ("_lock", "_reader", "_writer")

    def __init__(self) -> None:
        """Open the descriptor(s)."""
        # Held while a descriptor is used: if it were closed in between, the bytes could go to
        # whatever got its number. Reentrant, since a signal handler may interrupt its holder.
        self._lock = threading.RLock()
        self._reader: int | socket.socket
        self._writer: socket.socket | None = None
        if hasattr(os, "eventfd"):
            self._reader = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._reader, self._writer = socket.socketpair()
            self._reader.setblocking(False)
            self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 once closed."""
        return self._reader if isinstance(self._reader, int) else self._reader.fileno()

    def wake(self) -> None:
        """Make the descriptor readable; does nothing once closed."""
        # OSError: full, so it is readable already; or closed, which eventfd calls a ValueError
        with self._lock, contextlib.suppress(OSError, ValueError):
            if isinstance(self._reader, int):
                os.eventfd_write(self._reader, 1)
            elif self._writer is not None:
                self._writer.send(b"\0")

    def drain(self) -> None:
        """Make the descriptor unreadable again."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if isinstance(self._reader, int):
                os.eventfd_read(self._reader)
            else:
                self._reader.recv(4096)

    def close(self) -> None:
        """Close the descriptor(s); a later ``wake`` does nothing."""
        with self._lock:
            if isinstance(self._reader, int):
                reader, self._reader = self._reader, -1
                if reader >= 0:
                    os.close(reader)
            else:
                self._reader.close()
                if self._writer is not None:
                    self._writer.close()
