"""What the connections of one server share: limits, pools, timers, and the books."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING
from typing import Protocol as Interface

from ..buffers import BufferProvider
from ..logs import logger
from ..scratch import Scratch
from .config import ServerConfig
from .handlers import HandlerClass

if TYPE_CHECKING:
    from .monitor import Monitor
    from .pending import Pending
    from .session import Session
    from .turns import Turns

__all__ = ["Hub", "Runner", "log"]

log = logger("server")


class Runner(Interface):
    """What gives connections their turns: a worker in event mode, a thread in blocking mode."""

    def post(self, entry: Turns) -> None:
        """Have ``entry`` get a turn soon; callable from any thread, with locks held."""

    def again(self, entry: Turns) -> None:
        """Have ``entry`` get another turn after the others; called in its turn."""

    def replace(self, old: Pending, new: Session) -> None:
        """Give what comes for ``old`` to ``new`` from now on."""

    def forget(self, entry: Turns, fd: int) -> None:
        """Give no more turns to ``entry``, whose descriptor is still open."""

    def scratch(self) -> Scratch:
        """Return the scratch memory of the calling handler thread."""


class Totals:
    """Sums over connections that are gone."""

    __slots__ = ("bytes_in", "bytes_out", "connections", "messages_in", "messages_out")

    def __init__(self) -> None:
        """All zero."""
        self.connections = 0
        self.messages_in = self.messages_out = 0
        self.bytes_in = self.bytes_out = 0


class Hub:
    """One server from the inside; every method may be called from any thread."""

    def __init__(self, config: ServerConfig, handlers: HandlerClass, monitor: Monitor) -> None:
        """Make the pools."""
        self.config = config
        self.handlers = handlers
        self.chatty = log.isEnabledFor(logging.DEBUG)  # asked once: each message would cost 0.1 us
        self.plain = handlers.plain and not self.chatty  # the short way from parser to handler
        self.monitor = monitor
        self.app: object = None
        self.server: object = None  # the one that applications see
        self.stopping: tuple[int, str] | None = None  # the close code and reason, once it does
        buffers = config.buffers
        limit = max(config.max_message_size * 2, buffers.small_size)
        self.large = BufferProvider(buffers.large_pool, config.large_size, limit)
        self.pooled = buffers.small_pool is not None and not config.blocking
        self.small = BufferProvider(
            buffers.small_pool or 0 if self.pooled else 0, buffers.small_size, buffers.small_size
        )
        self._lock = threading.Lock()  # guards everything below
        self._totals = Totals()
        self._failures: Counter[int] = Counter()
        self._taken = 0  # of max_conn: open connections and pending handshakes
        self._refusing = 0  # handshakes that will get 503
        self._pending = 0

    def take_slot(self) -> bool | None:
        """Count a new connection in: True; False if it must get 503; None if it must wait."""
        with self._lock:
            if self._taken < self.config.max_conn:
                self._taken += 1
                self._pending += 1
                return True
            if self._refusing < self.config.handshake.count:
                self._refusing += 1
                self._pending += 1
                return False
            return None

    def keeps_refusing(self) -> bool:
        """Whether a connection counted in for a 503 must get it: no slot was freed meanwhile."""
        with self._lock:
            if self._taken < self.config.max_conn:
                self._taken += 1
                self._refusing -= 1
                return False
            return True

    def has_slot(self) -> bool:
        """Whether ``take_slot`` would say anything but None."""
        with self._lock:
            limits = self.config
            return self._taken < limits.max_conn or self._refusing < limits.handshake.count

    def admit_adopted(self) -> None:
        """Count a handed-over handshake in; the limit does not apply."""
        with self._lock:
            self._taken += 1
            self._pending += 1

    def opened(self) -> None:
        """Count a handshake that led to a connection."""
        with self._lock:
            self._pending -= 1
            self._totals.connections += 1

    def refused(self, status: int) -> None:
        """Count a handshake that was answered with ``status`` (0: the peer went away)."""
        with self._lock:
            self._failures[status] += 1

    def end_pending(self, counted: bool) -> None:
        """Count out a handshake that led to nothing; ``counted`` is what ``take_slot`` said."""
        with self._lock:
            self._pending -= 1
            if counted:
                self._taken -= 1
            else:
                self._refusing -= 1
        self.monitor.slot_freed()

    def end_session(self, session: Session) -> None:
        """Count a connection out, and what it did in."""
        stats = session.conn.stats()
        with self._lock:
            session.counted_out = True
            self._taken -= 1
            totals = self._totals
            totals.messages_in += stats.messages_in
            totals.messages_out += stats.messages_out
            totals.bytes_in += stats.bytes_in
            totals.bytes_out += stats.bytes_out
        self.monitor.slot_freed()

    def adopted(self) -> None:
        """Count a connection in that was handed to the server; the limit does not apply."""
        with self._lock:
            self._taken += 1
            self._totals.connections += 1

    @property
    def busy(self) -> int:
        """How many connections and handshakes there are."""
        with self._lock:
            return self._taken + self._refusing

    def books(self, sessions: list[Session]) -> tuple[Totals, dict[int, int], int, list[Session]]:
        """Return a copy of the totals, handshake failures by status, and pending handshakes.

        And those of ``sessions`` that the totals do not have: some live on for a moment.
        """
        copy = Totals()
        with self._lock:
            open_ones = [session for session in sessions if not session.counted_out]
            for name in Totals.__slots__:
                setattr(copy, name, getattr(self._totals, name))
            return copy, dict(self._failures), self._pending, open_ones
