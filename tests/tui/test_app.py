"""The screen, driven by keys: filter, detail, pause, what is sent, and how it ends."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable

from textual.pilot import Pilot

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, play, said, screen, settled, traffic
from wskit.taps import Capture
from wskit.tui.app import Inspector
from wskit.tui.reading import captures as read
from wskit.tui.recorder import Recorder


def test_a_filter_works_while_it_is_typed() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"op:binary")
        await settled(app, pilot)
        assert "25 of 50 frames" in said(app, "#status")
        await pilot.press("enter", "home")
        assert app.frames.chosen == 2
        given.captures = traffic(10, 50)
        await settled(app, pilot)
        assert "30 of 60 frames" in said(app, "#status")

    given = Given(traffic(50))
    play(scene, given)


def test_a_regular_expression_waits_for_enter() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("/", *'/"n": [0-4]}/')
        await settled(app, pilot)
        assert "50 of 50 frames" in said(app, "#status")
        await pilot.press("enter")
        await settled(app, pilot)
        assert "5 of 50 frames" in said(app, "#status")

    play(scene, Given(traffic(50)))


def test_a_wrong_filter_says_where_and_the_old_one_goes_on() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"op:binary", "space", "(")
        await settled(app, pilot)
        lines = said(app, "#problem").splitlines()
        assert lines[0] == "op:binary ("
        assert lines[1].strip() == "^"
        assert "25 of 50 frames" in said(app, "#status")
        await pilot.press("escape")
        assert not app.query_one("#problem").has_class("open")
        assert app.frames.has_focus

    play(scene, Given(traffic(50)))


def test_enter_shows_a_frame_in_detail() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", "enter")
        assert "frame 1 on #1 (a)" in said(app, "#lines")
        await pilot.press("down")
        assert "frame 2 on #1 (a)" in said(app, "#lines")
        await pilot.press("enter")
        assert not app.query_one("#detail").has_class("open")

    play(scene, Given(traffic(5)), size=(100, 40))


def test_a_pause_goes_on_capturing() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        given.captures = traffic(10, 5)
        await settled(app, pilot)
        assert "5 of 15 frames  paused" in said(app, "#status")
        await pilot.press("space")
        await settled(app, pilot)
        assert "15 of 15 frames  following" in said(app, "#status")

    given = Given(traffic(5))
    play(scene, given)


def test_what_comes_is_recorded_and_a_failure_is_seen() -> None:
    class Failing(Recorder):
        def __call__(self, captures: Iterable[Capture]) -> str:
            return "recording ended: x" if list(captures) else ""

    async def run() -> None:
        file = io.BytesIO()
        app = Inspector(Given(traffic(3)), "test", record=Recorder(file))
        async with app.run_test() as pilot:
            await settled(app, pilot)
            assert len(list(read(io.BytesIO(file.getvalue())))) == 3
        app = Inspector(Given(traffic(3)), "test", record=Failing(None))
        async with app.run_test() as pilot:
            await settled(app, pilot)
            assert said(app, "#problem") == "recording ended: x"

    asyncio.run(run())


def test_the_end_of_the_source_is_seen_with_its_reason() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        given.ended, given.problem = True, "stdin: line 3: is not JSON"
        await settled(app, pilot)
        assert "ended: stdin: line 3: is not JSON" in said(app, "#status")

    given = Given(traffic(2))
    play(scene, given)
    assert given.over


def test_nothing_is_there_before_anything_comes() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter", "down", "end")
        assert said(app, "#lines") == "no frame is chosen"
        assert set(screen(app)) == {""}
        await pilot.press("s")
        assert "nothing to send to" in said(app, "#problem")

    play(scene, Given())


def test_payloads_cannot_write_markup_or_escapes() -> None:
    hostile = "[red]x[/red] \x1b[2J \u202e \x9b31m".encode()

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await settled(app, pilot)
        shown = "".join(screen(app)) + said(app, "#lines").replace("\n", "")
        assert shown.isprintable()
        assert "[red]x[/red]" in shown

    play(scene, Given([capture(1.0, frame(1, hostile, way=OUT), connection="\x1b[red]")]))
