"""Writes frames from a ring to a stream, in a thread of its own, so that no tap has to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ..taps import Capture, Ring
from ..trace import LineFormat, frame_json, json_line
from .exits import Failure, NobodyReads

if TYPE_CHECKING:
    from .streams import Output

__all__ = ["Tracer"]


class Tracer:
    """Writes what comes into ``ring`` to ``output`` while in its ``with`` block, to the last frame.

    As lines in ``layout``, or as JSON objects without one. What the ring had to drop is counted in
    a line of its own. ``on_failure`` is called, in the tracer's thread, when writing is impossible.
    """

    def __init__(
        self,
        ring: Ring,
        output: Output,
        layout: LineFormat | None,
        on_failure: Callable[[], None],
    ) -> None:
        """Begin with the heading of ``layout``, as soon as there is a frame."""
        self._ring = ring
        self._output = output
        self._layout = layout
        self._on_failure = on_failure
        self._begun = False
        self._told = 0  # of ring.dropped
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
        self._ring.close()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _run(self) -> None:
        try:
            while captures := self._ring.take():
                if self._layout is not None and not self._begun:
                    self._output.line(self._layout.heading())
                self._begun = True
                for capture in captures:
                    self._output.line(self._formatted(capture))
                self._tell_dropped()
        except (NobodyReads, Failure) as failure:
            self._failure = failure
            self._on_failure()

    def _formatted(self, capture: Capture) -> str:
        return frame_json(capture) if self._layout is None else self._layout.line(capture)

    def _tell_dropped(self) -> None:
        dropped, self._told = self._ring.dropped - self._told, self._ring.dropped
        if not dropped:
            return
        if self._layout is None:
            self._output.line(json_line("dropped", frames=dropped))
        else:
            self._output.line(f"... {dropped} frames before these were not shown")
