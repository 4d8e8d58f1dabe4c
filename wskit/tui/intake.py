"""Takes what comes from a source into the history and the recording, some milliseconds at a time.

The law of this file: a key never waits long for what comes. What is taken and has no time yet
waits here, and as long as it does nothing more is taken: then the source has to lose, or to wait.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..events import Event, Lost
from .history import History
from .recorder import Recorder
from .sources import Source

__all__ = ["Intake"]

_PIECE = 250  # events between two looks at the clock: some 3 ms
_BUDGET = 0.02  # seconds


class Intake:
    """Feeds ``history`` and ``record`` from ``source``; for one thread."""

    def __init__(
        self,
        source: Source,
        history: History,
        record: Recorder,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take nothing so far."""
        self._source = source
        self._history = history
        self._record = record
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self.newest = 0.0  # the time of the newest event

    def take(self) -> str:
        """Take what there is time for; return why the recording failed, or ""."""
        if not self._waiting:
            self._waiting.extend(self._source.take(0))
        until, problem = self._clock() + _BUDGET, ""
        while self._waiting:
            piece = [self._waiting.popleft() for _ in range(min(_PIECE, len(self._waiting)))]
            problem = self._record(piece) or problem
            self._history.add(piece)
            self.newest = next(
                (each.time for each in reversed(piece) if not isinstance(each, Lost)), self.newest
            )
            if self._clock() >= until:
                break
        return problem
