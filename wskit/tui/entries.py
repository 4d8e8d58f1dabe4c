"""A frame in its context: which message it belongs to, what it answers, how long that took."""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.frames import FrameRecord
from ..protocol.opcodes import BINARY
from ..taps import Capture

__all__ = ["Entry"]


@dataclass(slots=True, eq=False)
class Entry:
    """One frame as the inspector knows it.

    ``number`` counts all frames from 1, ``conn`` connections, ``message`` the data messages of one
    direction of a connection, ``fragment`` the frames of a message; a control frame has 0 for the
    last two. ``delta`` is the seconds since the frame before on the same connection, ``rtt`` those
    from a ping to this pong. ``wrong`` says which rule the frame breaks, "" for none.
    """

    number: int
    conn: int
    capture: Capture
    delta: float | None = None
    message: int = 0
    fragment: int = 0
    rtt: float | None = None
    wrong: str = ""

    @property
    def frame(self) -> FrameRecord:
        """The frame itself."""
        return self.capture.frame

    @property
    def is_data(self) -> bool:
        """Whether this is (a part of) a text or binary message."""
        return self.capture.frame.opcode <= BINARY

    @property
    def is_cut(self) -> bool:
        """Whether only the start of the payload was kept."""
        return len(self.capture.frame.payload) < self.capture.frame.length

    @property
    def ratio(self) -> float | None:
        """Inflated size over size on the wire; None where nothing was compressed."""
        frame = self.capture.frame
        return frame.length / frame.wire_length if frame.rsv & 4 and frame.wire_length else None
