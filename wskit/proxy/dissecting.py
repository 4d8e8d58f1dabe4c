"""Frames in a stream that may hold anything (RFC 6455 §5.2), each told when it is complete.

The law of this file: it judges nothing and raises nothing; it holds the start of one payload and
no more, and what it tells does not depend on where the stream was cut.
"""

from __future__ import annotations

from ..protocol.frames import FIN, RSV1, Direction, FrameRecord
from ..protocol.masking import KEY, masked, rotated
from ..protocol.opcodes import CLOSE, CONTINUATION
from ..relaying.extents import header_size, payload_size
from .inflating import Looker

__all__ = ["PREVIEW", "Dissector", "is_control"]

PREVIEW = 4096
"""Bytes of a payload that a record holds at most, unless it is said otherwise."""

_ENDLESS = 1 << 62  # bytes; nobody will live to see the end of such a frame
_RSV = 0x70


def is_control(opcode: int) -> bool:
    """Whether frames of this kind may come amid a message (§5.5), reserved ones included."""
    return opcode >= CLOSE


class Dissector:
    """Reads one direction, from its first frame on; for one thread.

    ``lost`` is set for good by a frame so long that it has no end. ``message_open``: fragments
    came and the last has not. ``close_seen``: a close frame has passed.
    """

    def __init__(
        self, direction: Direction, *, looker: Looker | None = None, preview: int = PREVIEW
    ) -> None:
        """``looker`` inflates where permessage-deflate was agreed."""
        self._direction = direction
        self._preview = preview
        self._looker = looker
        self._header = bytearray()
        self._size = 0
        self._left = -1  # bytes of the payload that are to come; -1: the header is not whole
        self._start = bytearray()  # of the payload, as it is on the wire
        self._key = 0
        self._compressed = False  # the message that is open
        self._inflates = False  # the frame at hand is one of such a message
        self.lost = False
        self.message_open = False
        self.close_seen = False

    @property
    def at_boundary(self) -> bool:
        """Whether the stream so far ends with the end of a frame."""
        return not self._header and not self.lost

    def step(self, data: bytes, at: int) -> tuple[int, FrameRecord | None]:
        """Read ``data`` from ``at``, no further than to the end of a frame.

        Returns how far that was, and the frame if it is complete.
        """
        if self.lost:
            return len(data), None
        if self._left < 0:
            at = self._read_header(data, at)
            if self._left < 0:
                return at, None
            if self._size >= _ENDLESS:
                self.lost = True
                return len(data), self._record()
        count = min(self._left, len(data) - at)
        if count:
            self._read_payload(data, at, count)
        return at + count, None if self._left else self._record()

    def _read_header(self, data: bytes, at: int) -> int:
        header = self._header
        while at < len(data) and len(header) < (size := header_size(header)):
            stop = at + size - len(header)
            header += data[at:stop]
            at = min(stop, len(data))
        if len(header) == header_size(header):
            self._begin()
        return at

    def _begin(self) -> None:
        header = self._header
        self._left = self._size = payload_size(header)
        (self._key,) = KEY.unpack_from(header, len(header) - 4) if header[1] & 0x80 else (0,)
        self._start = bytearray()
        opcode = header[0] & 0x0F
        self._inflates = not is_control(opcode) and self._inflatable(header[0])
        self.close_seen = self.close_seen or opcode == CLOSE
        # An empty payload may end a message, too.
        if self._inflates and not self._left:
            self._look(b"")

    def _inflatable(self, first: int) -> bool:
        begins = first & 0x0F != CONTINUATION
        if begins:
            self._compressed = first & _RSV == RSV1  # other bits are no extension that we know
        elif not self.message_open:
            self._compressed = False
        looker = self._looker
        return looker is not None and self._compressed and looker.begin(message=begins)

    def _read_payload(self, data: bytes, at: int, count: int) -> None:
        if len(self._start) < self._preview:
            self._start += data[at : at + min(count, self._preview - len(self._start))]
        before = self._size - self._left
        self._left -= count
        if self._inflates:
            self._look(_unmasked(data[at : at + count], rotated(self._key, before)))

    def _look(self, piece: bytes) -> None:
        assert self._looker is not None
        self._looker.add(piece, final=not self._left and self._header[0] & FIN != 0)

    def _record(self) -> FrameRecord:
        first, second = self._header[:2]
        opcode, fin = first & 0x0F, first & FIN != 0
        payload, length = _unmasked(bytes(self._start), self._key), self._size
        looker = self._looker
        if self._inflates and looker is not None and not looker.corrupt:
            payload, length = bytes(looker.start), looker.length
        if not is_control(opcode):
            self.message_open = not fin
        self._header.clear()
        self._left = -1
        return FrameRecord(
            self._direction,
            opcode,
            fin,
            first >> 4 & 7,
            second & 0x80 != 0,
            self._size,
            length,
            payload,
        )


def _unmasked(data: bytes, key: int) -> bytes:
    return masked(data, key) if key else data
