"""Pings that find peers which are gone without a word (RFC 6455 §5.5.2).

The law of this file: only silence of the peer ends a connection. A handler that takes long, or a
peer that reads slowly, is no silence: then what would answer the ping is still on its way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..conn import format_address
from ..waiting import wait_readable
from .hub import Hub, log

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Keepalive"]


class Keepalive:
    """The timer of one open connection; it runs on the monitor's thread."""

    __slots__ = ("_asked", "_due", "_hub", "_received", "_sent", "_session")

    def __init__(self, hub: Hub, session: Session, due: float) -> None:
        """``hub`` has the intervals; the first ping is ``due`` then, on the server's clock."""
        self._hub = hub
        self._session = session
        self._due = due  # the next ping
        self._asked: float | None = None  # when the first ping without a sign of life was sent
        self._received = 0  # bytes, at that time
        self._sent = 0

    def on_timer(self, now: float) -> float | None:
        """Ping, or end the connection; None once it is not open."""
        config, conn = self._hub.config, self._session.conn
        interval, timeout = config.ping_interval, config.ping_timeout
        if interval is None or conn.is_closed:
            return None
        if self._asked is not None and self._lives():
            self._asked = None
        if self._asked is not None and timeout is not None and now >= self._asked + timeout:
            log.debug("%s: no answer to a ping", format_address(conn.address))
            conn.close(1011, "keepalive ping timeout")
            self._session.force_end()
            return None
        if now >= self._due:
            self._due = now + interval
            self._ping(now)
        if self._asked is None or timeout is None:
            return self._due
        return min(self._due, self._asked + timeout)

    def _ping(self, now: float) -> None:
        conn = self._session.conn
        if self._asked is None:
            self._asked = now
            self._received, self._sent = conn._received, conn._outbound.sent
        conn._keep_alive(time.monotonic())  # for the latency, which is real in any case

    def _lives(self) -> bool:
        conn = self._session.conn
        outbound = conn._outbound
        return (
            conn._received != self._received
            # It has yet to read up to the ping, and does read.
            or (outbound.blocked and outbound.sent != self._sent)
            # The answer is here, and the handler busy.
            or bool(wait_readable([self._session.fd], 0))
        )
