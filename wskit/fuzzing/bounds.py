"""What a probe may do: so many connections a second, so many in all, so long."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..timers import Clock

__all__ = ["Bounds", "Spent"]


class Spent(Exception):
    """The probe has had all the connections, or all the time, that it may have."""


class Bounds:
    """Counts connections and seconds; for one thread."""

    def __init__(
        self,
        *,
        rate: float,
        connections: int,
        minutes: float | None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``rate`` is connections a second; ``minutes`` None is no limit of time."""
        self._gap = 1 / rate
        self._most = connections
        self._clock, self._sleep = clock, sleep
        self._start = self._next = clock()
        self._end = None if minutes is None else self._start + minutes * 60
        self.used = 0

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return self._clock() - self._start

    def connection(self) -> None:
        """Wait until another connection may be made, and count it; raise Spent where none may."""
        self.check()
        if self.used >= self._most:
            raise Spent(f"{self._most} connections were made")
        wait = self._next - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next = max(self._clock(), self._next) + self._gap
        self.used += 1

    def check(self) -> None:
        """Raise Spent where the time is over."""
        if self._end is not None and self._clock() >= self._end:
            raise Spent(f"{(self._end - self._start) / 60:g} minutes are over")
