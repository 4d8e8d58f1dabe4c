"""The view of servers."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.playing import Given, play, said, settled
from tests.tui.scenery import sample
from wskit.tui.app import Inspector


def test_several_servers_are_shown_one_at_a_time() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await settled(app, pilot)
        assert "server 1 of 2" in said(app, "#status")
        assert said(app, "#figures").startswith("server one:1")
        assert "n shows the next" in said(app, "#heading")
        await pilot.press("n")
        await settled(app, pilot)
        assert said(app, "#figures").startswith("server two:2")
        await pilot.press("n", "p", "p")
        await settled(app, pilot)
        assert said(app, "#figures").startswith("server one:1")

    play(scene, Given([sample(100.0, "one:1"), sample(100.0, "two:2")]))


def test_one_server_is_looked_at_again_and_again() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        before = said(app, "#figures")
        given.events = [sample(130.0, "one:1", messages=5000)]
        await settled(app, pilot)
        app.look()
        assert said(app, "#figures") != before
        assert said(app, "#heading") == ""
        await pilot.press("j", "k")
        await pilot.resize_terminal(60, 20)
        await settled(app, pilot)
        assert max(map(len, said(app, "#figures").splitlines())) <= 60

    given = Given([sample(100.0, "one:1")])
    play(scene, given)
