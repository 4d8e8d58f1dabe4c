"""The line by which something is sent, and a frame that was seen is edited and sent again."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol.frames import Direction
from ..protocol.opcodes import Side
from .entries import Entry
from .history import Connection
from .outgoing import HELP, NotSent, as_line, parsed
from .sources import Source
from .typed_line import TypedLine

__all__ = ["SendLine"]


class SendLine(TypedLine):
    """Sends what is submitted by ``source``, on the connection that ``addressee`` gives."""

    def __init__(self, source: Source, addressee: Callable[[], Connection | None]) -> None:
        """Send nothing so far; ``addressee`` gives None while there is nobody to send to."""
        super().__init__(id="send", hint=f"send: {HELP}", submitted=self._send)
        self.select_on_focus = False  # a frame that is put here is there to be edited
        self._source = source
        self._addressee = addressee

    def refill(self, entry: Entry) -> str:
        """Take the line that sends ``entry`` again; return why there is none, or ""."""
        try:
            self.value = as_line(entry, to=_receiver(entry, self._addressee()))
        except NotSent as error:
            return str(error)
        self.cursor_position = len(self.value)
        return ""

    def _send(self, text: str) -> None:
        """Send it; what was not sent stays to be mended."""
        connection = self._addressee()
        try:
            self._source.send("" if connection is None else connection.name, parsed(text))
        except NotSent as error:
            self.post_message(self.Problem(str(error)))
            return
        self.post_message(self.Problem(""))
        self.value = ""


def _receiver(entry: Entry, connection: Connection | None) -> Side:
    """Return who got the frame; what came to a client of ours can only go to its server."""
    opened = None if connection is None else connection.opening
    by_server = opened is not None and opened.side is Side.SERVER
    return Side.CLIENT if by_server and entry.frame.direction is Direction.OUT else Side.SERVER
