"""The client's end of a connection to any WebSocket server, in the vocabulary of tests."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import fields
from ..client.config import ClientConfig
from ..client.dial import dial
from ..client.opening import exchange
from ..deadlines import Deadline
from ..errors import HandshakeError, HeaderFields
from ..protocol.extensions import Compression
from ..protocol.headers import request_fields
from ..protocol.opcodes import Side
from ..protocol.response import ClientHandshake
from ..relaying.relay import Relay
from ..urls import host_header, parse_url
from ..waiting import wait_readable
from .failures import Failures
from .faults.fault import Fault, check_faults
from .interposing import interpose
from .peer import Peer
from .stream import Stream
from .wires import Exchange, new_wire
from .wishes import Rejection

if TYPE_CHECKING:
    import ssl

    from ..tls import TLSSocket

__all__ = ["open_peer", "pair_opening", "ws_client"]

_HANDSHAKE = 10.0  # seconds for the opening handshake


def ws_client(
    url: str,
    *,
    headers: HeaderFields = (),
    subprotocols: Sequence[str] = (),
    origin: str | None = None,
    compression: Compression | None = None,
    ssl_context: ssl.SSLContext | None = None,
    unix_path: str | None = None,
    proxy: str | bool | None = None,
    handshake_timeout: float = _HANDSHAKE,
    faults: Sequence[Fault] = (),
) -> Peer:
    """Connect to ``url`` and return the client's end, also if the handshake was refused.

    Then ``expect_rejected`` succeeds on it and every other expectation fails naming the status.
    The fields of ClientConfig explain the arguments; ``faults`` lie between this end and the
    network, inside of TLS. Raises OSError where nobody listens, TimeoutError, HandshakeError for
    what is no answer to a handshake, ValueError and TypeError for wrong arguments.
    """
    check_faults(faults)
    fields.seconds("handshake_timeout", handshake_timeout)
    parts = parse_url(url)
    own = request_fields(headers)
    if parts.authorization is not None and not any(n.lower() == "authorization" for n, _ in own):
        own.append(("Authorization", parts.authorization))
    config = ClientConfig(
        host=parts.host,
        port=parts.port,
        tls=parts.secure,
        ssl_context=ssl_context,
        unix_path=unix_path,
        proxy=proxy,
        subprotocols=subprotocols,
        origin=origin,
        compression=compression,
    )
    opening = _opening(
        host_header(parts.host, parts.port, secure=parts.secure), parts.target, own, config
    )
    transport, relay = dial(config), None
    cleanup = contextlib.ExitStack()
    if faults:
        transport, relay = interpose(transport, faults, tcp=True)
        cleanup.callback(relay.finish)
    return open_peer(
        transport,
        opening,
        url,
        compression,
        timeout=handshake_timeout,
        cleanup=cleanup,
        relay=relay,
    )


def pair_opening(
    path: str,
    headers: HeaderFields,
    subprotocols: Sequence[str],
    origin: str | None,
    compression: Compression | None,
) -> ClientHandshake:
    """Return the opening handshake for a connection that has no URL."""
    config = ClientConfig(
        host="localhost",
        port=80,
        subprotocols=subprotocols,
        origin=origin,
        compression=compression,
    )
    return _opening("localhost", path, request_fields(headers), config)


def open_peer(
    transport: socket.socket | TLSSocket,
    opening: ClientHandshake,
    url: str,
    compression: Compression | None,
    *,
    timeout: float = _HANDSHAKE,
    failures: Failures | None = None,
    cleanup: contextlib.ExitStack | None = None,
    relay: Relay | None = None,
) -> Peer:
    """Do the opening handshake on a non-blocking ``transport`` and return the client's end.

    On an error the transport is closed and ``cleanup`` left. ``relay`` is what lies in between.
    """
    wire = new_wire("client", Side.CLIENT)
    stream = Stream(transport, Side.CLIENT, wire)
    before_end = relay.hurry if relay is not None else None

    def wait(deadline: Deadline) -> bool:
        return bool(wait_readable([transport.fileno()], deadline.remaining))

    try:
        response = exchange(opening, transport, wait, Deadline(timeout))
    except HandshakeError as error:
        if error.status in (0, 101):  # no answer, or one that opens nothing
            _give_up(stream, cleanup)
            raise
        found = tuple((name.lower(), value) for name, value in error.headers)
        rejection = Rejection(error.status, found, error.body)
        wire.exchange = Exchange(url, _request_fields(opening), error.status, found)
        wire.ending = f"the handshake was rejected with HTTP status {error.status}"
        stream.finish()
        return Peer(
            stream, rejection=rejection, failures=failures, cleanup=cleanup, before_end=before_end
        )
    except BaseException:
        _give_up(stream, cleanup)
        raise
    wire.exchange = Exchange(url, _request_fields(opening), 101, tuple(response.headers))
    stream.open(response.extensions, compression, opening.leftover)
    return Peer(
        stream, response=response, failures=failures, cleanup=cleanup, before_end=before_end
    )


def _give_up(stream: Stream, cleanup: contextlib.ExitStack | None) -> None:
    stream.finish()
    if cleanup is not None:
        cleanup.close()


def _request_fields(opening: ClientHandshake) -> tuple[tuple[str, str], ...]:
    lines = opening.request().decode("latin-1").split("\r\n")[1:-2]
    return tuple(
        (name, value.strip()) for name, _, value in (line.partition(":") for line in lines)
    )


def _opening(
    host: str, target: str, own: list[tuple[str, str]], config: ClientConfig
) -> ClientHandshake:
    return ClientHandshake(
        host,
        target,
        base64.b64encode(os.urandom(16)).decode(),
        headers=own,
        subprotocols=config.subprotocols,
        compression=config.compression,
        origin=config.origin,
    )
