"""The line that asks for a file, and writes to it what is shown, on a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from ..trace import printable
from .history import History
from .typed_line import TypedLine

if TYPE_CHECKING:  # what writes files is imported when one is written
    from .excerpts import Excerpt

__all__ = ["ExportLine"]


class ExportLine(TypedLine):
    """Writes the entries that ``shown`` gives to a new file; its suffix says how."""

    def __init__(self, history: History, shown: Callable[[], Sequence[int] | None]) -> None:
        """Write nothing so far; ``shown`` gives numbers of entries, or None for all."""
        super().__init__(
            id="export",
            hint="export what is shown to: NAME.har NAME.jsonl NAME.pcapng NAME.py",
            submitted=self._export,
        )
        self._history = history
        self._shown = shown

    def _export(self, text: str) -> None:
        name = text.strip()
        if name and not self.busy:
            from .excerpts import excerpt

            self.busy = True
            self.value = ""
            self.run_worker(self._write(name, excerpt(self._history, numbers=self._shown())))

    async def _write(self, name: str, chosen: Excerpt) -> None:
        from .exporting import write

        try:
            self._tell(str(await asyncio.to_thread(write, name, chosen)))
        except OSError as error:
            self._tell(f"{name}: {error.strerror or error}", failed=True)
        except ValueError as error:
            self._tell(str(error), failed=True)
        finally:
            self.busy = False

    def _tell(self, text: str, *, failed: bool = False) -> None:
        severity: SeverityLevel = "error" if failed else "information"
        self.app.notify(printable(text), severity=severity, markup=False)
