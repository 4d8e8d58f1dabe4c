"""An input line that remembers what was typed into it.

The law of this file: what is typed behind Enter or Escape goes where these have put the focus,
however fast. Textual gives the line all keys first and looks for what they are bound to later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import Input

__all__ = ["TypedLine"]

_REMEMBERED = 500


class TypedLine(Input):
    """Gives ``submitted`` what is entered; up and down go through what was before."""

    DEFAULT_CSS = """
    TypedLine { height: 1; border: none; display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "Older", show=False, tooltip="Take what was typed before"),
        Binding("down", "recall(1)", "Newer", show=False, tooltip="Take what was typed after that"),
        Binding("enter", "submit", "Go", tooltip="Do it"),
    ]

    class Problem(Message):
        """What was submitted could not be done, for the reason ``text``; "": it was."""

        def __init__(self, text: str) -> None:
            """Say why."""
            super().__init__()
            self.text = text

    def __init__(self, *, id: str, hint: str, submitted: Callable[[str], None]) -> None:
        """Remember nothing so far; ``hint`` is shown while the line is empty."""
        super().__init__(id=id, placeholder=hint, compact=True)
        self._submitted = submitted
        self.busy = False  # with what was submitted
        self._lines: list[str] = []
        self._at = 0

    async def on_key(self, event: Key) -> None:
        """Act on what ends a line at once, and give back what was typed behind that."""
        if self.screen.focused is not self:
            self.app.post_message(event.copy())
        elif event.key == "enter":
            await self.action_submit()
        elif event.key == "escape":
            await self.run_action("app.close")
        else:
            return
        event.stop().prevent_default()

    async def action_submit(self) -> None:
        """Submit it, and remember."""
        if self.value and self._lines[-1:] != [self.value]:
            self._lines = [*self._lines[-_REMEMBERED:], self.value]
        self._at = len(self._lines)
        self._submitted(self.value)

    def action_recall(self, by: int) -> None:
        """Go to an older or newer line."""
        self._at = min(max(self._at + by, 0), len(self._lines))
        self.value = self._lines[self._at] if self._at < len(self._lines) else ""
        self.cursor_position = len(self.value)
