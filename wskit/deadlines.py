"""True deadlines: one moment for a whole operation, however many waits it takes."""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """A moment ``seconds`` from now; None is never."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float | None) -> None:
        """Start the clock."""
        self._at = None if seconds is None else time.monotonic() + seconds

    def left(self, what: str) -> float | None:
        """Return the seconds left, None without limit; TimeoutError naming ``what`` after it."""
        if self._at is None:
            return None
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{what} took too long")
        return left

    @property
    def passed(self) -> bool:
        """Whether the moment is here."""
        return self._at is not None and time.monotonic() >= self._at

    @property
    def remaining(self) -> float | None:
        """The seconds left, 0.0 when it has passed, None without limit."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())
