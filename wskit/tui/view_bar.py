"""The names of the views on one line, with the keys that show them; a click does, too."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from .keys import VIEWS

__all__ = ["ViewBar"]


class ViewBar(Static):
    """Says which view is shown: without colours, too, that one is reversed."""

    DEFAULT_CSS = """
    ViewBar { height: 1; background: $panel; link-style: none; link-style-hover: underline;
              link-background-hover: transparent; link-color-hover: $text; }
    """

    def __init__(self) -> None:
        """Say nothing so far."""
        super().__init__(id="views", markup=False)

    def say(self, view: str) -> None:
        """Mark ``view``, one of VIEWS."""
        bar = Text(no_wrap=True, overflow="crop")
        for key, name in enumerate(VIEWS, 1):
            click = Style.from_meta({"@click": f"app.show('{name}')"})
            over = Style(reverse=True, bold=True) if name == view else Style()
            bar.append(f" {key} {name.capitalize()} ", click + over)
        self.update(bar)
