"""Writes frames from a feed to a stream, in a thread of its own, so that no tap has to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ..events import Event, Lost
from ..feeds import Feed
from ..taps import Capture
from ..trace import LineFormat, event_json
from .exits import Failure, NobodyReads

if TYPE_CHECKING:
    from .streams import Output

__all__ = ["Tracer"]


class Tracer:
    """Writes what comes into ``feed`` to ``output`` while in its ``with`` block, to the last frame.

    As lines in ``layout``, or as JSON objects without one. What the feed had to drop is counted in
    a line of its own, in its place. ``on_failure`` is called, in the tracer's thread, when writing
    is impossible.
    """

    def __init__(
        self,
        feed: Feed,
        output: Output,
        layout: LineFormat | None,
        on_failure: Callable[[], None],
    ) -> None:
        """Begin with the heading of ``layout``, as soon as there is a frame."""
        self._feed = feed
        self._output = output
        self._layout = layout
        self._on_failure = on_failure
        self._begun = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="wskit-trace", daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left; raise what kept it from being written."""
        self._feed.close()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _run(self) -> None:
        try:
            while events := self._feed.take():
                if self._layout is not None and not self._begun:
                    self._output.line(self._layout.heading())
                self._begun = True
                for event in events:
                    if line := self._formatted(event):
                        self._output.line(line)
        except (NobodyReads, Failure) as failure:
            self._failure = failure
            self._on_failure()

    def _formatted(self, event: Event) -> str:
        """Return the line of ``event``; "" for what is for programs only."""
        if self._layout is None:
            return event_json(event)
        if isinstance(event, Lost):
            return f"... {event.count} frames were not shown"
        return self._layout.line(event) if isinstance(event, Capture) else ""
