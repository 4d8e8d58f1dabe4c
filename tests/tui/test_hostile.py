"""Peers that mean harm: what they send is shown, harmless, in every view and in bounded memory."""

from __future__ import annotations

import html
import re

import pytest
from textual.pilot import Pilot

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, play, settled
from wskit.events import Ended, Event, Opened
from wskit.protocol.opcodes import Side
from wskit.taps import Capture
from wskit.tui.app import Inspector
from wskit.tui.history import History
from wskit.tui.messages import Messages

EVIL = "\x1b[2J\x1b]52;c;aGk=\x07[bold red]\u202egnp.exe\x9b31m\r\n\t\x00\ufeff\u2066]"
FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def hostile() -> list[Event]:
    """Give one connection with all that a peer can choose made of EVIL."""
    fields = (("x-evil", EVIL), (EVIL, "y"), ("Sec-WebSocket-Protocol", EVIL))
    payloads = [
        (1, EVIL.encode()),
        (1, b'{"jsonrpc": "2.0", "id": 1, "method": "' + EVIL.encode("unicode_escape") + b'"}'),
        (1, b"\xff\xfe" + EVIL.encode()),
        (2, EVIL.encode()),
        (9, EVIL.encode()),
        (8, b"\x03\xe8" + EVIL.encode()),
    ]
    return [
        Opened(99.0, EVIL, Side.SERVER, f"/{EVIL}", EVIL, fields, 101, fields),
        *(capture(100.0 + n, frame(*each), EVIL) for n, each in enumerate(payloads)),
        Opened(120.0, EVIL * 2, Side.SERVER, EVIL, EVIL, fields, 403, fields, EVIL.encode()),
        Ended(121.0, EVIL, EVIL),
    ]


@pytest.mark.uncounted
@pytest.mark.parametrize("keys", ["1", "2", "3", "4"])
def test_no_view_lets_anything_through(keys: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        for key in (keys, "i", *["up"] * 6, "y"):
            await pilot.press(key)
            await settled(app, pilot)
            found = FORBIDDEN.findall(shown(app))
            assert not found, (key, found)

    play(scene, Given(hostile()))


def shown(app: Inspector) -> str:
    """Give the text of the whole screen."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", app.export_screenshot())
    assert texts
    return "".join(map(html.unescape, texts))


def test_markup_is_text() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert "[bold]loud[/bold]" in shown(app).replace("\xa0", " ")

    play(scene, Given([capture(100.0, frame(1, b"[bold]loud[/bold]"))]))


def test_a_million_connections_take_no_more_memory_than_ten_thousand() -> None:
    history, messages = History(limit=1 << 20), Messages(History())
    for number in range(0, 50_000, 1000):
        history.add(
            Opened(float(n), f"c{n}", Side.SERVER, "/", "x") for n in range(number, number + 1000)
        )
    assert len(history.connections) == 10_000
    assert history.forgotten == 40_000
    assert history.held_openings <= 1 << 18
    assert len(messages) == 0


def test_a_message_of_64_mib_is_kept_alone_and_looked_into() -> None:
    large = frame(1, b"x" * (64 << 20), way=OUT)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert len(app.history) == 1
        assert app.history.dropped == 1
        await pilot.press("i")
        await settled(app, pilot)
        assert "xxxxxxxx" in shown(app)

    play(scene, Given([capture(100.0), Capture(101.0, "a", large)]))
