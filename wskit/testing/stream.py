"""The test's end of a connection: bytes out, frames in, and everything on record.

The law of this file: nothing is read behind the test's back. Bytes are taken when the test asks
for something or has to wait to get rid of its own, in the thread that asks; so what a test sees
does not depend on threads of this package.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import deque
from typing import TYPE_CHECKING

from ..errors import ConnectionClosed, ProtocolError
from ..keys import next_key
from ..protocol.connection import Event, Protocol
from ..protocol.extensions import Compression, DeflateParameters
from ..protocol.frames import Direction, FrameRecord
from ..protocol.opcodes import CLOSE, PING, Side
from ..waiting import wait_either, wait_readable, wait_writable
from .arrivals import Inbox
from .timeouts import Patience
from .wires import Wire

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["Stream"]

_EVERYTHING = 1 << 62  # the limit of a payload's preview where all of it is wanted
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST


class Stream:
    """One connection, from its first byte; used by one thread at a time, but any may send.

    ``auto_pong`` and ``auto_close`` say whether pings and closes are answered by themselves.
    """

    def __init__(
        self,
        transport: socket.socket | TLSSocket,
        side: Side,
        wire: Wire,
        *,
        max_size: int = 64 << 20,
    ) -> None:
        """Be ``side`` on ``transport``, which is non-blocking; messages have ``max_size`` bytes."""
        self.transport = transport
        self.side = side
        self.wire = wire
        self.inbox = Inbox()
        self.auto_pong = self.auto_close = True
        self._max_size = max_size
        self.protocol = self._protocol(None, None)
        self.closed_by: Side | None = None  # who sent the first close frame
        self.lost: str | None = None  # how the transport ended: "reset" or "end of stream"
        self.shut = False  # this end has sent the end of its stream
        self.finished = False  # this end has closed the transport
        self.raw = False  # bytes were sent that may be no whole frames
        self._leftover = b""
        # Guards the transport's outbound half and the protocol's, _unsent and _taken.
        self._writing = threading.RLock()
        self._unsent: deque[memoryview] = deque()  # whole frames, but for the first's beginning
        self._taken = 0  # bytes, by the kernel

    def open(
        self, deflate: DeflateParameters | None, compression: Compression | None, leftover: bytes
    ) -> None:
        """The opening handshake is done; ``leftover`` came behind it."""
        self.protocol = self._protocol(deflate, compression)
        self._leftover = leftover

    # -- in ------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return (
            self.lost is not None
            or self.finished
            or self.protocol.close_received is not None
            or self.protocol.failed is not None
        )

    def receive(self, patience: Patience) -> bool:
        """Wait for bytes and take them in; False when none came in time or can come any more."""
        if self._leftover:
            self._take_leftover()
            return True
        if self.over:
            return False
        try:
            # TLS may hold bytes that the socket no longer shows, so it is asked before waiting.
            return self._read()
        except BlockingIOError:
            if not self.wait_readable(patience):
                return False
        with contextlib.suppress(BlockingIOError):
            self._read()
        return True

    def wait_readable(self, patience: Patience) -> bool:
        """Wait until a read may give something; False when it did not in time."""
        transport = self.transport
        while True:
            left = patience.left
            if self._unsent:
                if self._wait_with_unsent(left):
                    return True
            elif getattr(transport, "wants_write", False):
                if wait_writable(transport.fileno(), left):
                    return True
            elif wait_readable([transport.fileno()], left):
                return True
            if not patience.left:
                return False

    def end_of_stream(self, patience: Patience) -> bool:
        """Read and drop what comes until the end of the stream; False if it does not come."""
        while self.lost is None and not self.finished:
            try:
                if not self.transport.recv(65536):
                    self.lose("end of stream")
            except BlockingIOError:
                if not self.wait_readable(patience):
                    return False
            except OSError:
                self.lose("reset")
        return True

    def _read(self) -> bool:
        target = self.protocol.parser.target()
        try:
            count = self.transport.recv_into(target)
        except BlockingIOError:
            raise
        except OSError:
            self.lose("reset")
            return False
        if not count:
            self.lose("end of stream")
            return False
        self._received(count)
        return True

    def _take_leftover(self) -> None:
        while self._leftover and not self.over:
            target = self.protocol.parser.target()
            size = min(len(target), len(self._leftover))
            target[:size], self._leftover = self._leftover[:size], self._leftover[size:]
            self._received(size)
        self._leftover = b""

    def _received(self, count: int) -> None:
        protocol = self.protocol
        protocol.parser.received(count)
        try:
            while (event := protocol.next_event()) is not None:
                self.inbox.complete(*event)
                self._answer(event)
        except ProtocolError as error:
            with self._writing:
                self._post(protocol.fail(error))
            self.wire.ending = f"the {self.side.peer.value} broke the protocol: {error}"

    def _answer(self, event: Event) -> None:
        opcode = event[0]
        if opcode == CLOSE:
            self._note_close(self.side.peer)
        if (opcode == PING and self.auto_pong) or (opcode == CLOSE and self.auto_close):
            with self._writing:
                self._post(self.protocol.reply(event))

    def _note_close(self, side: Side) -> None:
        if self.closed_by is None:
            self.closed_by = side
        protocol = self.protocol
        code, reason = protocol.close_received or protocol.close_sent or (1006, "")
        self.wire.ending = f"closed by the {self.closed_by.value} with {code} {reason}".rstrip()

    # -- out -----------------------------------------------------------------------------------

    def send(self, data: bytes, patience: Patience) -> None:
        """Send all of ``data``, taking in what comes meanwhile.

        Raises TimeoutError when the other end reads nothing for as long as ``patience`` was at
        first (the rest goes before the next frame), ConnectionClosed when it is gone.
        """
        with self._writing:
            self._unsent.append(memoryview(data))
            taken = self._taken
            while self._flush():
                if self._taken != taken:
                    taken = self._taken
                    patience.restart()
                self._wait_for_room(patience)

    def sent_close(self, payload: tuple[int, str]) -> None:
        """Note that a close frame was sent that the protocol did not make."""
        self.protocol.writable = False
        self.protocol.close_sent = payload
        self._note_close(self.side)

    def close_frame(self, code: int | None, reason: str) -> bytes:
        """Return the close frame and note it."""
        frame = self.protocol.close(code, reason)
        self._note_close(self.side)
        return frame

    def record(self, opcode: int, payload: bytes, fin: bool, rsv: int, masked: bool) -> None:
        """Put a frame on record that the protocol did not make."""
        size = len(payload)
        self._tap(FrameRecord(Direction.OUT, opcode, fin, rsv, masked, size, size, payload))

    def shut_down_writing(self) -> None:
        """Send the end of the stream, and nothing after it."""
        self.shut = True
        with contextlib.suppress(OSError):
            self.transport.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close the transport at once: RST over TCP."""
        if not self.finished:
            with contextlib.suppress(OSError):
                self.transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.wire.ending = self.wire.ending or f"reset by the {self.side.value}"
            self.finish()

    def finish(self) -> None:
        """Close the transport; may be called again."""
        if not self.finished:
            self.finished = True
            self.protocol.lose()
            self.transport.close()
            self.wire.ending = self.wire.ending or f"dropped by the {self.side.value}"

    def lose(self, how: str) -> None:
        """Note that the other end has closed the transport."""
        if self.lost is None:
            self.lost = how
            other = self.side.peer.value
            self.wire.ending = self.wire.ending or f"dropped by the {other}: {how}"

    def _flush(self) -> bool:
        """Send what the kernel takes now; whether something is left."""
        while self._unsent:
            try:
                count = self.transport.send(self._unsent[0])
            except BlockingIOError:
                return True
            except OSError:
                # What the other end has said before may still be there to read.
                self._unsent.clear()
                raise ConnectionClosed(1006, "the other end is gone") from None
            self._taken += count
            if count < len(self._unsent[0]):
                self._unsent[0] = self._unsent[0][count:]
            else:
                self._unsent.popleft()
        return False

    def _wait_for_room(self, patience: Patience) -> None:
        fd, left = self.transport.fileno(), patience.left
        # A stream that has ended is readable for ever.
        readable, writable = (
            (False, wait_writable(fd, left)) if self.over else wait_either(fd, left)
        )
        if readable:
            # The other end may wait for us to read before it reads again.
            with contextlib.suppress(BlockingIOError):
                self._read()
        if not writable and not patience.left:
            size = sum(map(len, self._unsent))
            raise TimeoutError(
                f"the {self.side.peer.value} did not read the last {size} bytes within {patience}"
            )

    def _wait_with_unsent(self, timeout: float) -> bool:
        """Wait until something can be read, or be sent, which is done; whether it was a read."""
        readable, writable = wait_either(self.transport.fileno(), timeout)
        if writable:
            with self._writing, contextlib.suppress(ConnectionClosed):
                self._flush()
        return readable

    def _post(self, frame: bytes) -> None:
        """Send ``frame`` when there is room: it may be the answer amid a frame half sent."""
        if frame:
            self._unsent.append(memoryview(frame))
            with contextlib.suppress(ConnectionClosed):
                self._flush()

    def _tap(self, frame: FrameRecord) -> None:
        if frame.direction is Direction.IN:
            self.inbox.record(frame)
        self.wire.record(frame)

    def _protocol(
        self, deflate: DeflateParameters | None, compression: Compression | None
    ) -> Protocol:
        return Protocol(
            self.side,
            max_message_size=self._max_size,
            max_fragments=1 << 20,
            deflate=deflate,
            compression=compression,
            next_key=next_key,
            tap=self._tap,
            preview=_EVERYTHING,
        )
