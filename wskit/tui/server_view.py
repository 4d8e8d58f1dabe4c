"""How servers are, one at a time: their figures over the last minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from .history import History
from .said import Said
from .server_figures import server_lines

__all__ = ["ServerView"]

_LEAST = 40  # columns
_NONE = "this source has no server figures"


class ServerView(VerticalScroll):
    """The figures of one of the servers of ``history``; made anew by ``look``."""

    DEFAULT_CSS = """
    ServerView { height: 1fr; }
    ServerView Said { height: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "Up", show=False),
        Binding("j", "scroll_down", "Down", show=False),
    ]

    def __init__(self, history: History, now: Callable[[], float]) -> None:
        """Show the first server of ``history``; ``now`` is the Unix time of what is shown."""
        self._figures = Said(id="figures", wraps=False)
        super().__init__(self._figures, id="server")
        self._history = history
        self._now = now
        self._at = 0

    def look(self) -> None:
        """Look at the server again."""
        servers = list(self._history.servers.values())
        if not servers:
            self._figures.say(_NONE)
            return
        width = max(self.scrollable_content_region.width, _LEAST)
        samples = servers[min(self._at, len(servers) - 1)]
        self._figures.say("\n".join(server_lines(samples, now=self._now(), width=width)))

    def step(self, by: int) -> None:
        """Show the server after or before this one."""
        self._at = (self._at + by) % max(len(self._history.servers), 1)
        self.look()

    @property
    def said(self) -> str:
        """Which one is shown."""
        count = len(self._history.servers)
        return f"server {self._at + 1} of {count}" if count else "no server"

    @property
    def heading(self) -> str:
        """How to see the others."""
        return "n shows the next, p the one before" if len(self._history.servers) > 1 else ""

    def on_resize(self) -> None:
        """Fit."""
        self.look()
