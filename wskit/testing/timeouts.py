"""How long expectations wait: one default for all, and no limit while somebody debugs."""

from __future__ import annotations

import bdb
import sys
import time
from dataclasses import dataclass

from .. import fields

__all__ = ["Patience", "defaults", "under_debugger"]


@dataclass(slots=True)
class Defaults:
    """What holds where nothing else is said; the pytest plugin sets it for each test."""

    timeout: float = 1.0  # seconds that an expectation waits
    debugging: bool = False  # somebody is at a prompt of pdb
    resumed: float = 0.0  # when the last prompt was left, in the seconds of time.monotonic()


defaults = Defaults()


def under_debugger() -> bool:
    """Whether a debugger traces this thread or holds any thread at its prompt."""
    if defaults.debugging or "pydevd" in sys.modules:
        return True
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    trace = sys.gettrace()  # coverage uses it, too
    return isinstance(getattr(trace, "__self__", None), bdb.Bdb)


_GRACE = 0.1  # seconds in which what lies in the kernel is still read


class Patience:
    """A deadline that does not pass while somebody debugs."""

    __slots__ = ("_at", "_firm", "_granted")

    def __init__(self, seconds: float | None, *, firm: bool = False) -> None:
        """Wait ``seconds``; None stands for the default. A ``firm`` one passes in any case."""
        if seconds is None:
            seconds = defaults.timeout
        else:
            fields.seconds("timeout", seconds, zero=True)
        self._granted = seconds
        self._firm = firm or not seconds  # who does not want to wait is not made to
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds left, 0.0 when it is over."""
        left = self._at - time.monotonic()
        if left > 0.0:
            return left
        if not self._firm and under_debugger():
            self._at = time.monotonic() + max(self._granted, 0.1)
            return self._granted
        # What stood still while somebody was at the prompt has all its time again.
        return max(0.0, defaults.resumed + self._granted - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether it is over by so much that even what came in time has had its chance."""
        return not self.left and time.monotonic() > self._at + _GRACE

    def restart(self) -> None:
        """Begin to wait anew."""
        self._at = time.monotonic() + self._granted

    def __str__(self) -> str:
        """Say how long it was at first, such as "1 s"."""
        return f"{self._granted:g} s"
