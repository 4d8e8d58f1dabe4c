"""The options of ``wskit connect``."""

from __future__ import annotations

from typing import TypedDict, Unpack

import click

from .parameters import SECONDS, header, size

__all__ = ["ConnectOptions", "command"]


class ConnectOptions(TypedDict):
    """What the command line says, under the names of the options."""

    url: str
    header: tuple[tuple[str, str], ...]
    subprotocol: tuple[str, ...]
    origin: str | None
    insecure: bool
    cacert: str | None
    proxy: str | None
    compress: bool
    binary: bool
    ping: float | None
    timeout: float
    linger: float
    max_size: int
    trace: bool
    json: bool


@click.command("connect", short_help="Send lines from stdin, print what comes.")
@click.argument("url")
@click.option(
    "-H", "--header", type=header, multiple=True, metavar="'NAME: VALUE'", help="Repeatable."
)
@click.option("-s", "--subprotocol", multiple=True, metavar="NAME", help="Offer it; repeatable.")
@click.option("-o", "--origin", help="Send this Origin, as a browser does.")
@click.option("-k", "--insecure", is_flag=True, help="wss with any certificate.")
@click.option("--cacert", metavar="PEM", help="Trust the certificates in this file only.")
@click.option("--proxy", metavar="URL", help="http:// or socks5://; else as the environment says.")
@click.option("--compress", is_flag=True, help="Offer permessage-deflate, compress every message.")
@click.option("--binary", is_flag=True, help="Send lines as binary, write binary as it is.")
@click.option("--ping", type=SECONDS, metavar="SECONDS", help="Ping that often; else never.")
@click.option(
    "--timeout",
    type=SECONDS,
    default=10.0,
    metavar="SECONDS",
    show_default=True,
    help="To connect, for the opening handshake, and for the closing one.",
)
@click.option(
    "--linger",
    type=click.FloatRange(min=0),
    default=1.0,
    metavar="SECONDS",
    show_default=True,
    help="Silence that ends the connection once stdin has ended; inf: the server ends it.",
)
@click.option(
    "--max-size", type=size, default="1M", metavar="SIZE", show_default=True, help="Of a message."
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
