"""The garbage collector while a screen shows a hundred thousand frames: full collections are rare.

Each looks at every frame that is kept, which takes 200 to 700 ms, and by itself Python makes one
a second while frames come fast. Frames are in no cycles, so there is nothing to be found among
them. What a screen leaves behind, some 100 KB whenever the footer shows other keys, is found in a
quiet moment; where there is none, after some minutes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

__all__ = ["Garbage"]

_NEVER = 1 << 30  # collections of the younger ones between two full ones
_QUIET = 60.0  # seconds between full collections in quiet moments, ...
_BUSY = 300.0  # ... and at all


class Garbage:
    """Is ``begin`` to ``end`` in charge of the collector of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Change nothing so far."""
        self._clock = clock
        self._thresholds = gc.get_threshold()
        self._collected = 0.0  # when
        self._total = 0  # frames at the last look

    def begin(self) -> None:
        """Make full collections only when ``look`` says so."""
        self._thresholds = gc.get_threshold()
        self._collected = self._clock()
        gc.set_threshold(*self._thresholds[:2], _NEVER)

    def look(self, total: int) -> None:
        """Collect if long enough has passed, sooner if nothing has come since the last look.

        ``total`` counts all frames that have come.
        """
        wait = _QUIET if total == self._total else _BUSY
        self._total = total
        if self._clock() >= self._collected + wait:
            gc.collect()
            self._collected = self._clock()

    def end(self) -> None:
        """Let Python do as before."""
        gc.set_threshold(*self._thresholds)
