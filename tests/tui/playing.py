"""The screen, played by tests: a source that gives what they add, keys, what is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from textual.pilot import Pilot

from tests.tui.frames import capture, frame
from wskit.taps import Capture
from wskit.tui.app import Inspector, Said
from wskit.tui.sources import ClientSource

__all__ = ["Given", "Scene", "newest", "play", "said", "screen", "settled", "traffic"]

Scene = Callable[[Inspector, Pilot[None]], Awaitable[None]]


class Given:
    """A source that gives what the test adds."""

    def __init__(self, captures: Iterable[Capture] = ()) -> None:
        self.captures = list(captures)
        self.lost = 0
        self.problem = ""
        self.ended = False
        self.over = False

    def take(self, timeout: float) -> list[Capture]:
        taken, self.captures = self.captures, []
        return taken

    def end(self) -> None:
        self.over = True


def traffic(count: int, start: int = 0) -> list[Capture]:
    """Make text and binary frames in turn."""
    return [
        capture(100.0 + n, frame(1 + n % 2, b'{"n": %d}' % n)) for n in range(start, start + count)
    ]


def play(scene: Scene, given: Given | ClientSource, size: tuple[int, int] = (100, 20)) -> None:
    """Run the app for ``scene``, which is given time to settle first."""

    async def run() -> None:
        app = Inspector(given, "test", start=100.0)
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            await scene(app, pilot)

    asyncio.run(run())


async def settled(app: Inspector, pilot: Pilot[None]) -> None:
    app.tick()
    await pilot.pause()


def screen(app: Inspector) -> list[str]:
    """Give the lines of the list of frames, as they are drawn."""
    return [app.frames.render_line(y).text.rstrip() for y in range(app.frames.size.height)]


def newest(app: Inspector) -> str:
    """Give the time of the last frame that is seen."""
    return screen(app)[-1].split()[0]


def said(app: Inspector, where: str) -> str:
    return app.query_one(where, Said).said
