"""The table of connections, drawn as the table of frames is: only what can be seen."""

from __future__ import annotations

import time
from itertools import islice
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .history import Connection, History
from .roster import ORDERS, heading, ordered, row

__all__ = ["ConnectionList"]

_STYLES = {"": Style(), "close": Style(color="magenta")}


class ConnectionList(ScrollView, can_focus=True):
    """The connections of ``history`` in an order; made anew by ``update``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("o", "order", "Order"),
        Binding("enter", "open", "Its frames"),
    ]

    class Opened(Message):
        """Somebody wants to see the frames of the connection with ``number``."""

        def __init__(self, number: int) -> None:
            """Say which."""
            super().__init__()
            self.number = number

    def __init__(self, history: History) -> None:
        """Show the connections of ``history``, in the order in which they came."""
        super().__init__(id="connections")
        self._history = history
        self._rows: list[Connection] = []
        self._cursor = 0
        self.order = "first"

    def update(self) -> None:
        """Look at the connections again."""
        self._rows = ordered(self._history.connections, self.order)
        self._cursor = min(self._cursor, max(len(self._rows) - 1, 0))
        self.virtual_size = Size(1, len(self._rows))
        self.refresh()

    @property
    def titles(self) -> str:
        """The titles of the columns."""
        return heading(self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        at, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        over = Style(reverse=at == self._cursor)
        pieces = row(self._rows[at], time.time(), width)
        segments = [Segment(text, _STYLES[kind] + over) for text, kind in pieces]
        return Strip(segments).adjust_cell_length(width, over)

    def action_move(self, by: int) -> None:
        """Move the cursor by that many rows."""
        self._go(self._cursor + by)

    def action_order(self) -> None:
        """Take the next order."""
        names = list(ORDERS)
        self.order = next(islice([*names, *names], names.index(self.order) + 1, None))
        self.update()

    def action_open(self) -> None:
        """Show the frames of the connection under the cursor."""
        if self._rows:
            self.post_message(self.Opened(self._rows[self._cursor].number))

    def on_click(self, event: Click) -> None:
        """Go to the row that was clicked."""
        self._go(self.scroll_offset.y + event.y)

    def _go(self, at: int) -> None:
        self._cursor = min(max(at, 0), max(len(self._rows) - 1, 0))
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
        self.refresh()
