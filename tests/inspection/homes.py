"""A place of its own for what can be inspected, so that a test sees nothing but its own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import scaled, wait_for
from wskit import Conn, Handshake, HandshakeRejected
from wskit.events import Event, Lost, Opened
from wskit.taps import Capture
from wskit.tui.sources import Source

__all__ = ["Echo", "captured", "counted", "home_of_its_own", "payloads", "rest", "taken"]


class Echo:
    """Sends back what it gets; refuses "/no"."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.url == "/no":
            raise HandshakeRejected(403, [("X-Why", "no")], body="not you")
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


@contextlib.contextmanager
def home_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder; its path is short, as those of Unix sockets must be."""
    monkeypatch.delenv("WSKIT_INSPECT", raising=False)
    monkeypatch.delenv("WSKIT_INSPECT_TOKEN", raising=False)
    with tempfile.TemporaryDirectory(prefix="w") as name:
        os.chmod(name, 0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield Path(name, "wskit")


def taken(source: Source, enough: int = 1, kind: type = Capture) -> list[Event]:
    """Take until there are ``enough`` events of a kind, and return all."""
    found: list[Event] = []

    def there() -> bool:
        found.extend(source.take(0.01))
        return sum(isinstance(event, kind) for event in found) >= enough

    wait_for(there, timeout=scaled(10), what=f"{enough} of {kind.__name__}")
    return found


def rest(source: Source) -> list[Event]:
    """Take all that comes until the end."""
    found: list[Event] = []

    def over() -> bool:
        found.extend(source.take(0.01))
        return source.ended

    wait_for(over, timeout=scaled(10), what="the end")
    return found


def captured(events: list[Event]) -> list[Capture]:
    """Return the frames among them."""
    return [event for event in events if isinstance(event, Capture)]


def payloads(events: list[Event], side: str = "") -> list[bytes]:
    """Return what the frames carried."""
    names = {e.connection for e in events if isinstance(e, Opened) and e.side.value == side}
    return [c.frame.payload for c in captured(events) if not side or c.connection in names]


def counted(events: list[Event]) -> int:
    """Return how many frames passed: those that are there, and those that are said to be lost."""
    lost = sum(event.count for event in events if isinstance(event, Lost))
    return len(captured(events)) + lost
