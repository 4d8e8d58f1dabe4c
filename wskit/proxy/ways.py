"""One direction of an open connection: its bytes pass, its frames are told, others are let in.

The law of this file: what comes goes on unchanged and at once, and a frame of somebody else's only
where a frame ends.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from .. import fields
from ..protocol.frames import Direction, FrameRecord, Tap, encode
from ..protocol.masking import KEY
from ..protocol.opcodes import CLOSE, CONTINUATION
from .dissecting import Dissector, is_control

__all__ = ["Injected", "Way"]

_ROOM = 64 << 20  # bytes of injected payloads that may wait


@dataclass(frozen=True, slots=True)
class Injected:
    """A frame to let in; ``first`` is the first byte of its header."""

    first: int
    payload: bytes
    masked: bool

    @property
    def opcode(self) -> int:
        """What it carries."""
        return self.first & 0x0F

    def encoded(self) -> bytes:
        """Return its bytes."""
        key = KEY.unpack(os.urandom(4))[0] if self.masked else None
        return encode(self.first, self.payload, key)

    def record(self, direction: Direction) -> FrameRecord:
        """Return what is told of it."""
        size = len(self.payload)
        return FrameRecord(
            direction,
            self.opcode,
            self.first >= 0x80,
            self.first >> 4 & 7,
            self.masked,
            size,
            size,
            self.payload,
        )


class Way:
    """One direction, from its first frame on; all but ``inject`` is for one thread."""

    def __init__(self, direction: Direction, dissector: Dissector, tap: Tap) -> None:
        """Tell ``tap`` of every frame that passes."""
        self._direction = direction
        self._dissector = dissector
        self._tap = tap
        self._lock = threading.Lock()  # guards _waiting and _size
        self._waiting: deque[Injected] = deque()
        self._size = 0  # of their payloads

    @property
    def closing(self) -> bool:
        """Whether a close frame has passed."""
        return self._dissector.close_seen

    @property
    def amid(self) -> bool:
        """Whether the last frame that began has not ended."""
        return not self._dissector.at_boundary

    def inject(self, frame: Injected) -> None:
        """Have ``frame`` go as soon as it may; ValueError if that will never be.

        A message that is open has its end first, but for control frames. From any thread.
        """
        fields.integer("first", frame.first, 0, 255)
        if self._dissector.lost:
            raise ValueError("where frames end is not known any more")
        if self._dissector.close_seen:
            raise ValueError("a close frame went this way, so nothing may follow (RFC 6455 §5.5.1)")
        with self._lock:
            if self._size + len(frame.payload) > _ROOM:
                raise ValueError("too much waits to be sent already")
            self._size += len(frame.payload)
            self._waiting.append(frame)

    def observe(self, data: bytes | None) -> None:
        """Tell the frames of ``data``, which has passed already; None is who knows what."""
        if data is None:
            self._dissector.lost = True
            return
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def pass_on(self, data: bytes) -> Iterator[bytes]:
        """Yield ``data`` with what is let in; b"" for nothing but that."""
        at = sent = 0
        while True:
            if self._waiting and self._dissector.at_boundary:
                frames = b"".join(self._due())
                if frames:
                    yield data[sent:at] + frames
                    sent = at
            if at >= len(data):
                break
            at = self._step(data, at)
        if sent < len(data):
            yield data[sent:]

    def _step(self, data: bytes, at: int) -> int:
        at, record = self._dissector.step(data, at)
        if record is not None:
            self._tap(record)
        return at

    def _due(self) -> Iterator[bytes]:
        """Yield the frames that may go at this boundary."""
        with self._lock:
            frames, self._waiting, self._size = self._waiting, deque(), 0
        held: deque[Injected] = deque()
        for frame in frames:
            if self._dissector.close_seen:
                return  # and what still waits never goes
            if self._waits(frame, behind=bool(held)):
                held.append(frame)
                continue
            # A close frame is the last that goes this way, whoever made it.
            self._dissector.close_seen = frame.opcode == CLOSE
            self._tap(frame.record(self._direction))
            yield frame.encoded()
        with self._lock:
            self._waiting.extendleft(reversed(held))
            self._size += sum(len(frame.payload) for frame in held)

    def _waits(self, frame: Injected, *, behind: bool) -> bool:
        if is_control(frame.opcode):
            return False
        # A continuation is meant for the message that is open, be it a frame that is let in.
        return behind or (self._dissector.message_open and frame.opcode != CONTINUATION)
