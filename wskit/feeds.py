"""Feeds: bounded queues between the threads that are watched and one that shows what they did.

The law of this file: whoever is watched never waits for whoever looks. When a feed is full, what
comes is counted, and the gap is told in its place.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from .events import Event, Lost
from .protocol.frames import FrameRecord, Tap
from .taps import Capture

__all__ = ["Feed"]


class Feed:
    """Up to ``size`` frames that nobody has taken yet; every method may be called from any thread.

    Events of other kinds are few, and have as much room again.
    """

    def __init__(self, size: int = 10_000) -> None:
        """Hold nothing so far; ValueError for no room."""
        if size < 1:
            raise ValueError(f"size: must be at least 1, not {size}")
        self._size = size
        self._lock = threading.Lock()  # guards everything below
        self._arrived = threading.Condition(self._lock)
        self._events: deque[Event] = deque()
        self._gap = 0  # what was lost since the last event that was kept
        self._takers = 0  # that wait
        self._closed = False
        self.lost = 0  # in sum

    def tap(self, connection: str) -> Tap:
        """Return a tap that records under the name ``connection``."""

        def record(frame: FrameRecord) -> None:
            self.add(Capture(time.time(), connection, frame))

        return record

    def add(self, event: Event) -> None:
        """Add the newest event, or count it as lost when there is no room."""
        with self._lock:
            room = self._size if isinstance(event, Capture) else 2 * self._size
            if len(self._events) >= room:
                self._gap += 1
                self.lost += 1
                return
            self._mark()
            self._events.append(event)
            if self._takers:
                self._arrived.notify()

    def take(self, timeout: float | None = None) -> list[Event]:
        """Return and remove what is there; wait up to ``timeout`` seconds for the first event."""
        with self._lock:
            self._takers += 1
            try:
                self._arrived.wait_for(lambda: self._events or self._closed, timeout)
            finally:
                self._takers -= 1
            self._mark()
            events = list(self._events)
            self._events.clear()
            return events

    def close(self) -> None:
        """Wake whoever waits in ``take``; nothing more will come."""
        with self._lock:
            self._closed = True
            self._arrived.notify_all()

    def _mark(self) -> None:
        if self._gap:
            self._events.append(Lost(self._gap))
            self._gap = 0
