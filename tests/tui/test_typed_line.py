"""What was typed before comes back."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.playing import Given, play, settled, traffic
from wskit.tui.app import Inspector


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
