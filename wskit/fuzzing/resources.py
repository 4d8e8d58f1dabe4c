"""Whether an attacked process holds on to memory, burns time or forgets connections."""

from __future__ import annotations

import time
from collections.abc import Callable

from .process_watch import Cost, Watch
from .verdicts import Fault

__all__ = ["Limits", "Meter"]

_MIB = 1 << 20
_SETTLED = 0.5  # seconds between two looks at a process that may be cleaning up


class Limits:
    """What an attack may leave behind: bytes of memory, processor seconds, descriptors."""

    def __init__(self, memory: int, seconds: float, files: int = 20) -> None:
        """The descriptors have room for what lingers in the closing handshake."""
        self.memory, self.seconds, self.files = memory, seconds, files


class Meter:
    """Compares what a process costs with what it did; for one thread."""

    def __init__(
        self, watch: Watch, limits: Limits, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Begin now; raises Unwatchable."""
        self._watch, self._limits, self._sleep = watch, limits, sleep
        self.first = self._before = watch.cost()
        self._base = self.first.memory

    def start(self) -> list[Fault]:
        """An attack begins: there is nothing to say. Raises Unwatchable, as all of these do."""
        self._before = self._watch.cost()
        return []

    def stop(self) -> list[Fault]:
        """Return what the attack has cost too much."""
        now, faults = self._watch.cost(), []
        used = now.seconds - self._before.seconds
        if used > self._limits.seconds:
            detail = f"{used:.1f} s of processor time, more than {self._limits.seconds:g} s"
            faults.append(Fault("processor time", detail, "RFC 6455 §10.4"))
        if now.memory - self._base > self._limits.memory:
            grown = (now.memory - self._base) / _MIB
            self._base = now.memory  # the next must grow as much again
            limit = self._limits.memory / _MIB
            detail = f"{grown:.0f} MiB of memory more than at the start, limit {limit:.0f} MiB"
            faults.append(Fault("memory", detail, "RFC 6455 §10.4", gathered=True))
        return faults

    def finish(self, patience: float) -> list[Fault]:
        """Nothing is connected any more: return what has stayed after ``patience`` seconds."""
        deadline = time.monotonic() + patience
        faults = self._rest()
        while faults and time.monotonic() < deadline:
            faults = self._rest()
        return faults

    def _rest(self) -> list[Fault]:
        before = self._watch.cost()
        self._sleep(_SETTLED)
        return self._idle(before, self._watch.cost())

    def _idle(self, before: Cost, now: Cost) -> list[Fault]:
        faults = []
        if now.seconds - before.seconds > _SETTLED / 2:
            detail = "it burns processor time while nobody is connected"
            faults.append(Fault("idle", detail, "RFC 6455 §7.1.1", gathered=True))
        if self.first.files >= 0 and now.files - self.first.files > self._limits.files:
            more = now.files - self.first.files
            detail = f"{more} descriptors more than at the start are open"
            faults.append(Fault("connections are let go", detail, "RFC 6455 §7.1.1", gathered=True))
        return faults
