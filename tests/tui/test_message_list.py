"""The list of messages: what fragments say together."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.frames import capture, frame
from tests.tui.playing import Given, play, said, settled, table
from wskit.events import Event
from wskit.tui.app import Inspector

FRAGMENTS: list[Event] = [
    capture(1.0, frame(1, b"a first ", fin=False)),
    capture(2.0, frame(9, b"ping")),
    capture(3.0, frame(0, b"and a second part", fin=True)),
    capture(4.0, frame(2, b"\x00\xff")),
]


def test_fragments_are_one_row_that_grows() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await settled(app, pilot)
        assert "2 messages  following" in said(app, "#status")
        first, ping = table(app.messages)[:2]
        assert "unfinished" in first
        assert "ping" in ping
        given.events = FRAGMENTS[2:]
        await settled(app, pilot)
        rows = table(app.messages)
        assert "3 messages  following" in said(app, "#status")
        assert '"a first and a second part"' in rows[0]
        assert "binary" in rows[2]

    given = Given(FRAGMENTS[:2])
    play(scene, given)


def test_a_row_has_its_first_frame_as_detail_and_all_of_them_as_a_copy() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("2", "home", "enter")
        await settled(app, pilot)
        assert "frame 1 on #1" in said(app, "#lines")
        await pilot.press("y", "p")
        assert app.clipboard == "a first and a second part"
        await pilot.press("end", "y", "p")
        assert app.clipboard == "00 ff"

    play(scene, Given(FRAGMENTS), size=(100, 40))


def test_filters_and_times_work_as_for_frames() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("2", "t")
        assert ":" in table(app.messages)[0].split()[0]
        await pilot.press("t", "/", *"op:text", "enter")
        await settled(app, pilot)
        assert "1 messages" in said(app, "#status")
        await pilot.press("1")
        await settled(app, pilot)
        assert "1 of 4 frames" in said(app, "#status")

    play(scene, Given(FRAGMENTS))


def test_a_message_that_went_since_the_last_look_is_an_empty_row() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("2")
        await settled(app, pilot)
        app.messages.selection.filter = app.frames.selection.filter
        app.messages._messages._messages.clear()
        app.messages.redraw()
        assert set(table(app.messages)) == {""}

    play(scene, Given(FRAGMENTS))
