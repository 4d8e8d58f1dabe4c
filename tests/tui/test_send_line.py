"""What is typed is sent, and what was seen is sent again."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.testing.conversing import Echo
from tests.tui.frames import IN, OUT, capture, frame
from tests.tui.playing import Given, play, said, settled, until
from wskit import connect
from wskit.events import Event, Opened
from wskit.protocol.frames import Direction
from wskit.protocol.opcodes import Side
from wskit.testing import ws_server
from wskit.tui.app import Inspector
from wskit.tui.outgoing import parsed
from wskit.tui.sources import ClientSource


def test_messages_are_sent_and_remembered() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("s", *"hello", "enter", *"/nothing", "enter")
        assert "/nothing: no such command" in said(app, "#problem")
        line = app.typed["send"]
        assert line.value == "/nothing", "it can be mended"
        await pilot.press("up", "up")
        assert line.value == "hello"
        await pilot.press("down", "down")
        assert line.value == ""
        await pilot.press("up", "up", "enter")
        await until(lambda: app.history.total == 4, app, pilot)
        assert [entry.frame.payload for entry in app.history] == [b"hello"] * 4
        assert said(app, "#problem") == ""

    with ws_server(Echo) as server:
        play(scene, ClientSource(connect(server.url)))


def test_the_connection_of_the_chosen_frame_gets_it() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("s", *"a", "enter", "escape", "home", "s", *"b", "enter", "escape")
        await pilot.press("3", "down", "down", "s", *"c", "enter")
        assert given.sent == [
            ("three", parsed("a")),
            ("one", parsed("b")),
            ("three", parsed("c")),
        ]

    given = Given([capture(1.0, connection=name) for name in ("one", "two", "three")])
    play(scene, given)


def test_a_refusal_is_one_line() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("s", *"x", "enter")
        assert said(app, "#problem") == "there is nothing to send to"
        assert given.sent == []

    given = Given()
    given.refusal = "there is nothing to send to"
    play(scene, given)


@pytest.mark.parametrize(
    ("side", "way", "line"),
    [
        (Side.CLIENT, OUT, "/ping are you there?"),
        (Side.CLIENT, IN, "/ping are you there?"),
        (Side.SERVER, IN, "/ping are you there?"),
        (Side.SERVER, OUT, "/client /ping are you there?"),
    ],
)
def test_a_frame_can_be_edited_and_sent_again(side: Side, way: Direction, line: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await settled(app, pilot)
        assert app.typed["send"].has_focus
        assert app.typed["send"].value == line
        await pilot.press("backspace", "!", "enter")
        assert given.sent == [("a", parsed(f"{line[:-1]}!"))]

    opened = Opened(0.5, "a", side, "ws://x/")
    events: list[Event] = [opened, capture(1.0, frame(9, b"are you there?", way=way))]
    given = Given(events)
    play(scene, given)


def test_a_frame_of_which_not_all_was_kept_is_not_sent_again() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        assert "were not kept" in said(app, "#problem")
        assert not app.typed["send"].display

    play(scene, Given([capture(1.0, frame(2, b"abc", length=5000))]))
