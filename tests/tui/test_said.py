"""Text of others is said as it is."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from tests.tui.steady import running
from wskit.tui.said import Said


class Saying(App[None]):
    def compose(self) -> ComposeResult:
        yield Said(id="one")
        yield Said(id="wrapped", wraps=True)


def test_markup_is_text() -> None:
    async def run() -> None:
        app = Saying()
        async with running(app, (20, 10)) as pilot:
            said = app.query_one("#one", Said)
            said.say("[red]no[/red]")
            await pilot.pause()
            assert said.render_line(0).text.strip() == "[red]no[/red]"
            assert said.said == "[red]no[/red]"

    asyncio.run(run())


def test_long_lines_are_cut_or_wrapped() -> None:
    async def run() -> None:
        app = Saying()
        async with running(app, (20, 10)) as pilot:
            for name, height in (("one", 1), ("wrapped", 2)):
                said = app.query_one(f"#{name}", Said)
                said.say("fifteen letters, and then some")
                said.say("fifteen letters, and then some")
                await pilot.pause()
                assert said.size.height == height

    asyncio.run(run())
