"""A widget that says text which others wrote: it has no markup and no colours of its own."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

__all__ = ["Said"]


class Said(Static):
    """Text as it is: no markup, no colours of a peer; drawn anew only when it is another one."""

    def __init__(self, *, id: str, wraps: bool = False, grows: bool = True) -> None:
        """Say nothing so far; what never ``grows`` does not move the rest of the screen."""
        super().__init__(id=id, markup=False)
        self.said = ""
        if not wraps:
            self.styles.text_wrap = "nowrap"
            self.styles.text_overflow = "clip"
        self._grows = grows

    def say(self, text: str) -> None:
        """Show ``text``."""
        if text != self.said:
            self.said = text
            self.update(Content(text), layout=self._grows)
