"""What the attacked process costs: memory, processor time and open files, from /proc or psutil."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Cost", "Unwatchable", "Watch", "watch"]


class Unwatchable(Exception):
    """Nothing can be learned about that process; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Resident bytes, processor seconds since the start, open descriptors (-1: unknown)."""

    memory: int
    seconds: float
    files: int


class Watch(Protocol):
    """Something that knows what a process costs now."""

    def cost(self) -> Cost:
        """Return it; raise Unwatchable once the process is gone."""
        ...


def watch(pid: int) -> Watch:
    """Return a watch of the process ``pid``; raise Unwatchable where there can be none."""
    if Path("/proc/self/stat").exists():
        found: Watch = ProcWatch(pid)
    else:
        found = _psutil_watch(pid)
    found.cost()
    return found


class ProcWatch:
    """Reads Linux' /proc."""

    def __init__(self, pid: int, root: Path = Path("/proc")) -> None:
        """``root`` is where it is mounted."""
        self._folder = root / str(pid)
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def cost(self) -> Cost:
        """Return it; raise Unwatchable once the process is gone, or where it is another user's."""
        try:
            # The name in parentheses may hold anything, blanks and parentheses too.
            fields = (self._folder / "stat").read_text("latin-1").rpartition(")")[2].split()
            pages = int((self._folder / "statm").read_text().split()[1])
        except OSError as error:
            raise Unwatchable(f"pid {self._folder.name}: {error.strerror}") from None
        if fields[0] in "ZX":
            raise Unwatchable(f"pid {self._folder.name}: the process has ended")
        return Cost(
            pages * self._page, (int(fields[11]) + int(fields[12])) / self._ticks, self._files()
        )

    def _files(self) -> int:
        try:
            return len(os.listdir(self._folder / "fd"))
        except OSError:
            return -1


class PsutilWatch:
    """Asks psutil, on systems without /proc."""

    def __init__(self, process: PsutilProcess) -> None:
        """``process`` is a ``psutil.Process``."""
        self._process = process

    def cost(self) -> Cost:
        """Return it; raise Unwatchable once the process is gone."""
        try:
            times = self._process.cpu_times()
            return Cost(
                self._process.memory_info().rss, times.user + times.system, self._process.num_fds()
            )
        except Exception as error:  # psutil's own, without its import
            raise Unwatchable(f"psutil: {error}") from None


class _Memory(Protocol):
    rss: int


class _Times(Protocol):
    user: float
    system: float


class PsutilProcess(Protocol):
    """The part of ``psutil.Process`` that is used."""

    def memory_info(self) -> _Memory:
        """Return an object with ``rss``, in bytes."""
        ...

    def cpu_times(self) -> _Times:
        """Return an object with ``user`` and ``system``, in seconds."""
        ...

    def num_fds(self) -> int:
        """Return the number of open descriptors."""
        ...


def _psutil_watch(pid: int) -> PsutilWatch:
    from importlib import import_module

    try:
        process = import_module("psutil").Process(pid)
    except ImportError:
        raise Unwatchable(
            "--pid: needs /proc or psutil, which is not installed: pip install psutil"
        ) from None
    except Exception as error:
        raise Unwatchable(f"psutil: {error}") from None
    return PsutilWatch(process)
