"""What was typed before comes back."""

from __future__ import annotations

from textual.events import Key
from textual.pilot import Pilot

from tests.tui.playing import Given, play, settled, traffic, until
from wskit.tui.app import Inspector
from wskit.tui.outgoing import parsed


def test_up_and_down_go_through_what_was_submitted() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        line = app.typed["filter"]
        for text in ("op:text", "op:binary", "op:binary"):
            await pilot.press("/", "ctrl+u", *text, "enter")
        await pilot.press("/", "up")
        assert line.value == "op:binary"
        await pilot.press("up", "up")
        assert line.value == "op:text"
        await pilot.press("down", "down")
        assert line.value == ""
        await settled(app, pilot)

    play(scene, Given(traffic(4)))


def test_what_is_typed_behind_enter_and_escape_is_for_what_is_seen_then() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        # As a terminal gives what was typed while the screen was busy: all at once.
        for key in ("slash", *"op:text", "enter", "2", "s", *"one", "enter", *"two", "enter"):
            app.post_message(Key(key, "/" if key == "slash" else None))
        for key in ("escape", "4"):
            app.post_message(Key(key, None))
        await until(lambda: app.view == "server", app, pilot)
        assert app.typed["filter"].value == "op:text"
        assert "2 of 4" in app.frames.said
        assert given.sent == [("a", parsed("one")), ("a", parsed("two"))]

    given = Given(traffic(4))
    play(scene, given)
