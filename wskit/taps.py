"""Taps: guarded observers of frames, and the bounded ring that most of them write to."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .logs import logger
from .protocol.frames import FrameRecord, Tap

__all__ = ["Capture", "Ring", "guarded", "joined"]

log = logger("taps")


def guarded(tap: Tap) -> Tap:
    """Return ``tap`` wrapped so that its first exception is logged and silences it for good.

    A tap runs on the thread that reads or writes, under the writer's lock for outbound frames: it
    must be quick, and must not use the connection it watches.
    """
    active = True

    def call(record: FrameRecord) -> None:
        nonlocal active
        if not active:
            return
        try:
            tap(record)
        except Exception:
            active = False
            log.exception("tap %r raised and was detached", tap)

    return call


def joined(taps: Sequence[Tap]) -> Tap | None:
    """Return one tap that calls all of ``taps`` in order; None for none."""
    if len(taps) < 2:
        return taps[0] if taps else None

    def call(record: FrameRecord) -> None:
        for tap in taps:
            tap(record)

    return call


@dataclass(frozen=True, slots=True)
class Capture:
    """A frame with the moment it passed (``time.time()`` seconds) and its connection's name."""

    time: float
    connection: str
    frame: FrameRecord


class Ring:
    """The last ``size`` frames of any number of connections, and how many older ones were dropped.

    Every method may be called from any thread.
    """

    def __init__(self, size: int = 10_000) -> None:
        """Hold up to ``size`` frames."""
        if size < 1:
            raise ValueError(f"size: must be at least 1, not {size}")
        self._lock = threading.Lock()  # guards _frames, dropped and closed
        self._arrived = threading.Condition(self._lock)
        self._frames: deque[Capture] = deque(maxlen=size)
        self.dropped = 0
        self.closed = False

    def tap(self, connection: str) -> Tap:
        """Return a tap that records under the name ``connection``."""

        def record(frame: FrameRecord) -> None:
            self.append(Capture(time.time(), connection, frame))

        return record

    def append(self, capture: Capture) -> None:
        """Add the newest frame; the oldest goes when the ring is full."""
        with self._arrived:
            if len(self._frames) == self._frames.maxlen:
                self.dropped += 1
            self._frames.append(capture)
            self._arrived.notify()

    def take(self, timeout: float | None = None) -> list[Capture]:
        """Return and remove what is there; wait up to ``timeout`` seconds for the first frame."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._frames or self.closed, timeout)
            frames = list(self._frames)
            self._frames.clear()
            return frames

    def close(self) -> None:
        """Wake whoever waits in ``take``; nothing more will come."""
        with self._arrived:
            self.closed = True
            self._arrived.notify_all()
