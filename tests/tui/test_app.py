"""The screen, driven by keys: views, filter, detail, pause, the palette, and how it ends."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable

import pytest
from textual.pilot import Pilot

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, play, said, screen, settled, traffic
from tests.tui.steady import running
from wskit.events import Event, Opened
from wskit.protocol.opcodes import Side
from wskit.tui.app import Inspector
from wskit.tui.keys import VIEWS
from wskit.tui.pacing import Paced
from wskit.tui.reading import events as read
from wskit.tui.recorder import Recorder


def test_a_filter_works_while_it_is_typed() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("/", *"op:binary")
        await settled(app, pilot)
        assert "25 of 50 frames" in said(app, "#status")
        await pilot.press("enter", "home")
        assert app.frames.chosen == 2
        given.events = traffic(10, 50)
        await settled(app, pilot)
        assert "30 of 60 frames" in said(app, "#status")

    given = Given(traffic(50))
    play(scene, given)


def test_a_filter_may_be_there_from_the_beginning() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert "25 of 50 frames" in said(app, "#status")
        assert app.typed["filter"].display
        assert app.typed["filter"].value == "op:binary"
        assert app.frames.has_focus

    play(scene, Given(traffic(50)), filter="op:binary")


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
        filter, caret, why = said(app, "#problem").splitlines()
        assert filter == "op:binary ("
        assert caret.rstrip() == " " * 11 + "^"
        assert why.startswith("a term is missing")
        assert "25 of 50 frames" in said(app, "#status")
        await pilot.press("enter")
        assert app.typed["filter"].has_focus, "there is something to mend"
        await pilot.press("escape")
        assert not app.problem.has_class("open")
        assert app.frames.has_focus

    play(scene, Given(traffic(50)))


def test_enter_shows_a_frame_in_detail() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", "enter")
        assert "frame 1 on #1 (a)" in said(app, "#lines")
        await pilot.press("down")
        assert "frame 2 on #1 (a)" in said(app, "#lines")
        await pilot.press("i")
        assert not app.detail.open

    play(scene, Given(traffic(5)), size=(100, 40))


def test_frames_that_fly_past_are_shown_in_detail_now_and_then() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        assert "frame 5 on" in said(app, "#lines")
        given.events = traffic(5, 5)
        await settled(app, pilot)
        assert app.frames.chosen == 10
        app.look()
        assert "frame 10 on" in said(app, "#lines")

    given = Given(traffic(5))
    play(scene, given, size=(100, 40))


def test_a_pause_goes_on_capturing_and_says_how_much_came() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("space")
        given.events = traffic(10, 5)
        await settled(app, pilot)
        assert "5 of 15 frames  paused, 10 more came" in said(app, "#status")
        await pilot.press("2")
        await settled(app, pilot)
        assert "15 messages  paused, 0 more came" in said(app, "#status"), "one looks at it now"
        await pilot.press("space", "1")
        await settled(app, pilot)
        assert "15 of 15 frames  following" in said(app, "#status")

    given = Given(traffic(5))
    play(scene, given)


def test_each_view_has_a_key_and_a_name_to_click() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        for key, name in enumerate(VIEWS, 1):
            await pilot.press(str(key))
            await settled(app, pilot)
            assert [view for view, shown in app.views.items() if shown.display] == [name]
            assert app.views[name].has_focus
        assert "no server" in said(app, "#status")
        assert said(app, "#figures") == "this source has no server figures"
        await pilot.press("n", "i")
        await pilot.click(app.bar, offset=(14, 0))
        await settled(app, pilot)
        assert app.view == "messages"
        await pilot.press("escape")
        assert app.view == "frames"

    play(scene, Given(traffic(5)))


def test_matches_are_visited_and_nothing_is_hidden() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", "ctrl+f", *"json.n>=40", "enter")
        await settled(app, pilot)
        chosen = [app.frames.chosen]
        assert "50 of 50 frames  match 1 of 5" in said(app, "#status")
        for key in "nnN":
            await pilot.press(key)
            await settled(app, pilot)
            chosen.append(app.frames.chosen)
        await pilot.press("home", "p")
        await settled(app, pilot)
        chosen.append(app.frames.chosen)
        assert chosen == [41, 43, 45, 43, 49], "the text frames; before the first is the last"
        await pilot.press("2")
        await settled(app, pilot)
        assert "5 matches" in said(app, "#status") or "of 5" in said(app, "#status")
        await pilot.press("ctrl+f", "ctrl+u", "enter")
        await settled(app, pilot)
        assert "match" not in said(app, "#status")

    play(scene, Given(traffic(50)))


def test_the_palette_offers_what_a_key_does_and_themes() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        titles = [each.title for each in app.get_system_commands(app.screen)]
        assert {"Filter", "Theme", "Quit"} <= set(titles)
        assert len(titles) == len(set(titles))

    play(scene, Given(traffic(5)), size=(100, 30))


def test_a_recording_is_paused_stepped_and_made_faster() -> None:
    paced = Paced(Given(traffic(5)), clock=lambda: 0.0, sleep=lambda seconds: None)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert "1 of 1 frames  following  replay x1" in said(app, "#status")
        await pilot.press("full_stop")
        await settled(app, pilot)
        assert "2 of 2 frames  following  replay paused, x1" in said(app, "#status")
        await pilot.press("plus", "plus", "minus", "space")
        await settled(app, pilot)
        assert "replay x2" in said(app, "#status")
        assert not app.paused
        await pilot.press("space")
        assert paced.paused

    play(scene, paced)


def test_a_live_source_has_no_speed() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("full_stop", "plus", "minus")
        app.action_replay("step")
        await settled(app, pilot)
        assert "replay" not in said(app, "#status")

    play(scene, Given(traffic(5)))


def test_what_comes_is_recorded_and_a_failure_is_seen() -> None:
    class Failing(Recorder):
        def __call__(self, events: Iterable[Event]) -> str:
            return "recording ended: x" if list(events) else ""

    async def run() -> None:
        file = io.BytesIO()
        app = Inspector(Given(traffic(3)), "test", record=Recorder(file))
        async with running(app) as pilot:
            await settled(app, pilot)
            assert len(list(read(io.BytesIO(file.getvalue())))) == 3
        app = Inspector(Given(traffic(3)), "test", record=Failing(None))
        async with running(app) as pilot:
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
        await pilot.press("enter", "down", "end", "t", "n", "y", "r")
        assert said(app, "#lines") == "nothing is chosen"
        assert said(app, "#problem") == "there is nothing to copy"
        assert set(screen(app)) == {""}

    play(scene, Given())


def test_frames_can_be_let_go() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await settled(app, pilot)
        assert "0 of 0 frames, 4 dropped" in said(app, "#status")

    play(scene, Given(traffic(4)))


def test_time_is_that_of_the_source() -> None:
    given = Given(traffic(3))

    async def run() -> None:
        app = Inspector(given, "test")
        async with running(app) as pilot:
            await settled(app, pilot)
            assert app.now() > 1e9, "it goes on"
            given.ended = True
            assert app.now() == 102.0, "it stopped with the last frame"
        paced = Paced(Given(traffic(3)), clock=lambda: 0.0, sleep=lambda seconds: None)
        app = Inspector(paced, "test")
        async with running(app) as pilot:
            await settled(app, pilot)
            assert app.now() == 100.0

    asyncio.run(run())


def test_payloads_cannot_write_markup_or_escapes() -> None:
    hostile = "[red]x[/red] \x1b[2J \u202e \x9b31m".encode()
    header = (("X-[bold]", "\x1b[2J[red]"),)
    opened = Opened(0.5, "\x1b[red]", Side.CLIENT, "ws://\x1b[2J/[b]", "x", header, 101, header)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await settled(app, pilot)
        shown = "".join(screen(app)) + said(app, "#lines").replace("\n", "")
        assert shown.isprintable()
        assert "[red]x[/red]" in shown
        for key in "234":
            await pilot.press(key)
            await settled(app, pilot)
            shown = said(app, "#lines").replace("\n", "") + said(app, "#status")
            assert shown.isprintable()

    hostile_frame = capture(1.0, frame(1, hostile, way=OUT), connection="\x1b[red]")
    play(scene, Given([opened, hostile_frame]))


@pytest.mark.uncounted
@pytest.mark.parametrize("size", [(80, 24), (40, 10), (10, 3)])
def test_every_view_fits_every_terminal(size: tuple[int, int]) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        for key in ("enter", "1", "2", "3", "4", "?", "escape", "y", "escape", "/", "escape"):
            await pilot.press(key)
            await settled(app, pilot)
        await pilot.resize_terminal(100, 30)
        await settled(app, pilot)
        assert app.frames.size.height > 5

    play(scene, Given(traffic(50)), size=size)


def test_a_view_that_takes_several_looks_stays_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wskit.tui.app._AT_ONCE", 10)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        for _ in range(10):
            await settled(app, pilot)
        await pilot.press("home", *["down"] * 30)
        assert app.frames.chosen == 31
        await pilot.press("/", *"op:text", "enter")
        for _ in range(10):
            await settled(app, pilot)
        assert "25 of 50" in said(app, "#status")
        assert app.frames.chosen == 31

    play(scene, Given(traffic(50)))
