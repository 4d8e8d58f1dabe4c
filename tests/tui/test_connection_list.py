"""The table of connections, played with keys."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, play, said, settled, table
from wskit.events import Event, Opened
from wskit.protocol.opcodes import Side
from wskit.tui.app import Inspector
from wskit.tui.roster import ORDERS

OPENED = Opened(
    0.5,
    "one",
    Side.SERVER,
    "/chat?room=1",
    "127.0.0.1:5000",
    (("Host", "example.com"), ("Upgrade", "websocket")),
    101,
    (("Upgrade", "websocket"),),
)
EVENTS: list[Event] = [
    OPENED,
    capture(1.0, frame(1, b"a"), "one"),
    capture(2.0, frame(1, b"bb", way=OUT), "two"),
    capture(3.0, frame(1, b"cc"), "two"),
    capture(4.0, frame(8, b"\x03\xe8bye"), "one"),
]


def rows(app: Inspector) -> list[str]:
    return [line for line in table(app.connections) if line]


def test_it_shows_each_connection() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settled(app, pilot)
        one, two = rows(app)
        assert one.startswith("#1 ")
        assert "bye" in one
        assert two.startswith("#2 ")
        assert "2 connections by first" in said(app, "#status")
        assert said(app, "#heading").startswith("CONN")
        given.events = [capture(5.0, connection="three")]
        await settled(app, pilot)
        app.look()
        assert len(rows(app)) == 3
        await pilot.press("c")
        await settled(app, pilot)
        assert app.frames.has_focus
        assert "of 5 frames" in said(app, "#status")

    given = Given(EVENTS)
    play(scene, given)


def test_it_can_be_ordered() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        seen = []
        for _ in ORDERS:
            await pilot.press("o")
            seen.append(app.connections.order)
        assert seen == [*list(ORDERS)[1:], "first"]
        while app.connections.order != "messages":
            await pilot.press("o")
        assert rows(app)[0].startswith("#2 ")
        assert app.connections.chosen is not None
        assert app.connections.chosen.number == 2, "the first of the table"

    play(scene, Given(EVENTS))


def test_the_cursor_stays_with_its_connection() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        while app.connections.order != "last":
            await pilot.press("o")
        await pilot.press("down")
        chosen = app.connections.chosen
        assert chosen is not None
        given.events = [capture(50.0, connection=chosen.name)]
        await settled(app, pilot)
        app.look()
        assert app.connections.chosen is chosen
        assert app.connections.cursor == 0

    given = Given(EVENTS)
    play(scene, given)


def test_enter_shows_the_frames_of_one() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c", "down", "down", "enter")
        await settled(app, pilot)
        assert app.frames.has_focus
        assert app.typed["filter"].value == "conn:2"
        assert "2 of 4 frames" in said(app, "#status")
        await pilot.press("c", "k", "enter")
        await settled(app, pilot)
        assert "2 of 4 frames" in said(app, "#status")
        assert app.typed["filter"].value == "conn:1"

    play(scene, Given(EVENTS))


def test_i_shows_everything_about_one_with_its_handshake() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c", "i")
        await settled(app, pilot)
        assert "example.com" in said(app, "#lines")
        await pilot.press("down")
        await settled(app, pilot)
        assert "example.com" not in said(app, "#lines")
        assert "two" in said(app, "#lines")

    play(scene, Given(EVENTS), size=(100, 50))


def test_a_click_chooses_and_escape_goes_back() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await pilot.click(app.connections, offset=(3, 1))
        assert app.connections.cursor == 1
        await pilot.press("escape")
        assert not app.connections.display

    play(scene, Given(EVENTS))


def test_what_was_forgotten_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.history._CONNECTIONS", 1)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settled(app, pilot)
        assert "1 connections by first, 2 forgotten" in said(app, "#status")

    play(scene, Given(EVENTS))


def test_without_connections_there_is_nothing_to_open() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c", "enter", "down", "end", "i")
        assert app.connections.display
        assert rows(app) == []
        assert said(app, "#lines") == "nothing is chosen"

    play(scene, Given())
