"""The names of the views."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.playing import Given, play
from wskit.tui.app import Inspector


def shown(app: Inspector) -> tuple[str, str]:
    """Give the line, and what of it is reversed."""
    strip = app.bar.render_line(0)
    marked = "".join(text for text, style, _ in strip if style is not None and style.reverse)
    return strip.text.strip(), marked.strip()


def test_it_marks_the_view_that_is_shown() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        line = "1 Frames  2 Messages  3 Connections  4 Server"
        assert shown(app) == (line, "1 Frames")
        await pilot.press("3")
        assert shown(app) == (line, "3 Connections")

    play(scene, Given())


def test_a_click_on_a_name_shows_the_view() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.click(app.bar, offset=(40, 0))
        await pilot.pause()
        assert app.view == "server"
        await pilot.click(app.bar, offset=(70, 0))
        await pilot.pause()
        assert app.view == "server", "there is nothing"

    play(scene, Given())
