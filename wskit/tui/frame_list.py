"""The table of frames: it holds no row, and draws those that can be seen when they are asked for.

The law of this file: what it costs does not depend on how many frames there are, nor on how many
come: rows are made in ``render_line`` and kept for as long as they are on the screen.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from .history import History
from .rows import Table
from .selection import Selection

__all__ = ["FrameList"]

_STYLES = {
    "": Style(),
    "faint": Style(dim=True),
    "in": Style(color="green"),
    "out": Style(color="cyan"),
    "control": Style(color="yellow"),
    "close": Style(color="magenta"),
    "wrong": Style(color="red", bold=True),
}
_CURSOR = Style(reverse=True)


class FrameList(ScrollView, can_focus=True):
    """The rows of ``selection``; while it ``follows``, the last one is in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Follow"),
    ]

    cursor: reactive[int] = reactive(0)  # the row
    follows: reactive[bool] = reactive(True)

    class Chosen(Message):
        """The cursor is on another entry: the one with ``number``, 0 for none."""

        def __init__(self, number: int) -> None:
            """Say which."""
            super().__init__()
            self.number = number

    def __init__(self, history: History, selection: Selection, *, start: float | None) -> None:
        """Show ``selection`` of ``history``; times are from ``start``, None: of the day."""
        super().__init__()
        self._history = history
        self._selection = selection
        self._first_moment = start
        self._table = Table(80, start)
        self._strips: dict[tuple[int, bool], Strip] = {}
        self._chosen = 0

    # -- for the app ---------------------------------------------------------------------------

    def changed(self, gone: int) -> None:
        """Say that rows were added, and ``gone`` of them dropped at the beginning."""
        count = len(self._selection)
        self.virtual_size = Size(self._table.width, count)
        if self.follows:
            self.cursor = max(count - 1, 0)
            self.scroll_to(
                y=max(count - self.size.height, 0), animate=False, force=True, immediate=True
            )
        elif gone:
            self.cursor = max(self.cursor - gone, 0)
            self.scroll_to(
                y=max(self.scroll_offset.y - gone, 0), animate=False, force=True, immediate=True
            )
        else:
            self.cursor = min(self.cursor, max(count - 1, 0))
        self._choose()
        self.refresh()

    def restart(self, number: int) -> None:
        """Say that the selection is another one; stay near the entry with ``number``."""
        self._strips.clear()
        if not self.follows:
            self.cursor = self._selection.row(number)
        self.changed(0)

    @property
    def chosen(self) -> int:
        """The number of the entry under the cursor, 0 for none."""
        return self._chosen

    # -- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        row = self.scroll_offset.y + y
        if row >= len(self._selection):
            return Strip.blank(self._table.width, self.rich_style)
        number, at_cursor = self._selection[row], row == self.cursor
        strip = self._strips.get((number, at_cursor))
        if strip is None:
            strip = self._strips[number, at_cursor] = self._strip(number, at_cursor)
            if len(self._strips) > 1000:
                self._strips.clear()
        return strip

    def _strip(self, number: int, at_cursor: bool) -> Strip:
        entry = self._history.entry(number)
        if entry is None:  # dropped since the last look
            return Strip.blank(self._table.width, self.rich_style)
        over = _CURSOR if at_cursor else Style()
        segments = [Segment(text, _STYLES[kind] + over) for text, kind in self._table.row(entry)]
        return Strip(segments).adjust_cell_length(self._table.width, over)

    def on_resize(self) -> None:
        """Choose the columns anew."""
        self._table = Table(self.scrollable_content_region.width, self._first_moment)
        self._strips.clear()
        self.changed(0)
        if not self.follows:
            self._show_cursor()

    @property
    def heading(self) -> str:
        """The titles of the columns."""
        return self._table.heading()

    # -- moving --------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by that many rows."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move it by that many screens."""
        self._go(self.cursor + by * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the oldest frame."""
        self._go(0)

    def action_last(self) -> None:
        """Follow the newest."""
        self.follows = True
        self.changed(0)

    def on_click(self, event: Click) -> None:
        """Go to the row that was clicked."""
        self._go(self.scroll_offset.y + event.y)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Stop following: somebody looks up."""
        self.follows = False

    def _go(self, row: int) -> None:
        count = len(self._selection)
        self.cursor = min(max(row, 0), max(count - 1, 0))
        self.follows = count > 0 and self.cursor == count - 1 and row >= self.cursor
        self._show_cursor()
        self._choose()
        self.refresh()

    def _show_cursor(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def _choose(self) -> None:
        number = self._selection[self.cursor] if self.cursor < len(self._selection) else 0
        if number != self._chosen:
            self._chosen = number
            self.post_message(self.Chosen(number))
