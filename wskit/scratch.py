"""Scratch memory for one callback: fast, never freed by hand, void when the callback returns."""

from __future__ import annotations

__all__ = ["Scratch"]


class Scratch:
    """Hands out pieces of one preallocated block, and fresh memory when that is used up.

    It belongs to one handler thread, which resets it after each message; pieces that the
    application kept raise ValueError from then on, so a stale one cannot be read.
    """

    __slots__ = ("_block", "_given", "_used")

    def __init__(self, size: int = 32768) -> None:
        """Preallocate ``size`` bytes."""
        self._block = bytearray(size)
        self._used = 0
        self._given: list[memoryview] = []

    def alloc(self, size: int) -> memoryview:
        """Return ``size`` writable bytes, zeroed or not; ValueError if ``size`` is negative."""
        if size < 0:
            raise ValueError(f"size: must not be negative, not {size}")
        if self._used + size <= len(self._block):
            piece = memoryview(self._block)[self._used : self._used + size]
            self._used += size
        else:
            piece = memoryview(bytearray(size))
        self._given.append(piece)
        return piece

    def reset(self) -> None:
        """Take everything back."""
        for piece in self._given:
            piece.release()
        self._given.clear()
        self._used = 0
