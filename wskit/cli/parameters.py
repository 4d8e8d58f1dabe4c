"""What values on the command line mean: sizes, seconds, header fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypedDict, TypeVar

import click

__all__ = ["HELP", "SECONDS", "ConnectionOptions", "connection_options", "header", "size"]

F = TypeVar("F", bound=Callable[..., object])

HELP: dict[str, object] = {"help_option_names": ["-h", "--help"]}
"""The settings of every command; a command keeps those with which it is first asked for help."""

SECONDS = click.FloatRange(min=0, min_open=True)
"""The type of a time; ``inf`` is one."""

_SIZE = re.compile(r"([0-9]+)([kmg]?)(?:i?b)?", re.IGNORECASE)
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30}


def size(text: str) -> int:
    """Return the bytes of ``65536``, ``64k``, ``64KiB`` or ``1M``; k, M and G count by 1024."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no size such as 65536, 64k or 1M")
    return int(match[1]) << _SHIFT[match[2].lower()]


def header(text: str) -> tuple[str, str]:
    """Return name and value of ``Name: value``."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{text!r} is no header such as 'Name: value'")
    return name.strip(), value.strip()


class ConnectionOptions(TypedDict):
    """What the command line says of a connection, under the names of the options."""

    url: str
    header: tuple[tuple[str, str], ...]
    subprotocol: tuple[str, ...]
    origin: str | None
    insecure: bool
    cacert: str | None
    proxy: str | None
    compress: bool
    ping: float | None
    timeout: float
    max_size: int


def connection_options(command: F) -> F:
    """Add the options of ConnectionOptions to ``command``; its argument is the URL."""
    for option in reversed(_CONNECTION):
        command = option(command)
    return command


_CONNECTION: list[Callable[[F], F]] = [
    click.option(
        "-H", "--header", type=header, multiple=True, metavar="'NAME: VALUE'", help="Repeatable."
    ),
    click.option(
        "-s", "--subprotocol", multiple=True, metavar="NAME", help="Offer it; repeatable."
    ),
    click.option("-o", "--origin", help="Send this Origin, as a browser does."),
    click.option("-k", "--insecure", is_flag=True, help="wss with any certificate."),
    click.option("--cacert", metavar="PEM", help="Trust the certificates in this file only."),
    click.option(
        "--proxy", metavar="URL", help="http:// or socks5://; else as the environment says."
    ),
    click.option(
        "--compress", is_flag=True, help="Offer permessage-deflate, compress every message."
    ),
    click.option("--ping", type=SECONDS, metavar="SECONDS", help="Ping that often; else never."),
    click.option(
        "--timeout",
        type=SECONDS,
        default=10.0,
        metavar="SECONDS",
        show_default=True,
        help="To connect, for the opening handshake, and for the closing one.",
    ),
    click.option(
        "--max-size",
        type=size,
        default="1M",
        metavar="SIZE",
        show_default=True,
        help="Of a message.",
    ),
]
