"""What has come and was not expected yet: frames in order, and the messages that they make."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..protocol.frames import FrameRecord
from ..protocol.opcodes import BINARY, CONTINUATION, Message, MessageType

__all__ = ["Arrival", "Inbox"]


@dataclass(slots=True, eq=False)
class Arrival:
    """A control frame, or a data message with its frames; ``message`` is None until it is whole."""

    frames: list[FrameRecord] = field(default_factory=list)
    message: Message | None = None
    taken: int = 0  # frames that were given out one by one

    @property
    def is_data(self) -> bool:
        """Whether this is (the beginning of) a text or binary message."""
        return self.frames[0].opcode <= BINARY


class Inbox:
    """Arrivals in the order of their first frames. For one thread at a time.

    Control frames may come between any two frames (RFC 6455 §5.4), so whoever asks for a message
    is not given them, and who asks for a ping passes over the messages: they stay for later.
    """

    def __init__(self) -> None:
        """Nothing has come."""
        self._arrivals: deque[Arrival] = deque()
        self._open: Arrival | None = None  # the data message whose end has not come

    def record(self, frame: FrameRecord) -> None:
        """Take a frame; the event that it completes follows by ``complete``."""
        if frame.opcode == CONTINUATION and self._open is not None:
            self._open.frames.append(frame)
            return
        arrival = Arrival([frame])
        self._arrivals.append(arrival)
        if frame.opcode <= BINARY:
            self._open = arrival

    def complete(self, opcode: int, data: str | bytes) -> None:
        """Say that the last recorded frame completed a message or was a control frame."""
        message = Message(MessageType(opcode), data)
        if opcode <= BINARY:
            assert self._open is not None
            self._open.message, self._open = message, None
        else:
            self._arrivals[-1].message = message

    @property
    def unread(self) -> list[Arrival]:
        """Everything that was not taken, unfinished messages included."""
        return list(self._arrivals)

    @property
    def unfinished(self) -> Arrival | None:
        """The data message of which only some frames have come."""
        return self._open

    def data(self) -> Arrival | None:
        """Return the first data message if it is whole, and keep it."""
        first = next((arrival for arrival in self._arrivals if arrival.is_data), None)
        return first if first is not None and first.message is not None else None

    def control(self, opcode: int) -> Arrival | None:
        """Return the first control frame with ``opcode``, and keep it."""
        for arrival in self._arrivals:
            if arrival.frames[0].opcode == opcode and arrival.message is not None:
                return arrival
        return None

    def take(self, arrival: Arrival) -> Arrival:
        """Remove ``arrival``."""
        self._arrivals.remove(arrival)
        return arrival

    def has_frame(self) -> bool:
        """Whether ``take_frame`` has something to give."""
        return any(arrival.taken < len(arrival.frames) for arrival in self._arrivals)

    def take_frame(self) -> FrameRecord:
        """Remove and return the oldest frame; what is left of its message is only given so, too."""
        arrival = next(a for a in self._arrivals if a.taken < len(a.frames))
        frame = arrival.frames[arrival.taken]
        arrival.taken += 1
        if arrival.taken == len(arrival.frames) and arrival is not self._open:
            self._arrivals.remove(arrival)
        return frame

    def clear(self) -> list[Message]:
        """Remove everything whole and return it; an unfinished message stays."""
        whole = [arrival for arrival in self._arrivals if arrival is not self._open]
        self._arrivals = deque([self._open] if self._open is not None else [])
        return [arrival.message for arrival in whole if arrival.message is not None]
