"""The list of frames: it follows, is moved in, and fits every terminal."""

from __future__ import annotations

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot

from tests.tui.playing import Given, newest, play, said, screen, settled, traffic
from wskit.tui.app import Inspector


def test_it_follows_the_newest_frames_until_somebody_looks_up() -> None:
    given = Given(traffic(50))

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert newest(app) == "49.000"
        assert "50 of 50 frames  following" in said(app, "#status")
        await pilot.press("up", "up")
        given.captures = traffic(10, 50)
        await settled(app, pilot)
        assert newest(app) == "49.000"
        assert app.frames.chosen == 48
        assert "60 of 60 frames" in said(app, "#status")
        assert "following" not in said(app, "#status")
        await pilot.press("end")
        await settled(app, pilot)
        assert newest(app) == "59.000"

    play(scene, given)


def test_keys_move_the_cursor() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        chosen = []
        for key in ("home", "down", "j", "k", "pagedown", "pageup", "up", "G"):
            await pilot.press(key)
            chosen.append(app.frames.chosen)
        page = app.frames.size.height - 1
        assert chosen == [1, 2, 3, 2, 2 + page, 2, 1, 50]

    play(scene, Given(traffic(50)))


def test_the_cursor_stays_in_sight_when_the_list_gets_shorter() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("up", "enter")
        await settled(app, pilot)
        top = app.frames.scroll_offset.y
        assert top <= app.frames.cursor < top + app.frames.size.height

    play(scene, Given(traffic(50)), size=(100, 30))


def test_a_click_chooses_a_row_and_the_wheel_looks_up() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home")
        await pilot.click(app.frames, offset=(5, 3))
        assert app.frames.chosen == 4
        await pilot.press("end")
        assert app.frames.follows
        app.frames.post_message(wheel_up(app))
        await pilot.pause()
        assert not app.frames.follows

    play(scene, Given(traffic(50)))


def wheel_up(app: Inspector) -> MouseScrollUp:
    return MouseScrollUp(app.frames, 1, 1, 0, -1, 0, False, False, False)


def test_what_was_dropped_and_lost_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        app.history._limit = 1 << 16
        given.captures, given.lost = traffic(500), 7
        await settled(app, pilot)
        kept = len(app.history)
        assert f"{kept} of {kept} frames, {500 - kept} dropped, 7 lost" in said(app, "#status")
        await pilot.press("home")
        chosen = app.frames.chosen
        given.captures = traffic(10, 500)
        await settled(app, pilot)
        assert app.frames.chosen == chosen + 10, "the oldest that is still there"

    given = Given()
    play(scene, given)


@pytest.mark.parametrize("size", [(80, 24), (30, 8), (250, 60)])
def test_every_size_of_a_terminal_will_do(size: tuple[int, int]) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await pilot.resize_terminal(size[0] + 3, size[1] + 3)
        await settled(app, pilot)
        assert len(app.frames.heading) == size[0] + 1, "two columns are the scroll bar's"
        assert max(map(len, screen(app))) <= size[0] + 1

    play(scene, Given(traffic(50)), size=size)
