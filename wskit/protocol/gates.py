"""Gates before taps: a frame for which there is no room is counted, and costs next to nothing else.

The law of this file: every frame that meets a gate is either recorded or counted, never both, and
each count is exact without a lock: ``skipped_in`` belongs to the thread that reads the connection,
``skipped_out`` to whoever holds its writer's lock.
"""

from __future__ import annotations

from .frames import Direction

__all__ = ["Budget", "Gate"]


class Budget:
    """How many frames may still be recorded; shared by the gates of many connections.

    Threads take from it without a lock, so a few more than ``left`` may be.
    """

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        """Allow ``left`` frames."""
        self.left = left


class Gate:
    """Stands before the tap of one connection; it is shut while ``budget.left`` is not above 0."""

    __slots__ = ("budget", "skipped_in", "skipped_out")

    def __init__(self, budget: Budget) -> None:
        """Nothing was skipped."""
        self.budget = budget
        self.skipped_in = self.skipped_out = 0

    @property
    def skipped(self) -> int:
        """The frames that met a shut gate, ever; from any thread."""
        return self.skipped_in + self.skipped_out

    def skips(self, direction: Direction) -> bool:
        """Count a frame in if the gate is shut; whether it was."""
        if self.budget.left > 0:
            return False
        if direction is Direction.IN:
            self.skipped_in += 1
        else:
            self.skipped_out += 1
        return True
