"""A table on the screen: it follows, is moved in, is drawn in the colours of the theme."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import MouseScrollUp
from textual.pilot import Pilot
from textual.scrollbar import ScrollTo, ScrollUp

from tests.tui.frames import OUT, capture, frame
from tests.tui.playing import Given, newest, play, said, screen, settled, traffic
from tests.tui.steady import running
from wskit.tui.app import Inspector

KINDS = [
    capture(1.0, frame(1, b"in")),
    capture(2.0, frame(1, b"out", way=OUT)),
    capture(3.0, frame(9, b"control")),
    capture(4.0, frame(8, b"\x03\xe8")),
    capture(5.0, frame(3, b"wrong")),
    capture(6.0, frame(1, b"cursor")),
]


def test_it_follows_the_newest_rows_until_somebody_looks_up() -> None:
    given = Given(traffic(50))

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert newest(app) == "49.000"
        assert "50 of 50 frames  following" in said(app, "#status")
        await pilot.press("up", "up")
        given.events = traffic(10, 50)
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


def test_a_click_chooses_a_row() -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home")
        await pilot.click(app.frames, offset=(5, 3))
        assert app.frames.chosen == 4

    play(scene, Given(traffic(50)))


@pytest.mark.parametrize("how", ["wheel", "bar", "handle"])
def test_the_mouse_looks_up(how: str) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        assert app.frames.follows
        events = {
            "wheel": MouseScrollUp(app.frames, 1, 1, 0, -1, 0, False, False, False),
            "bar": ScrollUp(),
            "handle": ScrollTo(y=3),
        }
        app.frames.post_message(events[how])
        await pilot.pause()
        assert not app.frames.follows

    play(scene, Given(traffic(50)))


def test_rows_that_went_do_not_move_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        app.history._limit = 1 << 16
        given.events = traffic(500)
        await settled(app, pilot)
        await pilot.press("pageup", "pageup")
        chosen, top = app.frames.chosen, screen(app)[0]
        given.events = traffic(10, 500)
        await settled(app, pilot)
        assert (app.frames.chosen, screen(app)[0]) == (chosen, top)
        await pilot.press("home")
        chosen = app.frames.chosen
        given.events = traffic(10, 510)
        await settled(app, pilot)
        assert app.frames.chosen == chosen + 10, "the oldest that is still there"

    given = Given()
    play(scene, given)


def test_kinds_of_rows_have_colours_that_change_with_the_theme() -> None:
    def colours(app: Inspector) -> list[object]:
        lines = [app.frames.render_line(y) for y in range(len(KINDS))]
        return [list(line)[1].style for line in lines]

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        dark = colours(app)
        assert len(set(map(str, dark))) == len(KINDS)
        app.theme = "textual-light"
        await pilot.pause()
        await settled(app, pilot)
        light = colours(app)
        assert all(one != other for one, other in zip(dark[:-1], light[:-1], strict=True))
        assert "reverse" in str(light[-1])

    play(scene, Given(KINDS))


def test_without_colours_everything_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def run() -> None:
        app = Inspector(Given(KINDS), "test", start=0.0)
        async with running(app, (120, 20)) as pilot:
            await settled(app, pilot)
            assert app.no_color
            lines = screen(app)
            assert "<- text" in lines[0]
            assert "-> text" in lines[1]
            assert "!" in lines[4]
            styles = [str(list(app.frames.render_line(y))[1].style) for y in range(len(KINDS))]
            assert [n for n, style in enumerate(styles) if "reverse" in style] == [5]

    asyncio.run(run())


def test_more_rows_than_are_kept_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.row_list._KEPT", 5)

    async def scene(app: Inspector, pilot: Pilot[None]) -> None:
        await pilot.press("home")
        seen = [line.split()[0] for line in screen(app)]
        assert seen == [f"{n}.000" for n in range(len(seen))]
        assert len(app.frames._strips) <= 6

    play(scene, Given(traffic(50)))
