"""What can be copied of a frame and its connection, as text for other programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..events import Opened
from ..protocol.opcodes import BINARY
from .entries import Entry
from .history import Connection, History

__all__ = ["CHOICES", "Choice", "Chosen", "NothingToCopy"]


class NothingToCopy(ValueError):
    """Why, in one line."""


class Chosen(NamedTuple):
    """What the cursor is on: a connection, and in a table of frames or messages one of these.

    A message is given as one frame.
    """

    history: History
    connection: Connection
    entry: Entry | None = None


class Choice(NamedTuple):
    """One thing to copy: the key that chooses it, its name, and how its text is made.

    ``text`` raises NothingToCopy.
    """

    key: str
    name: str
    text: Callable[[Chosen], str]
    of_payload: bool = False


def _payload(chosen: Chosen) -> str:
    """Return it as text if it is one, else in hex."""
    frame = _entry(chosen).frame
    try:
        return frame.payload.hex(" ") if frame.opcode == BINARY else frame.payload.decode()
    except UnicodeDecodeError:
        return frame.payload.hex(" ")


def _hex(chosen: Chosen) -> str:
    return _entry(chosen).frame.payload.hex(" ")


def _entry(chosen: Chosen) -> Entry:
    if chosen.entry is None:
        raise NothingToCopy("no frame is chosen")
    return chosen.entry


def _connect(chosen: Chosen) -> str:
    from .exporting import as_connect

    return _made(lambda: as_connect(_opening(chosen)))


def _curl(chosen: Chosen) -> str:
    from .exporting import as_curl

    return _made(lambda: as_curl(_opening(chosen)))


def _opening(chosen: Chosen) -> Opened:
    opened = chosen.connection.opening
    if opened is None:
        raise NothingToCopy("the handshake of this connection is not known")
    return opened


def _pytest(chosen: Chosen) -> str:
    from .exporting import as_pytest

    return _made(lambda: as_pytest(chosen.history, chosen.connection.number))


def _made(make: Callable[[], str]) -> str:
    try:
        return make()
    except ValueError as error:
        raise NothingToCopy(str(error)) from None


CHOICES = (
    Choice("p", "payload", _payload, True),
    Choice("h", "payload in hex", _hex, True),
    Choice("w", "wskit connect line", _connect),
    Choice("c", "cURL line", _curl),
    Choice("t", "pytest code of the connection", _pytest),
)
"""In the order of a menu."""
