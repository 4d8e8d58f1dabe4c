"""Frames as lines or JSON on stdout: what ``wskit inspect`` does without a screen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..events import Lost
from ..taps import Capture
from ..trace import event_json, frame_json
from ..tui.entries import Entry
from ..tui.filters import Filter
from ..tui.history import History
from ..tui.recorder import Recorder
from ..tui.rows import Table
from ..tui.sources import Source
from .exits import Failure
from .interrupts import LOOK
from .streams import Output

if TYPE_CHECKING:
    from .inspect import InspectOptions

__all__ = ["FrameLines"]

_CONTEXT = ("number", "conn", "delta", "message", "fragment", "rtt", "wrong")
_LEAST = 1 << 16  # bytes: what has been written need not be kept


class FrameLines:
    """Writes the frames that are wanted, as lines or JSON. ``history`` is what is known of them."""

    def __init__(
        self, output: Output, options: InspectOptions, wanted: Filter, record: Recorder
    ) -> None:
        """Nothing is written so far."""
        self._output = output
        self._json = options["json"]
        self._wanted = wanted
        self._record = record
        self._left = options["count"]
        seconds = options["seconds"]
        self._until = None if seconds is None else time.monotonic() + seconds
        self._table: Table | None = None
        self.history = History() if options["export"] else History(limit=_LEAST)

    def run(self, source: Source) -> None:
        """Write until the source ends, or enough is written."""
        while not self._enough():
            events = source.take(LOOK)
            if not events and source.ended:
                return
            if problem := self._record(events):
                raise Failure(problem)
            for event in events:
                self.history.add([event])
                if isinstance(event, Capture):
                    self._take_frame()
                elif isinstance(event, Lost):
                    self._tell_lost(event)
                if self._left == 0:
                    return

    def _enough(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _take_frame(self) -> None:
        entry = self.history.entry(self.history.total)
        assert entry is not None
        if not self._wanted(entry):
            return
        self._write(entry)
        if self._left is not None:
            self._left -= 1

    def _tell_lost(self, lost: Lost) -> None:
        words = f"... {lost.count} frames were not shown"
        self._output.line(event_json(lost) if self._json else words)

    def _write(self, entry: Entry) -> None:
        if self._json:
            context = {name: getattr(entry, name) for name in _CONTEXT}
            self._output.line(frame_json(entry.capture, **context))
            return
        if self._table is None:
            self._table = Table(self._output.width, entry.capture.time)
            self._output.line(self._table.heading().rstrip())
        pieces = self._table.row(entry)
        self._output.line("".join(text for text, _ in pieces).rstrip())
