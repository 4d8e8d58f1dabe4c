"""Events between a thread that reads and one that takes: who reads too far ahead has to wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from ..events import Event

__all__ = ["Ahead"]


class Ahead:
    """Up to about ``most`` events between two threads; nothing is lost. ``put`` is the reader's."""

    def __init__(self, most: int) -> None:
        """Hold nothing so far."""
        self._most = most
        self._changed = threading.Condition()  # its lock guards what follows
        self._events: deque[Event] = deque()
        self._done = False
        self.unwanted = False  # nobody will take any more

    def __len__(self) -> int:
        """Return how many wait to be taken."""
        return len(self._events)

    @property
    def ended(self) -> bool:
        """Whether all was read and taken."""
        with self._changed:
            return self._done and not self._events

    def put(self, events: Iterable[Event]) -> bool:
        """Add what was read, once there is room; whether more is wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self.unwanted or len(self._events) < self._most)
            self._events.extend(events)
            self._changed.notify_all()
            return not self.unwanted

    def finish(self) -> None:
        """Say that nothing more will be read."""
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def take(self, timeout: float) -> list[Event]:
        """Return what was read; wait up to ``timeout`` seconds for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._done, timeout)
            taken = list(self._events)
            self._events.clear()
            self._changed.notify_all()
            return taken

    def leave(self) -> None:
        """Say that nothing more is wanted."""
        with self._changed:
            self.unwanted = True
            self._changed.notify_all()
