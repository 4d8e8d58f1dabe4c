"""From ``--listen`` and ``--to`` to a proxy that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conn import format_address
from ..proxy import Proxy, ProxyConfig
from ..tui.proxy_source import ProxySource
from .certificates import client_context, server_context
from .exits import Failure

if TYPE_CHECKING:
    from .inspect import InspectOptions

__all__ = ["proxied"]


def proxied(options: InspectOptions) -> ProxySource:
    """Return the source of a new proxy; raises Failure."""
    if options["to"] is None:
        raise Failure("--listen: needs a server, as --to ws://127.0.0.1:9000/")
    host, port = _place(options["listen"] or "")
    try:
        config = ProxyConfig(
            url=options["to"],
            host=host,
            port=port,
            listen_ssl_context=server_context(options["tls_cert"], options["tls_key"]),
            ssl_context=client_context(options["cacert"], insecure=options["insecure"]),
            keep_host=options["keep_host"],
        )
    except (TypeError, ValueError) as error:
        raise Failure(f"--to: {error}") from None
    try:
        return ProxySource(Proxy(config))
    except OSError as error:
        where = format_address((host, port))
        raise Failure(f"cannot listen on {where}: {error.strerror or error}") from None


def _place(text: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``, where an IPv6 address stands in brackets."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) < 65536):
        raise Failure(f"--listen: {text!r} is no [HOST:]PORT such as 9001 or 127.0.0.1:9001")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
