"""The last part of a connection's life: our close frame is out, the peer's half is awaited.

The law of this file: nothing that comes here reaches a handler, and the socket is not closed while
that could destroy the close frame on its way.
"""

from __future__ import annotations

import contextlib
import socket
from enum import Enum

from ..conn import Conn
from ..errors import ProtocolError

__all__ = ["Linger", "Progress"]

_DISCARD = 4096  # bytes a read, once nobody wants them


class Progress(Enum):
    """What a step came to."""

    WAITING = "waiting"  # for the peer to send, or to read
    MORE = "more"  # something came, perhaps not all
    OVER = "over"  # the socket can be closed


class Linger:
    """Reads on without a handler; for the thread whose turn it is."""

    __slots__ = ("_conn", "_shut")

    def __init__(self, conn: Conn) -> None:
        """Begin when nothing can be written to ``conn`` any more."""
        self._conn = conn
        self._shut = False  # our direction of TCP is closed

    def step(self) -> Progress:
        """Read once; the parser must have a buffer."""
        outbound, protocol = self._conn._outbound, self._conn._protocol
        if outbound.blocked:
            return Progress.WAITING  # the close frame is not out yet
        self._take(b"")  # what the parser had: it may be what decides the next line
        if not self._shut and protocol.failed is not None:
            # To close with input unread would reset the connection and could destroy the close
            # frame on its way, so first our half is closed and the rest of theirs read.
            self._shut = True
            with contextlib.suppress(OSError):
                outbound.transport.shutdown(socket.SHUT_WR)
        data = bytearray(_DISCARD)
        try:
            count = outbound.transport.recv_into(data)
        except BlockingIOError:
            # §7.1.1: after both close frames the server closes first, and at once.
            return Progress.WAITING if protocol.close_received is None else Progress.OVER
        except OSError:
            return Progress.OVER
        if not count:
            return Progress.OVER
        self._conn._received += count
        self._take(data[:count])
        return Progress.MORE

    def _take(self, data: bytes | bytearray) -> None:
        """Look for the peer's close frame in what was read before and in ``data``."""
        protocol = self._conn._protocol
        if protocol.close_received is not None or protocol.failed is not None:
            return
        # What breaks the protocol now is recorded in protocol.failed; the peer has our close.
        with contextlib.suppress(ProtocolError):
            while protocol.next_event() is not None:
                pass  # §1.4: what comes after our close frame is not for the application
            for _ in protocol.receive(data):
                pass
