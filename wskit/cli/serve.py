"""The options of ``wskit serve``."""

from __future__ import annotations

from typing import TypedDict, Unpack

import click

from .parameters import HELP, size

__all__ = ["ServeOptions", "command"]


class ServeOptions(TypedDict):
    """What the command line says, under the names of the options."""

    handler: str | None
    host: str
    port: int
    unix: str | None
    tls_cert: str | None
    tls_key: str | None
    blocking: bool
    compress: bool
    workers: int | None
    threads: int
    small_pool: int | None
    max_message_size: int
    subprotocol: tuple[str, ...]
    origin: tuple[str, ...]
    inspect: bool
    trace: bool
    json: bool
    verbose: bool


@click.command("serve", context_settings=HELP, short_help="Serve a handler class, or an echo.")
@click.argument("handler", metavar="[MODULE:HANDLER]", required=False)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", show_default=True)
@click.option("--port", default=9882, show_default=True, help="0: the system chooses one.")
@click.option("--unix", metavar="PATH", help="Listen on a Unix socket instead.")
@click.option("--tls-cert", metavar="PEM", help="Serve wss with this certificate.")
@click.option("--tls-key", metavar="PEM", help="Its key, unless that is in the same file.")
@click.option("--blocking", is_flag=True, help="One thread for each connection.")
@click.option("--compress", is_flag=True, help="Offer permessage-deflate, compress every message.")
@click.option(
    "--workers", type=int, metavar="N", help="Poll loops; else 1, without GIL one a core."
)
@click.option("--threads", default=4, metavar="N", show_default=True, help="... handlers in each.")
@click.option("--small-pool", type=int, metavar="N", help="Read buffers that connections share.")
@click.option(
    "--max-message-size",
    type=size,
    default="1M",
    metavar="SIZE",
    show_default=True,
    help="Such as 65536, 64k or 1M.",
)
@click.option("--subprotocol", multiple=True, metavar="NAME", help="Spoken here; repeatable.")
@click.option("--origin", multiple=True, help="Allow only this origin; repeatable.")
@click.option("--inspect", is_flag=True, help="Let `wskit inspect --attach` look on.")
@click.option("--trace", is_flag=True, help="Write every frame to stdout.")
@click.option("--json", is_flag=True, help="Write to stdout in JSON, an object a line.")
@click.option("-v", "--verbose", is_flag=True, help="Write the library's log to stderr.")
def command(**options: Unpack[ServeOptions]) -> None:
    """Serve a handler class of a module in the current directory, or an echo.

    The URL goes to stdout. Ctrl-C and SIGTERM close every connection with 1001 and end with exit
    code 0; a second Ctrl-C does not wait.
    """
    from .serving import serve

    serve(options)
