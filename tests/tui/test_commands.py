"""The command palette offers what a key does."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.tui.playing import Given, play, traffic, until
from wskit.tui.app import Inspector
from wskit.tui.commands import commands
from wskit.tui.typed_line import TypedLine


def test_there_is_one_for_each_thing_that_can_be_done() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        offered = list(commands(app, app.screen))
        titles = [each.title for each in offered]
        assert {"Filter", "Find", "Send", "Export", "Copy", "Times", "Help"} <= set(titles)
        assert not {"Order", "Faster", "Step", "Quit"} & set(titles)
        assert all(each.help for each in offered)
        await pilot.press("3")
        titles = [each.title for each in commands(app, app.screen)]
        assert "Order" in titles
        assert not {"Find", "Times", "Resend"} & set(titles)
        assert len(titles) == len(set(titles))

    play(scene, Given(traffic(5)))


def test_one_that_is_chosen_does_it() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("3")
        order = next(each for each in commands(app, app.screen) if each.title == "Order")
        await order.callback()
        assert app.connections.order == "last"
        await pilot.press("ctrl+p", *"order")
        found = app.screen.query_one(OptionList)
        await until(lambda: [option.id for option in found.options] == ["0"], app, pilot)
        await pilot.press("enter")
        await until(lambda: app.connections.order == "messages", app, pilot)
        await pilot.press("ctrl+p", *"export")
        found = app.screen.query_one(OptionList)
        await until(lambda: [option.id for option in found.options] == ["0"], app, pilot)
        await pilot.press("enter")
        await until(lambda: app.typed["export"].has_focus, app, pilot)

    play(scene, Given(traffic(5)), size=(100, 30))


@pytest.mark.parametrize("over", ["ctrl+p", "?", "y"])
def test_no_line_opens_under_what_is_over_the_screen(over: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press(over)
        shown = app.screen
        await pilot.press("/", "s", "e", "ctrl+f")
        assert app.screen is shown
        assert not isinstance(app.focused, TypedLine)
        await pilot.press("escape")
        await until(lambda: app.frames.has_focus, app, pilot)

    play(scene, Given(traffic(5)))
