"""The options of ``wskit inspect``."""

from __future__ import annotations

from typing import Unpack

import click

from .parameters import SECONDS, ConnectionOptions, connection_options

__all__ = ["InspectOptions", "command"]


class InspectOptions(ConnectionOptions):
    """What the command line says, under the names of the options."""

    filter: str
    plain: bool
    json: bool
    count: int | None
    seconds: float | None
    record: str | None


@click.command("inspect", short_help="Look at the frames of a connection or a recording.")
@click.argument("url", metavar="URL|FILE|-")
@click.option("-f", "--filter", default="", metavar="FILTER", help="Only these, as op:text size>4k")
@click.option("--plain", is_flag=True, help="Lines instead of a screen; so too without a terminal.")
@click.option("--json", is_flag=True, help="An object a line instead of a screen.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many frames.")
@click.option(
    "--for", "seconds", type=SECONDS, metavar="SECONDS", help="End after that time at the latest."
)
@click.option("--record", metavar="FILE", help="Write every frame to FILE too, as JSON lines.")
@connection_options
def command(**options: Unpack[InspectOptions]) -> None:
    """Show every frame of a connection, a recording, or what comes through a pipe.

    URL connects, and what is typed is sent. FILE is a HAR file (.har), or holds JSON lines, as
    --json and --record write them; - reads these from stdin, as in: wskit serve --trace --json |
    wskit inspect -. Exit codes: 0 at the end, 2 wrong usage or file, 3 cannot connect, 4 refused,
    5 closed abnormally.
    """
    from .inspecting import inspect

    inspect(options)
