"""The table of connections, in an order that a person chooses."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from .history import Connection, History
from .roster import ORDERS, heading, ordered, row
from .row_list import RowList
from .rows import Piece

__all__ = ["ConnectionList"]


class ConnectionList(RowList):
    """The connections of ``history`` in an order; made anew by ``look``."""

    FOLLOWS: ClassVar[bool] = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "order", "Order", tooltip="Order connections by something else"),
        Binding("enter", "open", "Its frames", tooltip="Show the frames of one connection"),
    ]

    class Opened(Message):
        """Somebody wants to see the frames of the connection with ``number``."""

        def __init__(self, number: int) -> None:
            """Say which."""
            super().__init__()
            self.number = number

    def __init__(self, history: History, now: Callable[[], float]) -> None:
        """Show the connections of ``history``, in the order in which they came."""
        super().__init__(id="connections")
        self._history = history
        self._now = now
        self._rows: list[Connection] = []
        self._moment = 0.0  # of the last look
        self._looks = 0
        self.order = "first"
        self.fit(80)

    def look(self) -> None:
        """Look at the connections again; the cursor stays with the one that it is on."""
        chosen = self.chosen
        self._moment = self._now()
        self._looks += 1
        self._rows = ordered(self._history.connections, self.order, self._moment)
        at = next((at for at, each in enumerate(self._rows) if each is chosen), None)
        self.cursor = self.cursor if at is None else at
        self._strips.clear()
        self.changed()

    @property
    def chosen(self) -> Connection | None:
        """The connection under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    @property
    def said(self) -> str:
        """How many there are, and how they are ordered."""
        forgotten = self._history.forgotten
        more = f", {forgotten} forgotten" if forgotten else ""
        return f"{len(self._rows)} connections by {self.order}{more}"

    # -- the table -----------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        """The titles of the columns."""
        return heading(self._fitting)

    def count(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def key(self, at: int) -> Hashable:
        """Return the number of the connection, which looks otherwise at each look."""
        return self._rows[at].number, self._looks

    def pieces(self, at: int) -> list[Piece]:
        """Return one connection."""
        return row(self._rows[at], self._moment, self._fitting)

    def fit(self, width: int) -> None:
        """Choose the columns that fit."""
        self._fitting = width

    # -- keys ----------------------------------------------------------------------------------

    def action_order(self) -> None:
        """Take the next order."""
        names = list(ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self.look()
        self.go(0)

    def action_open(self) -> None:
        """Show the frames of the connection under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen.number))
