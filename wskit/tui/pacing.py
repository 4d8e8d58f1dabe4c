"""A recording replayed: its events come when they came, faster or slower, or one by one."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from ..events import Event, Lost
from .outgoing import Outgoing
from .sources import Source

__all__ = ["Paced"]

_SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, math.inf)
_AT_ONCE = 4096  # events of one ``take``
_SOON = 0.001  # seconds: what is due so soon is not waited for


class Paced:
    """A source that gives the events of ``source``, a recording, at their own intervals.

    ``position`` is the Unix time that the replay has reached, None before the first event. What is
    read ahead is one ``take`` of ``source``. For one thread.
    """

    def __init__(
        self,
        source: Source,
        *,
        speed: float = 1.0,
        longest: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Replay ``speed`` times as fast, ``math.inf``: at once; ``longest`` bounds each silence.

        That is in seconds of ``clock``, which ``sleep`` waits for. ValueError for either not above
        0.
        """
        for name, value in (("speed", speed), ("longest", longest)):
            if value is not None and not value > 0:
                raise ValueError(f"{name}: must be above 0, not {value}")
        self._source = source
        self._longest = longest
        self._clock = clock
        self._sleep = sleep
        self._ahead: deque[Event] = deque()
        self._looked = clock()  # when position was right
        self._steps = 0  # that were asked for
        self.speed = speed
        self.paused = False
        self.position: float | None = None

    # -- a source ------------------------------------------------------------------------------

    @property
    def problem(self) -> str:
        """Why there are no more events."""
        return self._source.problem

    @property
    def ended(self) -> bool:
        """Whether all were given."""
        return not self._ahead and self._source.ended

    def take(self, timeout: float) -> list[Event]:
        """Return what is due."""
        until = self._clock() + timeout
        while True:
            left = max(until - self._clock(), 0.0)
            if not self._ahead:
                self._ahead.extend(self._source.take(left))
            due = self._stepped() if self.paused else self._due()
            left = until - self._clock()
            if due or left <= 0 or self.ended:
                return due
            self._wait(left)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Let the source send it, or refuse."""
        self._source.send(connection, frame)

    def end(self) -> None:
        """End the source."""
        self._ahead.clear()
        self._source.end()

    # -- its pace ------------------------------------------------------------------------------

    @property
    def pace(self) -> str:
        """How fast it goes: "x1", "x0.25", "at once", "paused, x1"."""
        speed = "at once" if self.speed == math.inf else f"x{self.speed:g}"
        return f"paused, {speed}" if self.paused else speed

    def pause(self) -> None:
        """Give nothing until ``resume`` or ``step``."""
        self._move()
        self.paused = True

    def resume(self) -> None:
        """Go on from where it stopped."""
        self._looked = self._clock()
        self.paused, self._steps = False, 0

    def step(self) -> None:
        """Pause, and let one more event pass."""
        self.pause()
        self._steps += 1

    def faster(self) -> None:
        """Take the next speed up to 64, then all at once."""
        self._move()
        self.speed = next((speed for speed in _SPEEDS if speed > self.speed), math.inf)

    def slower(self) -> None:
        """Take the next speed down to a quarter."""
        self._move()
        self.speed = next((speed for speed in _SPEEDS[::-1] if speed < self.speed), _SPEEDS[0])

    # -- what is due ---------------------------------------------------------------------------

    def _due(self) -> list[Event]:
        self._move()
        due: list[Event] = []
        while self._ahead and len(due) < _AT_ONCE and self._is_due(self._ahead[0]):
            due.append(self._ahead.popleft())
        return due

    def _stepped(self) -> list[Event]:
        given = [self._ahead.popleft() for _ in range(min(self._steps, len(self._ahead)))]
        self._steps -= len(given)
        for event in given:
            if not isinstance(event, Lost):
                self._reach(event.time)
        return given

    def _is_due(self, event: Event) -> bool:
        if isinstance(event, Lost):  # with the event before
            return True
        if self.position is None or self.speed == math.inf:
            self._reach(event.time)
        elif self._longest is not None:
            self._reach(event.time - self._longest * self.speed)
        if self.position is None or event.time > self.position + _SOON * self.speed:
            return False
        self._reach(event.time)
        return True

    def _reach(self, moment: float) -> None:
        """Be at ``moment`` unless it has passed: files need not be in order."""
        self.position = moment if self.position is None else max(self.position, moment)

    def _move(self) -> None:
        """Let the time pass that has passed since the last look, as long as something follows."""
        now = self._clock()
        runs = self._ahead and not self.paused and self.speed != math.inf
        if runs and self.position is not None:
            self.position += (now - self._looked) * self.speed
        self._looked = now

    def _wait(self, most: float) -> None:
        """Sleep until something is due, no longer than ``most``."""
        event = self._ahead[0] if self._ahead else None
        if event is None or isinstance(event, Lost) or self.paused or self.position is None:
            self._sleep(most)
        else:
            self._sleep(min((event.time - self.position) / self.speed, most))
