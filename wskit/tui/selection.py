"""Which of the kept frames are shown: those that the filter takes, judged a few at a time."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice

from .entries import Entry
from .filters import Filter
from .history import History

__all__ = ["Selection"]


class Selection:
    """The numbers of the entries that are shown, in order; for one thread.

    ``advance`` judges what has come, and after a new filter everything again, in pieces that are
    small enough for whoever draws meanwhile.
    """

    def __init__(self, history: History) -> None:
        """Show everything in ``history``."""
        self._history = history
        self._numbers: list[int] = []
        self._start = 0  # of _numbers: what is before it is gone from the history
        self._judged = 0  # the last number that was judged
        self.filter = Filter("")

    def __len__(self) -> int:
        """Return how many are shown."""
        return len(self._numbers) - self._start

    def __getitem__(self, at: int) -> int:
        """Return the number of the entry in row ``at``, from 0."""
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._numbers[self._start + at]

    @property
    def caught_up(self) -> bool:
        """Whether everything has been judged."""
        return self._judged >= self._history.total

    def choose(self, filter: Filter) -> None:
        """Show what ``filter`` takes, from the beginning."""
        self.filter = filter
        self._numbers.clear()
        self._start = self._judged = 0

    def advance(self, most: int = 5000) -> int:
        """Judge up to ``most`` entries; return how many rows have gone at the beginning."""
        gone = self._drop()
        takes, add = self.filter, self._numbers.append
        last = self._history.total
        for entry in islice(self._history.since(self._judged), most):
            last = entry.number
            if takes(entry):
                add(last)
        self._judged = last
        return gone

    def row(self, number: int) -> int:
        """Return the row of the entry with ``number``, or of the first one after it."""
        return bisect_left(self._numbers, number, self._start) - self._start

    def judged(self, number: int) -> list[Entry]:
        """Return what is searched where the row of the entry with ``number`` is."""
        entry = self._history.entry(number)
        return [] if entry is None else [entry]

    def _drop(self) -> int:
        dropped, numbers, start = self._history.dropped, self._numbers, self._start
        while start < len(numbers) and numbers[start] <= dropped:
            start += 1
        gone, self._start = start - self._start, start
        if start > 10_000 and start * 2 > len(numbers):  # now and then, as it moves all of them
            del numbers[:start]
            self._start = 0
        return gone
