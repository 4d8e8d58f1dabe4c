"""Places in a stream, and a stage for what happens there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol as Interface

from ...relaying.stages import Item
from .splitter import FrameStage, Part

__all__ = ["AfterBytes", "AfterFrames", "AtPlace", "InFrame", "Place"]


class Place(Interface):
    """A place in one direction of one connection, found once."""

    def find(self, part: Part) -> int | None:
        """Return how many bytes of ``part`` lie before it; None if it is not there."""


class AfterBytes:
    """After ``count`` bytes behind the HTTP head, or with ``handshake`` from the first byte."""

    def __init__(self, count: int, *, handshake: bool) -> None:
        """Nothing has been seen."""
        self._left = count
        self._handshake = handshake

    def find(self, part: Part) -> int | None:
        """Count ``part``."""
        if not self._handshake and part.frame == 0:
            return len(part.data) if part.last and not self._left else None
        before, self._left = self._left, self._left - len(part.data)
        return before if self._left <= 0 else None


class AfterFrames:
    """After ``count`` frames; 0 is the end of the HTTP head."""

    def __init__(self, count: int) -> None:
        """Nothing has been seen."""
        self._count = count

    def find(self, part: Part) -> int | None:
        """Look at ``part``."""
        return len(part.data) if part.last and part.frame == self._count else None


class InFrame:
    """After ``count`` bytes of frame number ``frame``, header included, or at its end."""

    def __init__(self, frame: int, count: int) -> None:
        """Nothing has been seen."""
        self._frame = frame
        self._count = count

    def find(self, part: Part) -> int | None:
        """Look at ``part``."""
        if part.frame != self._frame:
            return None
        index = self._count - part.at
        if index <= len(part.data):
            return index
        return len(part.data) if part.last else None


class AtPlace(FrameStage):
    """Lets bytes through up to ``place`` and does ``item`` there; then ``goes_on`` or drops."""

    def __init__(self, place: Place, item: Item, *, response: bool, goes_on: bool) -> None:
        """The place has not come."""
        super().__init__(response=response)
        self._place = place
        self._item = item
        self._goes_on = goes_on
        self._passed = False

    def part(self, part: Part) -> Iterator[Item]:
        """Yield what becomes of ``part``."""
        index = None if self._passed else self._place.find(part)
        if index is not None:
            self._passed = True
            yield part.data[:index]
            yield self._item
            if self._goes_on:
                yield part.data[index:]
        elif not self._passed or self._goes_on:
            yield part.data
