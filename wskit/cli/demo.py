"""The options of ``wskit demo``."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("demo", short_help="Show real traffic, frame by frame.")
def command() -> None:
    """Run a server and some clients on this machine and show every frame between them.

    At the end come the counters of the connections and of the buffer pools. On a terminal it takes
    a few seconds, so that it can be watched; elsewhere no longer than it has to.
    """
    from .demonstration import demonstrate

    demonstrate()
