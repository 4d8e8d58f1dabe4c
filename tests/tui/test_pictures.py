"""How every screen looks: pictures that are kept beside the tests, some of them in the docs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.pictures import compare, fixed_surroundings
from tests.tui.playing import Given, settled
from tests.tui.scenery import END, START, story
from tests.tui.steady import running
from wskit.tui.app import Inspector
from wskit.tui.pacing import Paced
from wskit.tui.sources import Source

__all__ = ["fixed_surroundings"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WIDE, NARROW = (100, 30), (80, 24)

IN_DOCS = {
    "frames": ["home", *["down"] * 3],
    "messages": ["2", "end", "up", "up", "enter"],
    "connections": ["3"],
    "server": ["4"],
    "detail": ["home", "down", "enter"],
    "filter": ["slash", *"dir:in size>20 (op:text or json.id==7)"],
    "help": ["question_mark"],
}
OTHERS = {
    "find": ["home", "ctrl+f", *"json.id==7", "enter", "n"],
    "wrong_filter": ["slash", *"op:text size>4x"],
    "handshake": ["3", "down", "down", "i"],
    "send": ["s", *"/close 4000 bye"],
    "refused": ["s", *"/hex zz", "enter"],
    "resend": ["home", "r"],
    "copy": ["y"],
    "export": ["e", *"chat.har"],
    "paused": ["space"],
    "palette": ["ctrl+p"],
    "light": ["f8"],
}


@pytest.mark.uncounted
@pytest.mark.usefixtures("fixed_surroundings")
class TestPictures:
    @pytest.mark.parametrize("name", IN_DOCS)
    def test_of_the_docs(self, name: str) -> None:
        svg = asyncio.run(picture(IN_DOCS[name], WIDE))
        compare(svg, ROOT / "docs" / "images" / f"inspector-{name}.svg")

    @pytest.mark.parametrize("name", OTHERS)
    def test_of_what_else_there_is(self, name: str) -> None:
        kept(name, OTHERS[name], WIDE)

    @pytest.mark.parametrize("name", ["frames", "messages", "connections", "server", "detail"])
    def test_of_a_small_terminal(self, name: str) -> None:
        kept(f"{name}_80x24", IN_DOCS[name], NARROW)

    def test_of_a_tiny_one(self) -> None:
        kept("frames_40x10", IN_DOCS["frames"], (40, 10))

    def test_of_one_without_colours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        kept("without_colours", ["end", "up"], WIDE)

    def test_of_a_replay(self) -> None:
        source = Paced(Given(story()), clock=lambda: 0.0, sleep=lambda seconds: None)
        kept("replay", ["space", *["full_stop"] * 20, "plus"], WIDE, source)

    def test_of_a_source_without_figures(self) -> None:
        kept("no_servers", ["4"], WIDE, Given())


def kept(name: str, keys: list[str], size: tuple[int, int], source: Source | None = None) -> None:
    svg = asyncio.run(picture(keys, size, source))
    compare(svg, HERE / "__snapshots__" / f"{name}.svg")


async def picture(keys: list[str], size: tuple[int, int], source: Source | None = None) -> str:
    """Play ``keys`` to the story and draw the screen."""
    app = Inspector(source or Given(story()), "ws://127.0.0.1:9000", start=START, now=lambda: END)
    async with running(app, size) as pilot:
        await settled(app, pilot)
        for line in app.query(Input):
            line.cursor_blink = False
        if "f8" in keys:
            app.theme = "textual-light"
        await pilot.press(*keys)
        await settled(app, pilot)
        for line in app.screen.query(Input):
            line.cursor_blink = False
        app.look()
        await settled(app, pilot)
        await pilot.wait_for_animation()
        await pilot.pause()
        return app.export_screenshot()
