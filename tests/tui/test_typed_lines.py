"""The lines to type into."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.playing import Given, play, traffic
from wskit.tui.app import Inspector

NAMES = ("filter", "find", "send", "export")


def shown(app: Inspector) -> list[str]:
    return [name for name in NAMES if app.typed[name].display]


def test_one_is_open_at_a_time_but_a_filter_stays() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert shown(app) == []
        await pilot.press("e")
        assert shown(app) == ["export"]
        await pilot.press("escape", "/", "x", "enter", "s")
        assert shown(app) == ["filter", "send"]
        await pilot.press("escape", "ctrl+f")
        assert shown(app) == ["filter", "find"]
        await pilot.press("escape")
        assert shown(app) == []
        assert app.frames.has_focus

    play(scene, Given(traffic(4)))


def test_the_open_one_has_every_key() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("s", *"/seeqnNc1 x?")
        assert app.typed["send"].value == "/seeqnNc1 x?"

    play(scene, Given(traffic(4)))
