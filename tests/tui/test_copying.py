"""What can be copied, as text."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.tui.frames import capture, frame
from wskit.events import Event, Opened
from wskit.protocol.opcodes import Side
from wskit.tui.copying import CHOICES, Chosen, NothingToCopy
from wskit.tui.history import History

OPENED = Opened(
    0.5, "a", Side.CLIENT, "ws://127.0.0.1:9000/chat", "x", (("Origin", "http://one"),), 101
)


def chosen(events: Iterable[Event]) -> Chosen:
    history = History()
    history.add(events)
    return Chosen(history, history.connections[0], history.entry(history.total))


def copied(key: str, what: Chosen) -> str:
    return next(choice for choice in CHOICES if choice.key == key).text(what)


@pytest.mark.parametrize(
    ("opcode", "payload", "text"),
    [
        (1, b"caf\xc3\xa9", "café"),
        (1, b"\xff\xfe", "ff fe"),
        (2, b"abc", "61 62 63"),
        (9, b"ping", "ping"),
        (8, b"\x03\xe8bye", "03 e8 62 79 65"),
    ],
)
def test_a_payload_is_text_or_hex(opcode: int, payload: bytes, text: str) -> None:
    what = chosen([capture(1.0, frame(opcode, payload))])
    assert copied("p", what) == text
    assert copied("h", what) == payload.hex(" ")


def test_a_connection_is_a_command_line_or_a_test() -> None:
    what = chosen([OPENED, capture(1.0, frame(1, b"hello"))])
    assert copied("w", what).startswith("wskit connect ")
    assert copied("c", what).startswith("curl ")
    assert "127.0.0.1:9000/chat" in copied("c", what)
    assert "def test_" in copied("t", what)


def test_what_is_not_known_cannot_be_copied() -> None:
    what = chosen([capture(1.0)])
    for key in "wc":
        with pytest.raises(NothingToCopy, match="the handshake of this connection is not known"):
            copied(key, what)
    nothing = Chosen(what.history, what.connection)
    for key in "ph":
        with pytest.raises(NothingToCopy, match="no frame is chosen"):
            copied(key, nothing)


def test_a_url_that_is_none_is_no_command_line() -> None:
    what = chosen([Opened(0.5, "a", Side.CLIENT, "gopher://x:y:z/", "x"), capture(1.0)])
    with pytest.raises(NothingToCopy):
        copied("w", what)
