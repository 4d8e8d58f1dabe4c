"""A pilot of the screen that waits for what a key led to, and not for an idle processor.

Textual's own takes the screen for ready when the process has rested for 20 ms: that is slow, and on
a busy machine it is wrong. Here it is ready when nobody has a message to handle.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App
from textual.events import Key
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

__all__ = ["Steady", "running"]

_QUIET = 3  # looks in a row that find no message: at the first one may be on its way


class Steady(Pilot[None]):
    """Presses keys one after the other, each when what the one before led to is done."""

    async def press(self, *keys: str) -> None:
        """Press keys: characters, or names as in bindings."""
        for key in keys:
            character = key if len(key) == 1 else key_to_character(key)
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(Key(name, character))
            await self.pause(0)
            await self.app.animator.wait_until_complete()
        await self.pause(0)

    async def resize_terminal(self, width: int, height: int) -> None:
        """Give the terminal another size, which Textual looks at after some milliseconds."""
        await super().resize_terminal(width, height)
        while self.app._resize_timer is not None:
            await self.pause(0.001)

    async def pause(self, delay: float | None = None) -> None:
        """Wait ``delay`` seconds, and until nobody has a message to handle."""
        quiet = 0
        while quiet < _QUIET and self.app.is_running:
            await super().pause(delay or 0)
            pumps = [self.app, *self.app.screen.walk_children(with_self=True)]
            quiet = 0 if any(pump.message_queue_size for pump in pumps) else quiet + 1


@asynccontextmanager
async def running(app: App[None], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Steady]:
    """Run ``app`` without a terminal."""
    async with app.run_test(size=size):
        yield Steady(app)
