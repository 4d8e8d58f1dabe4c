"""The options of ``wskit connect``."""

from __future__ import annotations

from typing import Unpack

import click

from .parameters import HELP, ConnectionOptions, connection_options

__all__ = ["ConnectOptions", "command"]


class ConnectOptions(ConnectionOptions):
    """What the command line says, under the names of the options."""

    binary: bool
    linger: float
    trace: bool
    json: bool


@click.command(
    "connect", context_settings=HELP, short_help="Send lines from stdin, print what comes."
)
@click.argument("url")
@connection_options
@click.option("--binary", is_flag=True, help="Send lines as binary, write binary as it is.")
@click.option(
    "--linger",
    type=click.FloatRange(min=0),
    default=1.0,
    metavar="SECONDS",
    show_default=True,
    help="Silence that ends the connection once stdin has ended; inf: the server ends it.",
)
@click.option("--trace", is_flag=True, help="Write every frame to stderr (--json: to stdout).")
@click.option("--json", is_flag=True, help="Write to stdout in JSON, an object a line.")
def command(**options: Unpack[ConnectOptions]) -> None:
    """Send each line of stdin as a message and print each message that comes.

    Text is printed a line each, binary in hexadecimal; all else goes to stderr. Ctrl-C closes with
    1001. Exit codes: 0 after a clean close (1000, 1001 or no code), 2 wrong usage, 3 cannot
    connect, 4 the handshake was refused, 5 any other end.
    """
    from .connecting import converse

    converse(options)
