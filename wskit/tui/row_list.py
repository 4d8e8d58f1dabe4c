"""A table on the screen: it holds no row, and draws those that can be seen when they are asked for.

The law of this file: what it costs does not depend on how many rows there are, nor on how many
come: rows are made in ``render_line`` and kept for as long as they are on the screen.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollTo, ScrollUp
from textual.strip import Strip

from .rows import Piece

__all__ = ["RowList"]

_KEPT = 1000  # drawn rows
_KINDS = ("faint", "in", "out", "control", "close", "wrong")
_PLAIN = Style()
_CURSOR = Style(reverse=True)


class RowList(ScrollView, can_focus=True):
    """Rows, of which one has the cursor; while it ``follows``, that is the last one.

    Kinds of pieces (`rows.Piece`) have the style of the component class ``row-list--KIND``.
    """

    FOLLOWS: ClassVar[bool] = True
    """Whether it follows to begin with, and again at the end."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"row-list--{kind}" for kind in _KINDS}

    DEFAULT_CSS = """
    RowList {
        height: 1fr; overflow-x: hidden; overflow-y: scroll;
        & > .row-list--faint { text-style: dim; }
        & > .row-list--in { color: $text-success; }
        & > .row-list--out { color: $text-primary; }
        & > .row-list--control { color: $text-warning; }
        & > .row-list--close { color: $text-secondary; text-style: bold; }
        & > .row-list--wrong { color: $text-error; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False, tooltip="Go to the oldest row"),
        Binding("end,G", "last", "Last", show=False, tooltip="Go to the newest row and follow"),
    ]

    cursor: reactive[int] = reactive(0)  # the row
    follows: reactive[bool] = reactive(True)

    class Chosen(Message):
        """The cursor is on another row."""

    def __init__(self, *, id: str) -> None:
        """Show nothing so far."""
        super().__init__(id=id)
        self.set_reactive(RowList.follows, self.FOLLOWS)
        self._strips: dict[tuple[Hashable, bool], Strip] = {}
        self._styles: dict[str, Style] = {}
        self._chosen: Hashable = None

    # -- what a table has to bring ---------------------------------------------------------------

    @property
    @abstractmethod
    def said(self) -> str:
        """What the status line says of it."""

    @property
    @abstractmethod
    def heading(self) -> str:
        """The titles of the columns."""

    @abstractmethod
    def count(self) -> int:
        """Return how many rows there are."""

    @abstractmethod
    def key(self, at: int) -> Hashable:
        """Return what tells the row ``at`` from all others: as long as it lives, it looks alike."""

    @abstractmethod
    def pieces(self, at: int) -> list[Piece]:
        """Return the row ``at``."""

    @abstractmethod
    def fit(self, width: int) -> None:
        """Make rows that are ``width`` columns wide from now on."""

    # -- for the app ---------------------------------------------------------------------------

    def changed(self, gone: int = 0) -> None:
        """Say that rows were added, and ``gone`` of them dropped at the beginning."""
        count = self.count()
        # Without the reactive, which would lay out the whole screen anew: 10 ms, 30 times a second.
        self.set_reactive(RowList.virtual_size, Size(self._width, count))
        self.vertical_scrollbar.window_virtual_size = count
        if self.follows:
            self.cursor = max(count - 1, 0)
            self._scroll(count - self.size.height)
        elif gone:
            self.cursor = max(self.cursor - gone, 0)
            self._scroll(self.scroll_offset.y - gone)
        else:
            self.cursor = min(self.cursor, max(count - 1, 0))
        self._choose()
        self.refresh()

    def redraw(self) -> None:
        """Say that every row may look otherwise."""
        self._strips.clear()
        self.refresh()

    def go(self, row: int) -> None:
        """Put the cursor on ``row``, or as near as can be."""
        count = self.count()
        self.cursor = min(max(row, 0), max(count - 1, 0))
        self.follows = self.FOLLOWS and count > 0 and self.cursor == count - 1 and row >= count - 1
        self.show_cursor()
        self._choose()
        self.refresh()

    def show_cursor(self) -> None:
        """Scroll to where the cursor is in sight."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    # -- drawing -------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen."""
        at = self.scroll_offset.y + y
        if at >= self.count():
            return Strip.blank(self._width, self._style(""))
        key, at_cursor = self.key(at), at == self.cursor
        strip = self._strips.get((key, at_cursor))
        if strip is None:
            if len(self._strips) > _KEPT:
                self._strips.clear()
            strip = self._strips[key, at_cursor] = self._strip(at, at_cursor)
        return strip

    def _strip(self, at: int, at_cursor: bool) -> Strip:
        over = _CURSOR if at_cursor else _PLAIN
        segments = [Segment(text, self._style(kind) + over) for text, kind in self.pieces(at)]
        return Strip(segments).adjust_cell_length(self._width, self._style("") + over)

    def _style(self, kind: str) -> Style:
        style = self._styles.get(kind)
        if style is None:
            style = self.rich_style
            if kind:
                style += self.get_component_rich_style(f"row-list--{kind}", partial=True)
            self._styles[kind] = style
        return style

    def notify_style_update(self) -> None:
        """Take the colours of another theme."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """Choose the columns anew."""
        self.fit(self._width)
        self._strips.clear()
        self.changed()
        if not self.follows:
            self.show_cursor()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    # -- moving --------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor by that many rows."""
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move it by that many screens."""
        self.go(self.cursor + by * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the oldest row."""
        self.go(0)

    def action_last(self) -> None:
        """Go to the newest row, and follow."""
        self.follows = self.FOLLOWS
        self.changed()
        if not self.follows:
            self.go(self.count() - 1)

    def on_click(self, event: Click) -> None:
        """Go to the row that was clicked."""
        self.go(self.scroll_offset.y + event.y)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Stop following: somebody looks up."""
        self.follows = False

    def on_scroll_up(self, event: ScrollUp) -> None:
        """Stop following: somebody clicked above the handle of the bar, ..."""
        self.follows = False

    def on_scroll_to(self, event: ScrollTo) -> None:
        """... or moves it."""
        self.follows = False

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=max(top, 0), animate=False, force=True, immediate=True)

    def _choose(self) -> None:
        key = self.key(self.cursor) if self.cursor < self.count() else None
        if key != self._chosen:
            self._chosen = key
            self.post_message(self.Chosen())
