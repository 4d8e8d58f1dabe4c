"""Exceptions of handlers, which happen on threads of the library, brought to the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .. import watching
from ..conn import Conn

__all__ = ["Failure", "Failures", "collected"]


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
        """Note that ``where`` raised ``error``."""
        with self._changed:
            self._failures.append(Failure(where, error))
            self._changed.notify_all()

    def unknown(self) -> list[Failure]:
        """Return the failures that no test has seen."""
        with self._changed:
            return [failure for failure in self._failures if not failure.known]

    def first(self) -> BaseException | None:
        """Return the first error that no test has seen; it counts as seen from now on."""
        unknown = self.unknown()
        for failure in unknown:
            failure.known = True
        return unknown[0].error if unknown else None

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


_current: Failures | None = None


@contextmanager
def collected() -> Iterator[Failures]:
    """Collect failures inside the block; a block inside it shares the collection."""
    global _current
    if _current is not None:
        yield _current
        return
    _current = Failures()
    watching.watch(_current)
    try:
        yield _current
    finally:
        watching.unwatch(_current)
        _current = None
