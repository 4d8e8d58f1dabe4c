"""Exceptions of handlers, which happen on threads of the library, brought to the test."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .. import watching

if TYPE_CHECKING:
    from ..conn import Conn

__all__ = ["Failure", "Failures", "collected", "raisable"]

_ENDING = (KeyboardInterrupt, SystemExit, GeneratorExit)
_PACKAGE = str(Path(__file__).parents[1]) + os.sep


@dataclass(slots=True)
class Failure:
    """``where`` raised ``error``; ``known`` once a test expected it or was failed for it."""

    where: str
    error: BaseException
    known: bool = False


class Failures(watching.Watcher):
    """Collects what handlers raise in this process while it watches. From any thread."""

    def __init__(self) -> None:
        """Nothing has failed."""
        self._changed = threading.Condition()  # its lock guards _failures
        self._failures: list[Failure] = []

    def failed(self, conn: Conn | None, where: str, error: BaseException) -> None:
        """Note it."""
        self.add(where, error)

    def add(self, where: str, error: BaseException) -> None:
        """Note that ``where`` raised ``error``, whose traceback begins in the handler then."""
        error.__traceback__ = _theirs(error.__traceback__)
        with self._changed:
            self._failures.append(Failure(where, error))
            self._changed.notify_all()

    def unknown(self) -> list[Failure]:
        """Return the failures that no test has seen."""
        with self._changed:
            return [failure for failure in self._failures if not failure.known]

    def take(self) -> list[Failure]:
        """Return the failures that no test has seen; they count as seen from now on."""
        unknown = self.unknown()
        for failure in unknown:
            failure.known = True
        return unknown

    def first(self) -> BaseException | None:
        """Return the first error that no test has seen; all count as seen from now on."""
        unknown = self.take()
        return unknown[0].error if unknown else None

    def raise_first(self) -> None:
        """Raise it, if there is one."""
        error = self.first()
        if error is not None:
            raise raisable(error)

    def clear(self) -> None:
        """Forget everything, as between two tests; errors hold on to frames and their objects."""
        with self._changed:
            self._failures.clear()

    def wait(self, kind: type[BaseException], timeout: float) -> BaseException | None:
        """Return the first unseen error of ``kind`` and count it as seen; None if none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._find(kind) is not None, timeout)
            found = self._find(kind)
            if found is None:
                return None
            found.known = True
            return found.error

    def _find(self, kind: type[BaseException]) -> Failure | None:
        return next((f for f in self._failures if not f.known and isinstance(f.error, kind)), None)


def raisable(error: BaseException) -> BaseException:
    """Return ``error``, or one that it has caused where it would end more than its test."""
    # pytest's own, for pytest.exit(), is known by name only: this works without pytest, too.
    if not isinstance(error, _ENDING) and type(error).__name__ != "Exit":
        return error
    stand_in = RuntimeError(f"a handler raised {error!r}")
    stand_in.__cause__ = error
    return stand_in


def _theirs(trace: TracebackType | None) -> TracebackType | None:
    """Return ``trace`` without the frames of wskit that it begins with, unless it has no others."""
    rest = trace
    while rest is not None and rest.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        rest = rest.tb_next
    return rest or trace


_lock = threading.Lock()  # guards _current and _users
_current: Failures | None = None
_users = 0


@contextmanager
def collected() -> Iterator[Failures]:
    """Collect failures inside the block; blocks that overlap share one collection."""
    failures = _enter()
    try:
        yield failures
    finally:
        _leave()


def _enter() -> Failures:
    global _current, _users
    with _lock:
        if _current is None:
            _current = Failures()
            watching.watch(_current)
        _users += 1
        return _current


def _leave() -> None:
    global _current, _users
    with _lock:
        _users -= 1
        # Their blocks end in any order: the last one takes the watcher along.
        if not _users and _current is not None:
            watching.unwatch(_current)
            _current = None
