"""What ``wskit serve`` does: from its options to a server that runs until a signal."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from typing import TYPE_CHECKING

from ..conn import Conn, format_address
from ..feeds import Feed
from ..protocol.extensions import Compression
from ..protocol.handshake import Handshake
from ..server import BufferConfig, Server, ServerConfig, ThreadPoolConfig
from ..trace import LineFormat, json_line, printable
from .certificates import server_context
from .exits import Failure
from .handlers import Echo, load_handler, watched
from .interrupts import interruptibly, join, sigterm_interrupts
from .streams import Output, standard_error, standard_output
from .tracing import Tracer

if TYPE_CHECKING:
    import ssl

    from .serve import ServeOptions

__all__ = ["serve"]

_NAMES = 5  # columns for the names of connections: #1 to #9999


def serve(options: ServeOptions) -> None:
    """Serve until Ctrl-C or SIGTERM; raises Failure for whatever cannot be used."""
    if options["verbose"]:
        _log_to_stderr()
    output, feed = standard_output(), Feed()
    handler = load_handler(options["handler"]) if options["handler"] else Echo
    if options["trace"]:
        handler = watched(handler, _Roll(feed, standard_error()).enter)
    server = _server(handler, options)
    with sigterm_interrupts():
        thread = _listen(server)
        with _tracer(server, options, output, feed):
            _run(server, thread, output, options)


def _run(server: Server, thread: threading.Thread, output: Output, options: ServeOptions) -> None:
    try:
        url = _url(server)
        output.line(json_line("listening", url=url) if options["json"] else url)
        join(thread)
    except KeyboardInterrupt:
        pass
    finally:
        interruptibly(server.stop)  # a second KeyboardInterrupt ends it here


class _Roll:
    """Numbers connections as they come, says who they are, and taps them."""

    def __init__(self, feed: Feed, narration: Output) -> None:
        self._numbers = itertools.count(1)  # next() on it is atomic
        self._feed = feed
        self._narration = narration

    def enter(self, handshake: Handshake, conn: Conn) -> None:
        name = f"#{next(self._numbers)}"
        conn.set_tap(self._feed.tap(name))
        path = printable(handshake.url)
        self._narration.line(f"{name} is {format_address(conn.address)}, {handshake.method} {path}")


def _tracer(
    server: Server, options: ServeOptions, output: Output, feed: Feed
) -> contextlib.AbstractContextManager[None]:
    if not options["trace"]:
        return contextlib.nullcontext()
    layout = None
    if not options["json"]:
        layout = LineFormat(width=output.width, names=_NAMES, colour=output.colour)
    return Tracer(feed, output, layout, on_failure=server.stop)


def _server(handler: type, options: ServeOptions) -> Server:
    context = server_context(options["tls_cert"], options["tls_key"])
    try:
        return Server(handler, _config(options, context), inspect=options["inspect"])
    except (TypeError, ValueError) as error:
        raise Failure(str(error)) from None


def _config(options: ServeOptions, context: ssl.SSLContext | None) -> ServerConfig:
    workers = options["workers"]
    return ServerConfig(
        address=options["host"],
        port=options["port"],
        unix_path=options["unix"],
        ssl_context=context,
        blocking=options["blocking"],
        compression=Compression(write_threshold=0) if options["compress"] else None,
        worker_count=ServerConfig().worker_count if workers is None else workers,
        thread_pool=ThreadPoolConfig(count=options["threads"]),
        buffers=BufferConfig(small_pool=options["small_pool"]),
        max_message_size=options["max_message_size"],
        subprotocols=options["subprotocol"],
        origins=options["origin"] or None,
    )


def _listen(server: Server) -> threading.Thread:
    try:
        return server.listen_in_new_thread()
    except ValueError as error:  # of the environment
        raise Failure(str(error)) from None
    except OSError as error:
        config = server.config
        where = config.unix_path or format_address((config.address, config.port or 0))
        raise Failure(f"cannot listen on {where}: {error.strerror or error}") from None


def _url(server: Server) -> str:
    address = server.address
    if not isinstance(address, tuple):
        return f"ws+unix:{os.path.abspath(address or '')}"
    scheme = "ws" if server.config.ssl_context is None else "wss"
    return f"{scheme}://{format_address(address)}/"


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
