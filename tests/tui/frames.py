"""Frames made by hand for tests of the inspector."""

from __future__ import annotations

from wskit.protocol.frames import Direction, FrameRecord
from wskit.taps import Capture

__all__ = ["IN", "OUT", "capture", "frame"]

IN, OUT = Direction.IN, Direction.OUT


def frame(
    opcode: int = 1,
    payload: bytes = b"",
    *,
    way: Direction = IN,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = False,
    wire: int | None = None,
    length: int | None = None,
) -> FrameRecord:
    """Make a frame; ``wire`` and ``length`` are those of ``payload`` unless said."""
    size = len(payload) if length is None else length
    return FrameRecord(way, opcode, fin, rsv, masked, size if wire is None else wire, size, payload)


def capture(time: float, record: FrameRecord | None = None, connection: str = "a") -> Capture:
    """Make a capture."""
    return Capture(time, connection, frame() if record is None else record)
