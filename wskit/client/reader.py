"""The reading half of a client: from bytes to events, and the orderly end.

The law of this file: whoever holds ``lock`` is the reader, and only the reader closes the socket,
so no descriptor is closed, and perhaps used again, under a thread that waits on it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from ..conn import Conn
from ..deadlines import Deadline
from ..errors import ConnectionClosed, ProtocolError
from ..protocol.connection import Event
from ..waiting import wait_readable, wait_writable

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Reader"]

_AFTER_FAILURE = 1.0  # seconds in which a server that broke the protocol can take our close frame


class Reader:
    """Reads one connection; ``event``, ``answer`` and ``finish`` are for the holder of ``lock``."""

    __slots__ = (
        "_conn",
        "_leftover",
        "_tls",
        "_transport",
        "ended",
        "lock",
        "waiting_since",
    )

    def __init__(self, conn: Conn, transport: socket.socket | TLSSocket, *, tls: bool) -> None:
        """Read what comes through ``transport`` for ``conn``."""
        self._conn = conn
        self._transport = transport
        self._tls = tls
        self._leftover = b""  # bytes that came with the handshake's response
        self.lock = threading.Lock()  # guards everything here but ``ended``
        self.ended = threading.Event()  # the connection is over and its socket closed
        self.waiting_since: float | None = None  # the reader is waiting for bytes since then

    def begin(self, leftover: bytes) -> None:
        """Start with bytes that were read before."""
        self._leftover = leftover

    def event(self, deadline: Deadline) -> Event | None:
        """Return the next event, or None when ``deadline`` has passed.

        Raises ProtocolError, once, after telling the server; ConnectionClosed when it is over.
        """
        protocol = self._conn._protocol
        while True:
            try:
                event = protocol.next_event()
            except ProtocolError as error:
                self._tell(error)
                raise
            if event is not None:
                return event
            if self.ended.is_set():
                raise protocol.closed()
            if protocol.close_received is not None or protocol.failed is not None:
                raise protocol.closed()
            if self._leftover:
                self._take_leftover()
            elif not self._receive(deadline):
                return None

    def answer(self, event: Event) -> None:
        """Send what the protocol answers by itself: pong, or the echo of a close."""
        outbound = self._conn._outbound
        with outbound.lock:
            frame = self._conn._protocol.reply(event)
            if frame and not outbound.lost:
                with contextlib.suppress(ConnectionClosed):
                    outbound.put(frame)

    def finish(self, deadline: Deadline) -> None:
        """Wait for the rest until the server closes TCP, as §7.1.1 wants it, then free the socket."""
        protocol = self._conn._protocol
        if protocol.failed is not None:
            deadline = Deadline(min(_AFTER_FAILURE, deadline.remaining or 0.0))
        with contextlib.suppress(ConnectionClosed, ProtocolError, OSError):
            while protocol.close_received is None and protocol.failed is None:
                event = self.event(deadline)
                if event is None:
                    break
                self.answer(event)
            if not self.ended.is_set():
                self._discard(deadline)
        self.end()

    def end(self) -> None:
        """Close the socket; nothing can be read or written any more."""
        if self.ended.is_set():
            return
        self.shut_down()  # wakes a writer that waits with the lock held
        outbound = self._conn._outbound
        with outbound.lock:
            outbound.abandon()
            self._conn._protocol.lose()
            self._transport.close()
        self.ended.set()

    def shut_down(self) -> None:
        """Cut the connection; whoever waits on it wakes up. Callable from any thread."""
        with contextlib.suppress(OSError):
            self._transport.shutdown(socket.SHUT_RDWR)

    def wait(self, timeout: float | None) -> bool:
        """Wait until something can be read (TLS: or written, if it wants that)."""
        self.waiting_since = time.monotonic()
        try:
            fd = self._transport.fileno()
            if self._tls and self._transport.wants_write:  # type: ignore[union-attr]
                return wait_writable(fd, timeout)
            return bool(wait_readable([fd], timeout))
        finally:
            self.waiting_since = None

    def _receive(self, deadline: Deadline) -> bool:
        """Read once; False when the deadline passed. ConnectionClosed at the end of the stream."""
        parser = self._conn._protocol.parser
        # TLS may hold bytes that the socket no longer shows, so it is asked first.
        if not self._tls and not self.wait(deadline.remaining):
            return False
        while True:
            target = parser.target()
            try:
                count = self._transport.recv_into(target)
            except BlockingIOError:
                if not self.wait(deadline.remaining):
                    return False
                continue
            except OSError:
                count = 0
            if not count:
                del target
                self.end()
                raise self._conn._protocol.closed()
            self._conn._received += count
            parser.received(count)
            return True

    def _take_leftover(self) -> None:
        parser = self._conn._protocol.parser
        target = parser.target()
        size = min(len(target), len(self._leftover))
        target[:size], self._leftover = self._leftover[:size], self._leftover[size:]
        self._conn._received += size
        parser.received(size)

    def _tell(self, error: ProtocolError) -> None:
        outbound = self._conn._outbound
        with outbound.lock:
            frame = self._conn._protocol.fail(error)
            if frame and not outbound.lost:
                with contextlib.suppress(ConnectionClosed):
                    outbound.put(frame)

    def _discard(self, deadline: Deadline) -> None:
        """Read until the end of the stream and throw away what comes."""
        if self._conn._protocol.failed is not None:
            # The server may not know yet that we are done; our FIN tells it.
            self._transport.shutdown(socket.SHUT_WR)
        sink = bytearray(4096)
        while True:
            try:
                if not self._transport.recv_into(sink):
                    return
            except BlockingIOError:
                if not self.wait(deadline.left("the end of the connection")):
                    return
