"""The table of connections, played with keys."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, play, said, settled
from wskit.tui.app import Inspector

CAPTURES = [
    capture(1.0, frame(1, b"a"), "one"),
    capture(2.0, frame(1, b"bb", way=OUT), "two"),
    capture(3.0, frame(1, b"cc"), "two"),
    capture(4.0, frame(8, b"\x03\xe8bye"), "one"),
]


def table(app: Inspector) -> list[str]:
    lines = [app.connections.render_line(y).text for y in range(app.connections.size.height)]
    return [line.rstrip() for line in lines if line.strip()]


def test_it_shows_each_connection() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settled(app, pilot)
        one, two = table(app)
        assert one.startswith("#1 ")
        assert one.endswith("one <- 1000 bye")
        assert two.endswith("two")
        assert "2 connections by first" in said(app, "#status")
        assert said(app, "#heading").startswith("CONN")
        given.captures = [capture(5.0, connection="three")]
        await settled(app, pilot)
        app._look()
        assert len(table(app)) == 3
        await pilot.press("c")
        await settled(app, pilot)
        assert app.frames.has_focus
        assert "of 5 frames" in said(app, "#status")

    given = Given(CAPTURES)
    play(scene, given)


def test_it_can_be_ordered() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        seen = []
        for _ in range(5):
            await pilot.press("o")
            await settled(app, pilot)
            seen.append((app.connections.order, table(app)[0].split()[0]))
        assert seen == [
            ("last", "#1"),
            ("messages", "#2"),
            ("bytes", "#1"),
            ("rtt", "#1"),
            ("first", "#1"),
        ]

    play(scene, Given(CAPTURES))


def test_enter_shows_the_frames_of_one() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c", "down", "down", "enter")
        await settled(app, pilot)
        assert app.frames.has_focus
        assert "2 of 4 frames" in said(app, "#status")
        await pilot.press("c", "k", "enter")
        await settled(app, pilot)
        assert [entry.conn for entry in app.history if app.selection.filter(entry)] == [1, 1]

    play(scene, Given(CAPTURES))


def test_a_click_chooses_and_escape_goes_back() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await pilot.click(app.connections, offset=(3, 1))
        assert app.connections._cursor == 1
        await pilot.press("escape")
        assert not app.connections.display

    play(scene, Given(CAPTURES))


def test_without_connections_there_is_nothing_to_open() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("c", "enter", "down")
        assert app.connections.display
        assert table(app) == []

    play(scene, Given())


def test_frames_can_be_let_go() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await settled(app, pilot)
        assert "0 of 0 frames, 4 dropped" in said(app, "#status")

    play(scene, Given(CAPTURES))
