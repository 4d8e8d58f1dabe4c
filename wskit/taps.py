"""Taps: guarded observers of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .logs import logger
from .protocol.frames import FrameRecord, Tap

__all__ = ["Capture", "guarded", "joined"]

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
