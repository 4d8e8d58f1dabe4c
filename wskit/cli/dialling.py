"""From the options of a connection to an open client, or to the exit code that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..client import Client, connect
from ..errors import HandshakeError
from ..protocol.extensions import Compression
from ..urls import host_header, parse_url
from .certificates import client_context
from .exits import Failure, Rejected, Unreachable

if TYPE_CHECKING:
    from .parameters import ConnectionOptions

__all__ = ["dial"]


def dial(options: ConnectionOptions) -> Client:
    """Connect as ``options`` say; raises Unreachable, Rejected, or Failure for a wrong option."""
    compress = options["compress"]
    try:
        return connect(
            options["url"],
            headers=options["header"],
            subprotocols=options["subprotocol"],
            origin=options["origin"],
            compression=Compression(write_threshold=0) if compress else None,
            ssl_context=client_context(options["cacert"], insecure=options["insecure"]),
            proxy=options["proxy"] or True,
            connect_timeout=options["timeout"],
            handshake_timeout=options["timeout"],
            close_timeout=options["timeout"],
            ping_interval=options["ping"],
            max_size=options["max_size"],
        )
    except HandshakeError as error:
        raise Rejected(_refusal(error)) from None
    except OSError as error:
        url = parse_url(options["url"])  # of which a password, if it has one, is not repeated
        where = host_header(url.host, url.port, secure=url.secure)
        raise Unreachable(f"cannot connect to {where}: {error.strerror or error}") from None
    except (TypeError, ValueError) as error:
        raise Failure(str(error)) from None


def _refusal(error: HandshakeError) -> str:
    if not error.status or error.status == 101:
        return f"no WebSocket there: {error}"
    lines = error.body.decode("utf-8", "replace").strip().splitlines()
    return f"refused with {error.status}" + (f": {lines[0]}" if lines else "")
