"""The record of a connection's frames for reports: the first and the last of them, and the ends."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..protocol.frames import FrameRecord
from ..protocol.opcodes import Side
from ..taps import Capture
from ..trace import LineFormat, printable
from .transcripts import Transcript, current, new_wire, transcribing, use

__all__ = ["Exchange", "Transcript", "Wire", "current", "new_wire", "transcribing", "use"]

_KEPT = 200  # frames at each end of a conversation; what lies between is counted
_PREVIEW = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """An opening handshake: the request's URL and headers, the response's status and headers."""

    url: str
    request: tuple[tuple[str, str], ...]
    status: int
    response: tuple[tuple[str, str], ...]


class Wire:
    """What passed on one connection, seen from the end ``side``. From any thread.

    ``exchange`` is the opening handshake, None where it is not known; ``ending`` says how the
    connection ended, None while it is open. With ``keep_all`` no frame is dropped or cut.
    """

    def __init__(self, name: str, side: Side, *, keep_all: bool = False) -> None:
        """Nothing has passed; the clock starts."""
        self.name = name
        self.side = side
        self.keep_all = keep_all
        self.start = time.time()
        self.exchange: Exchange | None = None
        self.ending: str | None = None
        self.count = 0
        self._lock = threading.Lock()  # guards count, _first and _last
        self._first: list[Capture] = []
        self._last: deque[Capture] = deque(maxlen=_KEPT)

    @property
    def key(self) -> str:
        """What the handshake of this connection alone has, to find both its records; or "".

        It is the Sec-WebSocket-Accept that belongs to its key: either end knows that.
        """
        if self.exchange is None:
            return ""
        answer = _field(self.exchange.response, "sec-websocket-accept")
        key = _field(self.exchange.request, "sec-websocket-key")
        return answer or (_accepted(key) if key else "")

    @property
    def captures(self) -> list[Capture]:
        """The frames that are kept, in order; ``count`` is how many there were."""
        with self._lock:
            return [*self._first, *self._last]

    def record(self, frame: FrameRecord) -> None:
        """Take a frame; this is a tap."""
        if len(frame.payload) > _PREVIEW and not self.keep_all:
            frame = replace(frame, payload=frame.payload[:_PREVIEW])
        capture = Capture(time.time(), self.name, frame)
        with self._lock:
            self.count += 1
            first = self.keep_all or len(self._first) < _KEPT
            (self._first if first else self._last).append(capture)

    def restart(self) -> None:
        """Forget the frames; the clock starts again: another test goes on with this connection."""
        with self._lock:
            self.count = 0
            self._first.clear()
            self._last.clear()
        self.start = time.time()

    def lines(self, most: int = 40, width: int = 100) -> Iterator[str]:
        """Yield the record as text, at most about ``most`` frames: the middle is left out."""
        captures, count = self.captures, self.count
        layout = LineFormat(start=self.start, width=width)
        half = max(most // 2, 1)
        gap = count - 2 * half if count > most else 0
        first, last = (captures[:half], captures[-half:]) if gap else (captures, [])
        yield from map(layout.line, first)
        if gap:
            yield f"{'…':>8} {gap} frames left out"
        yield from map(layout.line, last)

    def tail(self, most: int = 8, width: int = 100) -> list[str]:
        """Return the last ``most`` frames as lines."""
        layout = LineFormat(start=self.start, width=width)
        return [layout.line(capture) for capture in self.captures[-most:]]

    def report(self, most: int = 40) -> str:
        """Return the whole record as text, with the ends."""
        exchange = self.exchange
        opening = f": {printable(exchange.url)} -> {exchange.status}" if exchange else ""
        head = f"{self.name}{opening}"
        ending = self.ending or "still open"
        return "\n".join((head, *self.lines(most), f"   ended: {printable(ending)}"))


def _field(fields: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in fields if name.lower() == wanted), "")


def _accepted(key: str) -> str:
    from ..protocol.handshake import accept_key

    return accept_key(key)
