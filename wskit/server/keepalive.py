"""Pings that find peers which are gone without a word (RFC 6455 §5.5.2).

The law of this file: only silence of the peer ends a connection. A handler that takes long, or a
peer that reads slowly, is no silence: then what would answer the ping is still on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conn import format_address
from ..waiting import wait_readable
from .hub import Hub, log

if TYPE_CHECKING:
    from .session import Session

__all__ = ["Keepalive"]


class Keepalive:
    """The timer of one open connection; it runs on the monitor's thread."""

    __slots__ = ("_hub", "_pinged", "_received", "_sent", "_session")

    def __init__(self, hub: Hub, session: Session) -> None:
        """``hub`` has the intervals; the first ping is due one ``ping_interval`` from now."""
        self._hub = hub
        self._session = session
        self._pinged = False  # a ping awaits any sign of life
        self._received = 0  # bytes, when it was sent
        self._sent = 0

    def on_timer(self, now: float) -> float | None:
        """Ping, or judge the last ping; None once the connection is not open."""
        config, conn = self._hub.config, self._session.conn
        interval, timeout = config.ping_interval, config.ping_timeout
        if interval is None or conn.is_closed:
            return None
        if self._pinged and timeout is not None:
            if not self._lives():
                log.debug("%s: no answer to a ping", format_address(conn.address))
                conn.close(1011, "keepalive ping timeout")
                self._session.force_end()
                return None
            self._pinged = False
            due = (conn._ping_sent or now) + interval
            if due > now:
                return due
        self._received, self._sent = conn._received, conn._outbound.sent
        self._pinged = True
        conn._keep_alive(now)
        return now + (timeout if timeout is not None else interval)

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
