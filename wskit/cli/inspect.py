"""The options of ``wskit inspect``."""

from __future__ import annotations

from typing import Unpack

import click
from click.core import ParameterSource

from .parameters import HELP, SECONDS, ConnectionOptions, connection_options

__all__ = ["InspectOptions", "command"]


class InspectOptions(ConnectionOptions):
    """What the command line says, under the names of the options; ``url`` "" for none."""

    listen: str | None
    to: str | None
    tls_cert: str | None
    tls_key: str | None
    keep_host: bool
    attach: str | None
    demo: bool
    filter: str
    plain: bool
    json: bool
    count: int | None
    seconds: float | None
    record: str | None
    export: str | None
    speed: float | None
    step: bool
    web: bool
    web_port: int


@click.command(
    "inspect", context_settings=HELP, short_help="Look at the frames of connections or a recording."
)
@click.argument("url", metavar="[URL|FILE|-]", default="")
@click.option("--listen", metavar="[HOST:]PORT", help="Be a proxy in front of the server --to.")
@click.option("--to", metavar="URL", help="The server that --listen leads to.")
@click.option("--tls-cert", metavar="PEM", help="Speak wss where --listen is.")
@click.option("--tls-key", metavar="PEM", help="Its key, unless that is in the same file.")
@click.option("--keep-host", is_flag=True, help="Pass the Host on that clients sent.")
@click.option(
    "--attach",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="A program that runs with inspection on, by pid, path or host:port; else list them.",
)
@click.option("--demo", is_flag=True, help="A server and some clients of this program's own.")
@click.option("-f", "--filter", default="", metavar="FILTER", help="Only these, as op:text size>4k")
@click.option("--plain", is_flag=True, help="Lines instead of a screen; so too without a terminal.")
@click.option("--json", is_flag=True, help="An object a line instead of a screen.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many frames.")
@click.option(
    "--for", "seconds", type=SECONDS, metavar="SECONDS", help="End after that time at the latest."
)
@click.option("--record", metavar="FILE", help="Write every event to FILE too, as JSON lines.")
@click.option(
    "--export", metavar="FILE", help="At the end write what is kept: .har .jsonl .pcapng .py"
)
@click.option("--speed", type=SECONDS, metavar="N", help="Replay FILE N times as fast as it was.")
@click.option("--step", is_flag=True, help="Replay FILE one event at a time, by the key '.'")
@click.option("--web", is_flag=True, help="Show the screen in a browser on this machine.")
@click.option(
    "--web-port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Where; else the system chooses.",
)
@connection_options
@click.pass_context
def command(context: click.Context, **options: Unpack[InspectOptions]) -> None:
    """Show every frame of a connection, of connections that pass, of a program or a recording.

    URL connects, and what is typed is sent. FILE is a HAR file (.har), or holds JSON lines, as
    --json and --record write them; - reads these from stdin, as in: wskit serve --trace --json |
    wskit inspect -. Exit codes: 0 at the end, 2 wrong usage or file, 3 cannot connect, 4 refused,
    5 closed abnormally.
    """
    from .inspecting import inspect

    said = ParameterSource.COMMANDLINE
    given = {name for name in options if context.get_parameter_source(name) is said}
    inspect(options, given)
