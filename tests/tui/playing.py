"""The screen, played by tests: a source that gives what they add, keys, what is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from textual.pilot import Pilot

from tests.deadlines import scaled
from tests.tui.frames import capture, frame
from tests.tui.steady import running
from wskit.events import Event
from wskit.tui.app import Inspector
from wskit.tui.outgoing import NotSent, Outgoing
from wskit.tui.row_list import RowList
from wskit.tui.said import Said
from wskit.tui.sources import Source

__all__ = [
    "Given",
    "Scene",
    "newest",
    "play",
    "said",
    "screen",
    "settled",
    "table",
    "traffic",
    "until",
]

Scene = Callable[[Inspector, Pilot[None]], Awaitable[None]]


class Given:
    """A source that gives what the test adds, and keeps what is sent."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events = list(events)
        self.sent: list[tuple[str, Outgoing]] = []
        self.refusal = ""
        self.problem = ""
        self.ended = False
        self.over = False

    def take(self, timeout: float) -> list[Event]:
        taken, self.events = self.events, []
        return taken

    def send(self, connection: str, frame: Outgoing) -> None:
        if self.refusal:
            raise NotSent(self.refusal)
        self.sent.append((connection, frame))

    def end(self) -> None:
        self.over = True


def traffic(count: int, start: int = 0) -> list[Event]:
    """Make text and binary frames in turn."""
    return [
        capture(100.0 + n, frame(1 + n % 2, b'{"n": %d}' % n)) for n in range(start, start + count)
    ]


def play(
    scene: Scene, source: Source, size: tuple[int, int] = (100, 20), *, filter: str = ""
) -> None:
    """Run the app for ``scene``, which is given time to settle first."""

    async def run() -> None:
        app = Inspector(source, "test", start=100.0, filter=filter, now=lambda: 200.0)
        async with running(app, size) as pilot:
            await settled(app, pilot)
            await scene(app, pilot)

    asyncio.run(run())


async def settled(app: Inspector, pilot: Pilot[None]) -> None:
    """Let everything come that the source has, and be shown."""
    app.tick()
    while app._intake._waiting:  # on a slow machine
        app.tick()
    await pilot.pause()


async def until(condition: Callable[[], object], app: Inspector, pilot: Pilot[None]) -> None:
    """Wait for what another thread does."""
    async with asyncio.timeout(scaled(5)):
        while not condition():
            await asyncio.sleep(0.002)
            await settled(app, pilot)


def table(shown: RowList) -> list[str]:
    """Give the lines of a table, as they are drawn."""
    return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]


def screen(app: Inspector) -> list[str]:
    """Give the lines of the list of frames."""
    return table(app.frames)


def newest(app: Inspector) -> str:
    """Give the time of the last frame that is seen."""
    return screen(app)[-1].split()[0]


def said(app: Inspector, where: str) -> str:
    return app.query_one(where, Said).said
