"""How connections began, in the words of events."""

from __future__ import annotations

import time

from ..client import Client
from ..conn import Conn
from ..errors import HandshakeError
from ..events import Opened
from ..protocol.handshake import Handshake, accept_response
from ..protocol.opcodes import Side
from ..protocol.response import ClientHandshake, ClientHandshakeResult
from ..urls import host_header

__all__ = ["declined", "opened_client", "opened_server", "unknown"]

Fields = tuple[tuple[str, str], ...]


def opened_server(moment: float, name: str, peer: str, handshake: Handshake) -> Opened:
    """Return how a connection of a server began."""
    request, response = tuple(handshake.headers), _response(handshake)
    return Opened(moment, name, Side.SERVER, handshake.url, peer, request, 101, response)


def opened_client(moment: float, name: str, conn: Conn, result: ClientHandshakeResult) -> Opened:
    """Return how a connection of a client began."""
    peer, headers = name.rpartition("#")[0], tuple(result.headers)
    url, request = _url(conn, result.target), tuple(result.request)
    return Opened(moment, name, Side.CLIENT, url, peer, request, result.status, headers)


def unknown(moment: float, name: str, side: Side, peer: str) -> Opened:
    """Return what is known of a connection that opened before anybody watched."""
    return Opened(moment, name, side, "", peer)


def declined(
    name: str,
    side: Side,
    peer: str,
    opening: Handshake | tuple[Conn, ClientHandshake] | None,
    error: Exception,
) -> Opened:
    """Return a handshake that failed; ``opening`` is None where it was never read in full."""
    url, request = "", ()  # type: str, Fields
    if isinstance(opening, Handshake):
        url, request = opening.url, tuple(opening.headers)
    elif opening is not None:
        conn, asked = opening
        url, request = _url(conn, asked.target), tuple(asked.fields)
    status, headers, body = 0, (), b""  # type: int, Fields, bytes
    if isinstance(error, HandshakeError):
        status, headers, body = error.status, tuple(error.headers), error.body
    return Opened(time.time(), name, side, url, peer, request, status, headers, body)


def _url(conn: Conn, target: str) -> str:
    assert isinstance(conn, Client)
    config = conn._config
    host = host_header(config.host, config.port, secure=config.tls)
    return f"{'wss' if config.tls else 'ws'}://{host}{target}"


def _response(handshake: Handshake) -> Fields:
    try:
        lines = accept_response(handshake).decode("latin-1").split("\r\n")[1:]
    except ValueError:  # the handler's choice cannot be sent, and will be refused
        return tuple(handshake.res_headers)
    pairs = (line.partition(": ") for line in lines if line)
    return tuple((name, value) for name, _, value in pairs)
