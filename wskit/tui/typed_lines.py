"""The lines to type into at the bottom of the screen, of which one at a time is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.containers import Vertical

from .export_line import ExportLine
from .history import Connection, History
from .send_line import SendLine
from .sources import Source
from .typed_line import TypedLine

__all__ = ["TypedLines"]

_FILTER = 'filter: op:text size>4k json.type=="trade"'
_FIND = "find: as a filter, but it hides nothing; n and N go on"


class TypedLines(Vertical):
    """The lines by name: "filter", "find", "send" and "export"."""

    DEFAULT_CSS = """
    TypedLines { height: auto; }
    """

    def __init__(
        self,
        source: Source,
        history: History,
        addressee: Callable[[], Connection | None],
        *,
        shown: Callable[[], Sequence[int] | None],
        submitted: Callable[[str, str], None],
    ) -> None:
        """Show none so far; ``addressee`` and ``shown`` are those of SendLine and ExportLine.

        ``submitted`` gets the name of the line and what was entered, of the other two.
        """
        self.send = SendLine(source, addressee)
        self._lines: dict[str, TypedLine] = {
            name: TypedLine(id=name, hint=hint, submitted=partial(submitted, name))
            for name, hint in (("filter", _FILTER), ("find", _FIND))
        }
        self._lines |= {
            "send": self.send,
            "export": ExportLine(history, shown),
        }
        super().__init__(*self._lines.values(), id="typed")

    def __getitem__(self, name: str) -> TypedLine:
        """Return one of them."""
        return self._lines[name]

    def open(self, name: str, value: str | None = None) -> TypedLine:
        """Show one, with ``value`` if that is not None; a filter that is used stays in sight."""
        line, filter = self._lines[name], self._lines["filter"]
        if value is not None:
            line.value = value
        for each in self._lines.values():
            # At once, not by a style and a message: what is typed next is for this line.
            each.display = each is line or (each is filter and bool(filter.value))
        return line

    def close(self) -> None:
        """Show none."""
        for line in self._lines.values():
            line.display = False
