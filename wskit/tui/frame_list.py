"""The table of frames, with times as a person wants them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual.binding import Binding, BindingType

from .history import History
from .row_list import RowList
from .rows import Piece, Table
from .selection import Selection

__all__ = ["FrameList"]


class FrameList(RowList):
    """The rows of ``selection``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "t",
            "times",
            "Times",
            show=False,
            tooltip="Show times of day, since the start, or since the frame before",
        ),
    ]

    TIMES: ClassVar[tuple[str, ...]] = ("of day", "since the start", "since the frame before")

    def __init__(
        self, history: History, selection: Selection, *, start: float | None, id: str = "frames"
    ) -> None:
        """Show ``selection`` of ``history``; times are from ``start``, None: of the day."""
        super().__init__(id=id)
        self._history = history
        self.selection = selection
        self._start = start
        self._near = 0
        self.times = self.TIMES[0 if start is None else 1]
        self.fit(80)

    def restart(self) -> None:
        """Say that the selection is another one; stay near the entry that was gone to last."""
        self._strips.clear()
        self.cursor = self.selection.row(self._near)
        self.changed()
        if not self.follows:
            self.show_cursor()

    def go(self, row: int) -> None:
        """Put the cursor on ``row``, or as near as can be."""
        super().go(row)
        self._near = self.chosen

    @property
    def chosen(self) -> int:
        """The number of the entry under the cursor, 0 for none."""
        return self.selection[self.cursor] if self.cursor < len(self.selection) else 0

    @property
    def said(self) -> str:
        """How many are shown, and how many are there no more."""
        return f"{len(self.selection)} of {len(self._history)} frames{self._missing}"

    @property
    def _missing(self) -> str:
        dropped, lost = self._history.dropped, self._history.lost
        return f"{f', {dropped} dropped' if dropped else ''}{f', {lost} lost' if lost else ''}"

    # -- the table -----------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        """The titles of the columns."""
        return self._table.heading()

    def count(self) -> int:
        """Return how many are shown."""
        return len(self.selection)

    def key(self, at: int) -> Hashable:
        """Return the number of the frame: it never changes."""
        return self.selection[at]

    def pieces(self, at: int) -> list[Piece]:
        """Return one frame; nothing if it was dropped since the last look."""
        entry = self._history.entry(self.selection[at])
        return [] if entry is None else self._table.row(entry)

    def fit(self, width: int) -> None:
        """Choose the columns that fit."""
        deltas = self.times not in self.TIMES[:2]
        self._table = Table(width, self._first_moment, deltas=deltas)

    @property
    def _first_moment(self) -> float | None:
        return self._start if self.times == self.TIMES[1] else None

    def action_times(self) -> None:
        """Take the next kind of times."""
        if self._start is None:
            first = next(iter(self._history.connections), None)
            self._start = None if first is None else first.first
        self.times = self.TIMES[(self.TIMES.index(self.times) + 1) % len(self.TIMES)]
        self.fit(self._width)
        self.redraw()
