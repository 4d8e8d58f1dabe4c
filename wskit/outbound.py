"""The way out of one connection: frames go to the socket at once, or wait in a bounded queue.

The law of this file: frames leave whole and in the order in which the lock was taken; nothing here
waits for a peer while it holds the lock, except a client's own write, which has nobody to help it.

Two reasons to wait, both explicit. ``gathering``: the reading thread knows that more messages of
the same read follow, so replies are collected and sent together; the engine flushes what is held
longer than a few ms. ``blocked``: the kernel's buffer was full; the engine flushes when it drains.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol as Interface

from .errors import WriteTimeout
from .primitives import make_lock

__all__ = ["Engine", "Outbound", "Transport"]

_GATHER_MAX = 1 << 16  # bytes; a batch this large gains nothing from growing


class Transport(Interface):
    """What is needed of a non-blocking socket; ``socket.socket`` and ``TLSSocket`` have it."""

    def recv_into(self, target: bytearray | memoryview, /) -> int:
        """Read; BlockingIOError when there is nothing."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Write some; BlockingIOError when there is no room."""

    def shutdown(self, how: int, /) -> None:
        """End one or both directions."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def close(self) -> None:
        """Close it."""


class Engine(Interface):
    """What drives a connection; all methods are callable from any thread."""

    def watch_writable(self, outbound: Outbound) -> None:
        """Call ``outbound.drain()`` when the socket can take more. The caller holds the lock."""

    def flush_soon(self, outbound: Outbound) -> None:
        """Call ``outbound.flush()`` within 5 ms. The caller holds the lock."""

    def attend(self) -> None:
        """Look at the connection: its state was changed from outside."""


class Outbound:
    """Frames on their way to ``transport``; each method says whether its caller holds ``lock``."""

    __slots__ = (
        "_frames",
        "_limit",
        "_room",
        "_timeout",
        "blocked",
        "engine",
        "gathering",
        "lock",
        "lost",
        "queued",
        "sent",
        "transport",
        "watched",
    )

    def __init__(
        self, transport: Transport, engine: Engine, *, limit: int, timeout: float | None
    ) -> None:
        """Hold up to ``limit`` bytes; a writer waits up to ``timeout`` seconds for room."""
        self.transport = transport
        self.engine = engine
        self._limit = limit
        self._timeout = timeout
        # Guards everything in this object and the outbound half of the connection's Protocol.
        self.lock = make_lock()
        self._room: threading.Condition | None = None  # made when somebody has to wait
        self._frames: list[bytes | memoryview] = []
        self.queued = 0  # bytes in _frames
        self.sent = 0  # bytes the kernel has taken, ever
        self.gathering = False
        self.blocked = False
        self.watched = False  # the engine watches for room; it must let go before the socket closes
        self.lost = False  # the transport failed or is closed; nothing goes out any more

    def put(self, frame: bytes) -> None:
        """Send ``frame`` or queue it, whatever the queue holds. The caller holds the lock."""
        if self.gathering or self.queued or self.blocked:
            self._queue(frame)
            return
        try:
            sent = self.transport.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.fail()
            return
        self.sent += sent
        if sent != len(frame):
            self._block(frame, sent)

    def wait_for_room(self, size: int) -> None:
        """Wait until ``size`` more bytes fit. The caller holds the lock, which is free meanwhile.

        An empty queue takes any size. Raises WriteTimeout after ``timeout`` seconds; the transport
        is lost then, since its peer does not read.
        """
        if not self.queued or self.queued + size <= self._limit:
            return
        self.flush()  # perhaps it was only gathered
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        if self._room is None:
            self._room = threading.Condition(self.lock)
        while self.queued and self.queued + size > self._limit and not self.lost:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                self.fail()
                raise WriteTimeout(1006, "the peer did not read in time")
            self._room.wait(left)

    def has_room(self, size: int) -> bool:
        """Whether ``size`` more bytes fit in the queue right now. The caller holds the lock."""
        return not self.queued or self.queued + size <= self._limit

    def flush(self) -> None:
        """Send what was gathered. The caller holds the lock."""
        if self.queued and not self.blocked:
            self.resume()

    def resume(self) -> None:
        """Send what is queued, as far as it goes. The caller holds the lock."""
        frames = self._frames
        # A large frame goes in many pieces; to copy what is left each time would take for ever.
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        self._frames = []
        try:
            sent = self.transport.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.fail()
            return
        self.sent += sent
        if sent != len(data):
            self._block(data, sent)
        else:
            self.blocked = False
            self.queued = 0  # not before: statistics are read without the lock
        if self._room is not None:
            self._room.notify_all()

    def drain(self, unwatch: Callable[[], None]) -> None:
        """The socket can take more: send it. The caller does not hold the lock.

        ``unwatch`` is called, with the lock held, when there is nothing left to watch for: before
        ``watched`` says so, since whoever sees that may close the socket.
        """
        with self.lock:
            if self.blocked:
                self.resume()
            if self.blocked:
                return
            unwatch()
            self.watched = False
        self.engine.attend()  # it may have stopped reading for our sake

    def fail(self) -> None:
        """Give the transport up; the engine ends the connection. The caller holds the lock."""
        self.abandon()
        self.engine.attend()

    def abandon(self) -> None:
        """Drop what is queued; nothing goes out any more. The caller holds the lock."""
        self.lost = True
        self.blocked = False
        self._frames.clear()
        self.queued = 0
        if self._room is not None:
            self._room.notify_all()

    def hold(self) -> None:
        """Keep back what is written until ``open``; for a connection that nobody else knows yet."""
        self.blocked = True

    def open(self, first: bytes) -> None:
        """Send ``first``, then what was written since ``hold``. Takes the lock.

        So a handler may write before the 101 that must precede it.
        """
        with self.lock:
            self.blocked = False
            if not self.lost:
                self._frames.insert(0, first)
                self.resume()

    def _queue(self, frame: bytes) -> None:
        if not self.queued:
            self.engine.flush_soon(self)
        self._frames.append(frame)
        self.queued += len(frame)
        if not self.blocked and (not self.gathering or self.queued > _GATHER_MAX):
            self.resume()

    def _block(self, data: bytes | memoryview, sent: int) -> None:
        rest = memoryview(data)[sent:]
        self._frames.append(rest)
        self.queued = len(rest)
        if not self.blocked:
            self.blocked = self.watched = True
            self.engine.watch_writable(self)
