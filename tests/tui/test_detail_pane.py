"""The pane that shows one row in detail."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.playing import Given, play, said
from tests.tui.scenery import END, story
from wskit.tui.app import Inspector


def test_a_frame_a_connection_or_nothing() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert not app.detail.open
        app.detail.add_class("open")
        app.detail.show(app.history.entry(1), None, END)
        assert "frame 1 on #1" in said(app, "#lines")
        app.detail.show(None, app.history.connection(2), END)
        assert "/chat" in said(app, "#lines")
        assert "frame 1 on #1" not in said(app, "#lines")
        app.detail.show(None, None, END)
        assert said(app, "#lines") == "nothing is chosen"

    play(scene, Given(story()))


def test_it_is_scrolled_from_the_table() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", "enter")
        await pilot.pause()
        seen = []
        for key in ("J", "J", "K"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(app.detail.scroll_offset.y)
        assert seen == [3, 6, 3]
        await pilot.press("down")
        await pilot.pause()
        assert app.detail.scroll_offset.y == 0, "another frame is shown from its beginning"

    play(scene, Given(story()))


def test_it_is_made_anew_for_another_width() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", "enter")
        wide = said(app, "#lines")
        await pilot.resize_terminal(45, 20)
        app.look()
        assert said(app, "#lines") != wide

    play(scene, Given(story()), size=(200, 30))
