"""Makes an input smaller while it still shows the same fault: first by frames, then by bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from .pieces import read_pieces, write_pieces

__all__ = ["SECONDS", "minimised"]

T = TypeVar("T")
_MOST = 3000  # runs
SECONDS = 20.0
"""How long it goes on where a run takes long, as where it never ends by itself."""


class _Spent(Exception):
    pass


def minimised(
    data: bytes,
    fails: Callable[[bytes], bool],
    structure: Literal["frames", "head", "bytes"],
    settings: int,
    most: int = _MOST,
) -> bytes:
    """Return the smallest input found for which ``fails`` is true, in at most ``most`` runs of it.

    The first ``settings`` bytes are only ever cleared, in whole or in part.
    """
    best = _Best(data, fails, most)
    try:
        while True:
            before = best.data
            best.simplify(settings)
            if structure == "frames":
                _by_frames(best, settings)
            elif structure == "head":
                _by_lines(best, settings)
            _by_bytes(best, settings)
            if best.data == before:
                break
    except _Spent:
        pass
    return best.data


class _Best:
    def __init__(self, data: bytes, fails: Callable[[bytes], bool], most: int) -> None:
        self.data, self._fails, self._left = data, fails, most
        self._deadline = time.monotonic() + SECONDS

    def take(self, data: bytes) -> bool:
        """Keep ``data`` if it is smaller, or simpler, and fails, too."""
        if (len(data), data) >= (len(self.data), self.data):
            return False
        if not self._left or time.monotonic() > self._deadline:
            raise _Spent
        self._left -= 1
        if not self._fails(data):
            return False
        self.data = data
        return True

    def simplify(self, count: int) -> None:
        """Clear what can be cleared of the first ``count`` bytes, else bit by bit."""
        for at in range(min(count, len(self.data))):
            for mask in (0, *(0xFF ^ 1 << bit for bit in range(8))):
                byte = self.data[at] & mask
                self.take(self.data[:at] + bytes((byte,)) + self.data[at + 1 :])


def _by_frames(best: _Best, settings: int) -> None:
    head = best.data[:settings]
    _ddmin(
        read_pieces(best.data[settings:]),
        lambda pieces: best.take(head + write_pieces(list(pieces))),
    )
    pieces = read_pieces(best.data[settings:])
    for at, piece in enumerate(pieces):
        if piece.first is None:
            continue
        half = piece.payload[: len(piece.payload) // 2]
        for simpler in (
            replace(piece, payload=b"", claim=None, form=0),
            replace(piece, payload=half, claim=None, form=0),
            replace(piece, key=bytes(len(piece.key))),
        ):
            if best.take(head + write_pieces([*pieces[:at], simpler, *pieces[at + 1 :]])):
                pieces[at] = simpler
                break


def _by_lines(best: _Best, settings: int) -> None:
    head = best.data[:settings]
    lines = best.data[settings:].split(b"\r\n")
    _ddmin(lines, lambda kept: best.take(head + b"\r\n".join(kept)))


def _by_bytes(best: _Best, settings: int) -> None:
    head, rest = best.data[:settings], best.data[settings:]
    _ddmin(rest, lambda kept: best.take(head + bytes(kept)))
    for at in range(settings, min(len(best.data), settings + 256)):
        best.take(best.data[:at] + b"\0" + best.data[at + 1 :])


def _ddmin(items: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> None:
    """Leave out halves, quarters, ... of ``items`` as long as the rest fails (delta debugging)."""
    kept = list(items)
    size = len(kept)
    while size >= 1 and kept:
        at = 0
        while at < len(kept):
            rest = kept[:at] + kept[at + size :]
            if fails(rest):
                kept = rest
            else:
                at += size
        size //= 2
