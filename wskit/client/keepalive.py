"""Pings that find servers which are gone without a word, all sent by one thread.

The law of this file: the thread serves every client of the process, so it waits for none of them;
and it keeps none of them alive.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref

from ..conn import KEEPALIVE, Conn, format_address
from ..errors import ConnectionClosed
from ..logs import logger
from ..protocol.opcodes import PING
from ..timers import Clock, Movable, Timed, Timers
from ..waiting import wait_readable, wait_writable

__all__ = ["Keepalive", "Pinger"]

log = logger("client")


class Pinger:
    """Runs the timers on a thread, which is there from the first ``add`` until all are removed.

    A clock that is moved by hand has no thread: it runs them in the one that moves it.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Nothing to time yet; ``clock`` is what deadlines are of."""
        self.clock = clock
        self._changed = threading.Condition()  # its lock guards what follows
        self._count = 0
        self._thread: threading.Thread | None = None
        self._timers = Timers()

    def add(self, deadline: float, subject: Timed) -> None:
        """Call ``subject.on_timer`` at ``deadline``; count it in."""
        with self._changed:
            self._timers.add(deadline, subject)
            self._count += 1
            if isinstance(self.clock, Movable):
                self.clock.attach(self._catch_up)
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wskit-pings", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self) -> None:
        """Count one out; its ``on_timer`` returns None from now on."""
        with self._changed:
            self._count -= 1
            if isinstance(self.clock, Movable):
                self.clock.detach(self._catch_up)
            self._changed.notify()

    def _catch_up(self) -> float | None:
        return self._timers.run(self.clock())

    def _run(self) -> None:
        while True:
            self._timers.run(self.clock())
            with self._changed:
                if not self._count:
                    self._thread = None
                    self._timers = Timers()
                    return
                due = self._timers.due
                self._changed.wait(None if due is None else max(0.0, due - self.clock()))


class Keepalive:
    """Pings one open connection, and cuts it when nothing at all has come since a ping."""

    def __init__(self, pinger: Pinger, conn: Conn, interval: float, timeout: float | None) -> None:
        """Ping every ``interval`` seconds; silence of ``timeout`` is the end (None: never)."""
        self._pinger = pinger
        self._conn = weakref.ref(conn)
        self._interval = interval
        self._timeout = timeout
        self._next = pinger.clock() + interval  # when the next ping is due
        self._unanswered: float | None = None  # when the first ping after the last byte was sent
        self._received = 0  # bytes by then
        self._ended = False
        pinger.add(self._next, self)

    def end(self) -> None:
        """The connection is over; may be called again."""
        if not self._ended:
            self._ended = True
            self._pinger.remove()

    def on_timer(self, now: float) -> float | None:
        """Ping, or judge the last ping. On the pinger's thread."""
        conn = self._conn()
        if conn is None:
            self.end()  # forgotten without a close
        if conn is None or self._ended:
            return None
        if conn.is_closed:
            return now + self._interval
        if self._lives(conn):
            self._unanswered = None
        if self._silent(now):
            self._cut(conn)
            return now + self._interval
        if now >= self._next:
            self._ping(conn, now)
            self._next = now + self._interval
        if self._unanswered is None or self._timeout is None:
            return self._next
        return min(self._next, self._unanswered + self._timeout)

    def _lives(self, conn: Conn) -> bool:
        """Whether anything has come since this was asked last."""
        before, self._received = self._received, conn._received
        # While nobody reads, the pong may lie in the socket. Should that be closed, and its
        # descriptor used again this very moment, then the answer does not matter any more.
        fd = conn._outbound.transport.fileno()
        return self._received != before or fd < 0 or bool(wait_readable([fd], 0))

    def _silent(self, now: float) -> bool:
        since, timeout = self._unanswered, self._timeout
        return since is not None and timeout is not None and now >= since + timeout

    def _cut(self, conn: Conn) -> None:
        log.debug("%s: no answer to a ping", format_address(conn.address))
        outbound = conn._outbound
        with contextlib.suppress(OSError):
            outbound.transport.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for the socket
        if outbound.lock.acquire(blocking=False):
            outbound.fail()
            outbound.lock.release()

    def _ping(self, conn: Conn, now: float) -> None:
        outbound = conn._outbound
        if not outbound.lock.acquire(blocking=False):
            return
        try:
            # A frame this small fits where there is room at all.
            if not conn.is_closed and wait_writable(outbound.transport.fileno(), 0):
                if self._unanswered is None:
                    self._unanswered = now
                conn._ping_sent = time.monotonic()  # for the latency, which is real in any case
                with contextlib.suppress(ConnectionClosed):
                    outbound.put(conn._protocol.control(PING, KEEPALIVE))
        finally:
            outbound.lock.release()
