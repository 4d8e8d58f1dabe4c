"""Going through what a filter takes among the rows of a view, without hiding the others."""

from __future__ import annotations

from .filters import Filter
from .history import History
from .searching import Search
from .selection import Selection

__all__ = ["Finding"]

_AFTER_ALL = 1 << 62


class Finding:
    """The matches of one filter at a time; for one thread.

    A way to the next match is asked for, and given as soon as it is known.
    """

    def __init__(self, history: History) -> None:
        """Look for nothing."""
        self._history = history
        self._search: Search | None = None
        self._way = 0  # 1 to the next, -1 to the previous, 0: nobody asks

    @property
    def active(self) -> bool:
        """Whether something is looked for."""
        return self._search is not None

    def look_for(self, filter: Filter | None, among: Selection) -> None:
        """Look for what ``filter`` takes, or for nothing more; the same again changes nothing."""
        search = self._search
        if search is not None and filter is not None and search.is_for(filter, among):
            return
        self._way = 0
        self._search = None if filter is None else Search(among, self._history, filter)

    def move(self, among: Selection) -> None:
        """Look for the same in another view."""
        if self._search is not None:
            self.look_for(self._search.filter, among)

    def ask(self, way: int) -> None:
        """Want to know the next match (1), or the previous one (-1)."""
        self._way = way if self._search is not None else 0

    def advance(self, number: int, most: int) -> int | None:
        """Judge up to ``most`` entries; return to which one to go from ``number``, if to any.

        After the last match comes the first one.
        """
        search = self._search
        if search is None:
            return None
        search.advance(most)
        if not self._way:
            return None
        found = search.next(number) if self._way > 0 else search.previous(number)
        if found is None:
            if not search.caught_up:
                return None
            found = search.next(0) if self._way > 0 else search.previous(_AFTER_ALL)
        self._way = 0
        return found

    def said(self, number: int) -> str:
        """Return "match 3 of 17", or how many there are where ``number`` is none of them."""
        search = self._search
        if search is None:
            return ""
        more = "" if search.caught_up else "+"
        if number in search:
            return f"match {search.row(number) + 1} of {search.count}{more}"
        return f"{search.count}{more} matches"
