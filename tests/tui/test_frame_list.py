"""The list of frames: times as they are wanted, what was dropped, every width."""

from __future__ import annotations

import asyncio
import re

import pytest
from textual.pilot import Pilot

from tests.tui.frames import capture
from tests.tui.playing import Given, play, said, screen, settled, traffic
from tests.tui.steady import running
from wskit.events import Lost
from wskit.tui.app import Inspector


def test_what_was_dropped_and_lost_is_seen() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        app.history._limit = 1 << 16
        given.events = [*traffic(500), Lost(7)]
        await settled(app, pilot)
        kept = len(app.history)
        assert f"{kept} of {kept} frames, {500 - kept} dropped, 7 lost" in said(app, "#status")

    given = Given()
    play(scene, given)


def test_times_are_of_day_since_the_start_or_since_the_frame_before() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        seen = []
        for _ in range(3):
            await settled(app, pilot)
            seen.append(f"{app.frames.heading.split()[0]} {screen(app)[2].split()[0]}")
            await pilot.press("t")
        assert seen[0] == "TIME 2.000"
        assert seen[1] == "DELTA +1s"
        assert re.fullmatch(r"TIME \d\d:\d\d:42\.000", seen[2])

    play(scene, Given(traffic(5)), size=(80, 20))


def test_without_a_start_the_first_connection_is_one() -> None:
    async def run() -> None:
        app = Inspector(Given([capture(50.0), capture(51.5)]), "test")
        async with running(app) as pilot:
            await settled(app, pilot)
            assert ":" in screen(app)[0].split()[0]
            await pilot.press("t")
            assert [line.split()[0] for line in screen(app)[:2]] == ["0.000", "1.500"]

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (30, 8), (250, 60)])
def test_every_size_of_a_terminal_will_do(size: tuple[int, int]) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await pilot.resize_terminal(size[0] + 3, size[1] + 3)
        await settled(app, pilot)
        assert len(app.frames.heading) == size[0] + 1, "two columns are the scroll bar's"
        assert max(map(len, screen(app))) <= size[0] + 1

    play(scene, Given(traffic(50)), size=size)


def test_a_frame_that_went_since_the_last_look_is_an_empty_row() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        app.history.clear()
        app.frames.redraw()
        assert set(screen(app)) == {""}

    play(scene, Given(traffic(5)))


def test_another_filter_stays_near_the_chosen_frame() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home", *["down"] * 20, "/", *"op:binary", "enter")
        await settled(app, pilot)
        assert app.frames.chosen == 22
        await pilot.press("/", "ctrl+u", "enter")
        await settled(app, pilot)
        assert app.frames.chosen == 21, "that is where somebody went"
        assert any(line.startswith("      20.000") for line in screen(app))

    play(scene, Given(traffic(50)))
