"""The reading half of a client: from bytes to events, and the orderly end.

The law of this file: whoever holds ``lock`` is the reader, and only the reader closes the socket,
so no descriptor is closed, and perhaps used again, under a thread that waits on it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from .. import watching
from ..conn import Conn
from ..deadlines import Deadline
from ..errors import ConnectionClosed, ProtocolError
from ..outbound import Transport
from ..primitives import make_lock
from ..protocol.connection import Event
from ..protocol.opcodes import CLOSE, PING
from ..waiting import Readable, wait_either, wait_writable

__all__ = ["Reader"]

_AFTER_FAILURE = 1.0  # seconds in which a server that broke the protocol can take our close frame
_PATIENCE = 0.1  # seconds in which a writer is done if it is only busy


class Reader:
    """Reads one connection; what is not said to be for any thread is for the holder of ``lock``."""

    __slots__ = (
        "_conn",
        "_leftover",
        "_owed",
        "_readable",
        "_tls",
        "_transport",
        "ended",
        "lock",
    )

    def __init__(self, conn: Conn, transport: Transport, *, tls: bool) -> None:
        """Read what comes through ``transport`` for ``conn``."""
        self._conn = conn
        self._transport = transport
        self._readable = Readable(transport.fileno())
        self._tls = tls
        self._leftover = b""  # bytes that came with the handshake's response
        self._owed: Event | None = None  # a ping without its pong
        self.lock = make_lock()  # guards everything here but ``ended``
        self.ended = threading.Event()  # the connection is over and its socket closed

    def begin(self, leftover: bytes) -> None:
        """Start with bytes that were read before."""
        self._leftover = leftover

    @property
    def over(self) -> bool:
        """Whether nothing more can come: closed by the server, broken by it, or gone."""
        protocol = self._conn._protocol
        return (
            protocol.close_received is not None
            or protocol.failed is not None
            or self.ended.is_set()
        )

    def parsed(self) -> Event | None:
        """Return the next event in what was received, without waiting. Raises as ``event``."""
        protocol = self._conn._protocol
        try:
            event = protocol.next_event()
        except ProtocolError as error:
            self._tell(error)
            raise
        if event is None and self.over:
            raise protocol.closed()
        return event

    def event(self, deadline: Deadline) -> Event | None:
        """Return the next event, or None when ``deadline`` has passed: then after one more look.

        Raises ProtocolError, once, after telling the server; ConnectionClosed when it is over.
        """
        looked = False
        while (event := self.parsed()) is None:
            if self._leftover:
                self._take_leftover()
            elif (looked and deadline.passed) or not self._receive(deadline):
                return None
            looked = True
        return event

    def answer(self, event: Event, deadline: Deadline) -> None:
        """Send what the protocol answers by itself: pong, or the echo of a close by ``deadline``.

        If a pong cannot go now, it is sent while ``event`` waits, unless another ping has come.
        """
        if event[0] == PING:
            self._owed = event
            self._pay()
        elif event[0] == CLOSE:
            self.send_last(lambda: self._conn._protocol.reply(event), deadline)

    def send_last(self, make: Callable[[], bytes], deadline: Deadline) -> None:
        """Send the close frame that ``make`` returns; give the connection up at ``deadline``.

        Callable from any thread. Does nothing if a close frame was sent.
        """
        conn, outbound = self._conn, self._conn._outbound
        # A writer that is only busy gets a moment even if the deadline is at hand.
        if not outbound.lock.acquire(True, max(deadline.remaining or 0.0, _PATIENCE)):
            self.shut_down()  # wakes the writer that holds it, since the server does not read
            with outbound.lock:
                outbound.fail()
            return
        try:
            if conn.is_closed:
                return
            if wait_writable(self._transport.fileno(), deadline.remaining):
                with contextlib.suppress(ConnectionClosed):
                    outbound.put(make())
            else:
                outbound.fail()
        finally:
            outbound.lock.release()

    def finish(self, deadline: Deadline) -> None:
        """Wait for the rest until the server closes TCP, as §7.1.1 wants it, then free the socket.

        What still comes is dropped.
        """
        protocol = self._conn._protocol
        with contextlib.suppress(ConnectionClosed, ProtocolError, OSError):
            if protocol.failed is not None:
                # The server may not know yet that we are done; our FIN tells it.
                self._transport.shutdown(socket.SHUT_WR)
                deadline = Deadline(min(_AFTER_FAILURE, deadline.remaining or 0.0))
            while protocol.close_received is None and protocol.failed is None:
                if self.event(deadline) is None or deadline.passed:
                    break
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
        watching.ended(self._conn)

    def shut_down(self) -> None:
        """Cut the connection; whoever waits on it wakes up. Callable from any thread."""
        with contextlib.suppress(OSError):
            self._transport.shutdown(socket.SHUT_RDWR)

    def wait(self, deadline: Deadline) -> bool:
        """Wait until something can be read (TLS: or written, if it wants that)."""
        fd = self._transport.fileno()
        if self._tls and self._transport.wants_write:  # type: ignore[attr-defined]
            return wait_writable(fd, deadline.remaining)
        while self._owed is not None:
            readable, writable = wait_either(fd, deadline.remaining)
            if writable:
                self._pay()
            if readable or not writable or deadline.passed:
                return readable
        return self._readable.wait(deadline.remaining)

    def _receive(self, deadline: Deadline) -> bool:
        """Read once; False when the deadline passed. ConnectionClosed at the end of the stream."""
        parser = self._conn._protocol.parser
        # TLS may hold bytes that the socket no longer shows, so it is asked first.
        if not self._tls and not self.wait(deadline):
            return False
        while True:
            target = parser.target()
            try:
                count = self._transport.recv_into(target)
            except BlockingIOError:
                if not self.wait(deadline):
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

    def _tell(self, error: ProtocolError) -> None:
        protocol = self._conn._protocol
        self.send_last(lambda: protocol.fail(error), Deadline(_AFTER_FAILURE))

    def _take_leftover(self) -> None:
        parser = self._conn._protocol.parser
        target = parser.target()
        size = min(len(target), len(self._leftover))
        target[:size], self._leftover = self._leftover[:size], self._leftover[size:]
        self._conn._received += size
        parser.received(size)

    def _pay(self) -> None:
        # The reader waits neither for a writer nor for room: the server that does not read may
        # itself be waiting, for us to read.
        outbound = self._conn._outbound
        if self._owed is None or not outbound.lock.acquire(True, _PATIENCE / 10):
            return
        try:
            if self._conn.is_closed:
                self._owed = None
            elif wait_writable(self._transport.fileno(), 0):
                frame = self._conn._protocol.reply(self._owed)
                self._owed = None
                with contextlib.suppress(ConnectionClosed):
                    outbound.put(frame)
        finally:
            outbound.lock.release()

    def _discard(self, deadline: Deadline) -> None:
        """Read until the end of the stream and throw away what comes."""
        sink = bytearray(4096)
        while not deadline.passed:
            try:
                if not self._transport.recv_into(sink):
                    return
            except BlockingIOError:
                self.wait(deadline)
