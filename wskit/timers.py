"""Deadlines of many connections in one heap, run by one thread."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Protocol as Interface
from typing import TypeAlias, runtime_checkable

__all__ = ["Alarm", "Clock", "Movable", "Timed", "Timers"]

Clock: TypeAlias = Callable[[], float]
"""Returns seconds that never run backwards, as ``time.monotonic`` does."""


@runtime_checkable
class Movable(Interface):
    """A clock that stands still until it is moved, and then has timers run (wskit.testing)."""

    def attach(self, run: Callable[[], float | None]) -> None:
        """Call ``run`` after each move: it runs what is due and returns the next deadline."""

    def detach(self, run: Callable[[], float | None]) -> None:
        """Call ``run`` no more."""


class Timed(Interface):
    """Something with deadlines; what is due depends on its state when the time comes."""

    def on_timer(self, now: float) -> float | None:
        """Do what is due at ``now``; return the next deadline, or None for none."""


class Alarm:
    """A subject that can be called off, so that the heap does not keep it alive until it is due."""

    __slots__ = ("_subject",)

    def __init__(self, subject: Timed) -> None:
        """Stand for ``subject``."""
        self._subject: Timed | None = subject

    def on_timer(self, now: float) -> float | None:
        """Pass it on, unless it was called off."""
        subject = self._subject
        return None if subject is None else subject.on_timer(now)

    def cancel(self) -> None:
        """Forget the subject; callable from any thread."""
        self._subject = None


class Timers:
    """A heap of (deadline, subject); a subject with nothing to do says so when its time comes.

    Times are ``time.monotonic()`` seconds. ``add`` may be called from any thread.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()  # guards _heap
        self._heap: list[tuple[float, int, Timed]] = []
        self._order = itertools.count()

    def add(self, deadline: float, subject: Timed) -> bool:
        """Call ``subject.on_timer`` at ``deadline``; return whether that is now the first one."""
        entry = (deadline, next(self._order), subject)
        with self._lock:
            heapq.heappush(self._heap, entry)
            return self._heap[0] is entry

    @property
    def due(self) -> float | None:
        """The next deadline, or None when there is none."""
        with self._lock:
            return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> float | None:
        """Call what is due at ``now``; return the next deadline, or None when there is none."""
        while True:
            with self._lock:
                if not self._heap:
                    return None
                if self._heap[0][0] > now:
                    return self._heap[0][0]
                subject = heapq.heappop(self._heap)[2]
            again = subject.on_timer(now)
            if again is not None:
                self.add(max(again, now + 0.001), subject)
