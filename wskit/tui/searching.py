"""The matches of a filter among the rows that are shown, found a few at a time."""

from __future__ import annotations

import json

from .filters import Filter
from .history import History
from .selection import Selection

__all__ = ["Search", "literal"]


class Search(Selection):
    """The numbers of the entries in a selection that a filter takes, in order; for one thread.

    Whoever draws calls ``advance`` now and then, after that of the selection. A selection that
    has chosen another filter is searched anew.
    """

    def __init__(self, selection: Selection, history: History, filter: Filter) -> None:
        """Find what ``filter`` takes among ``selection`` of ``history``."""
        super().__init__(history)
        self._among = selection
        self.choose(filter)

    def is_for(self, filter: Filter, among: Selection) -> bool:
        """Whether that is what it finds."""
        return self.filter.text == filter.text and self._among is among

    def __contains__(self, number: object) -> bool:
        """Whether the entry with ``number`` is a match, as far as that is known."""
        if not isinstance(number, int):
            return False
        at = self.row(number)
        return at < len(self) and self[at] == number

    @property
    def count(self) -> int:
        """How many matches there are, of what has been judged."""
        return len(self)

    @property
    def caught_up(self) -> bool:
        """Whether everything that is shown has been judged."""
        return self._among.caught_up and self._left() == 0

    def choose(self, filter: Filter) -> None:
        """Find what ``filter`` takes, from the beginning."""
        super().choose(filter)
        self._over = self._among.filter

    def advance(self, most: int = 5000) -> int:
        """Judge up to ``most`` of those shown; return how many matches have gone at the beginning.

        0 stands for all where the search begins anew.
        """
        if self._among.filter is not self._over:
            self.choose(self.filter)
        gone, among = self._drop(), self._among
        first = len(among) - self._left()
        for at in range(first, min(first + most, len(among))):
            number = among[at]
            if any(map(self.filter, among.judged(number))):
                self._numbers.append(number)
            self._judged = number
        return gone

    def next(self, number: int) -> int | None:
        """Return the first match after the entry ``number``; None if there is none so far."""
        at = self.row(number + 1)
        return self[at] if at < len(self) else None

    def previous(self, number: int) -> int | None:
        """Return the last match before ``number``; None for none, or before that is known."""
        if self._judged < number - 1 and not self.caught_up:
            return None
        at = self.row(number) - 1
        return self[at] if at >= 0 else None

    def _left(self) -> int:
        return len(self._among) - self._among.row(self._judged + 1)


def literal(text: str) -> Filter:
    """Return the filter that finds ``text`` itself in payloads, whatever it would mean as one."""
    return Filter(json.dumps(text, ensure_ascii=False))
