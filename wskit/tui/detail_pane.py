"""The pane below a table that shows everything about the chosen row."""

from __future__ import annotations

from textual.containers import VerticalScroll

from .entries import Entry
from .history import Connection, History
from .said import Said

__all__ = ["DetailPane"]


class DetailPane(VerticalScroll):
    """Shows one frame or one connection of ``history``, while it is ``open``."""

    DEFAULT_CSS = """
    DetailPane { height: 45%; border-top: solid $primary; display: none; }
    DetailPane.open { display: block; }
    DetailPane Said { height: auto; }
    """

    def __init__(self, history: History) -> None:
        """Show nothing so far."""
        self._lines = Said(id="lines", wraps=True)
        super().__init__(self._lines, id="detail")
        self._history = history
        self._shown: Entry | Connection | None = None

    @property
    def open(self) -> bool:
        """Whether it can be seen."""
        return self.has_class("open")

    def show(self, entry: Entry | None, connection: Connection | None, now: float) -> None:
        """Show ``entry``, or else ``connection`` as it is ``now``; neither is none of both."""
        # Decoders are imported when they are needed, not before the first paint.
        from .detail import detail_lines
        from .roster import connection_lines

        width = max(self.size.width - 2, 40)
        if entry is not None:
            lines = detail_lines(entry, self._history, width)
        elif connection is not None:
            lines = connection_lines(connection, now, width=width)
        else:
            lines = ["nothing is chosen"]
        if (entry or connection) is not self._shown:
            self._shown = entry or connection
            self.scroll_home(animate=False)
        self._lines.say("\n".join(lines))
