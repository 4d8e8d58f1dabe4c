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

_OCTETS = 64 << 20


class Feed:
    """Up to ``size`` frames that nobody has taken yet, of 64 MiB; for any thread.

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
        self._held = 0  # bytes of payloads
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
            if not self._has_room(event):
                self._gap += 1
                self.lost += 1
                return
            self._mark()
            self._events.append(event)
            if self._takers:
                self._arrived.notify()

    def lose(self, count: int) -> None:
        """Count ``count`` frames as lost that passed at this place and were not even added."""
        with self._lock:
            self._gap += count
            self.lost += count

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
            self._held = 0
            return events

    def close(self) -> None:
        """Wake whoever waits in ``take``; nothing more will come."""
        with self._lock:
            self._closed = True
            self._arrived.notify_all()

    def _has_room(self, event: Event) -> bool:
        if not isinstance(event, Capture):
            return len(self._events) < 2 * self._size
        octets = len(event.frame.payload)
        # One that is larger than all the room has it to itself.
        if len(self._events) >= self._size or (self._held and self._held + octets > _OCTETS):
            return False
        self._held += octets
        return True

    def _mark(self) -> None:
        if self._gap:
            self._events.append(Lost(self._gap))
            self._gap = 0
